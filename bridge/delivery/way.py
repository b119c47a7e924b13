"""How a target takes deliveries, as a protocol: `folder.py`, `bitwig.py`, `dawproject.py` and `companion.py` are ways.

Knows none of them.
"""

from __future__ import annotations

from typing import Protocol

from bridge.delivery_state import Delivery


class NotThere(Exception):
    """The target cannot be reached now; the delivery stays owed."""


class Way(Protocol):
    """The way to one target; called from the thread of deliveries, one delivery after the other."""

    def ready(self) -> bool:
        """Whether it would take a delivery now; never waits."""
        ...

    def detail(self) -> str:
        """One sentence: what runs there, or why nothing does."""
        ...

    def deliver(self, delivery: Delivery) -> str | None:
        """Carries a delivery out; gives a sentence that says where it lies, or None if the answer comes later.

        Raises:
            NotThere: if it cannot be reached; it is tried again.
            LongtakeError: if it will not be placed, with the reason.
        """
        ...

    def withdraw(self, delivery: Delivery) -> bool:
        """Takes back what was sent and not answered; False if it may have been placed."""
        ...
