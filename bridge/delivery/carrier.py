"""What brings messages to a companion inside a DAW and back, as a protocol: `spool.py` and `desk.py` are carriers.

Knows no carrier and no DAW.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from bridge.delivery.messages import Message

Hears = Callable[[str, Message], None]
"""Called with the DAW's target and each message from it, `checked`; from any thread, one after the other for a DAW."""


class Carrier(Protocol):
    """One or several companions that can be spoken to; begins with `start`, ends with `close`."""

    def start(self, hears: Hears) -> None:
        """Begins to listen; a companion that ends without a `bye` is said to have said one."""
        ...

    def connected(self, daw: str) -> bool:
        """Whether a companion is there now; one that has fallen silent for `GONE_AFTER` s is not."""
        ...

    def send(self, daw: str, message: Message) -> bool:
        """Gives a message to a companion; False if none is there. Never waits for it."""
        ...

    def withdraw(self, daw: str, delivery_id: str) -> bool:
        """Takes a `place` back that the DAW has not taken; False if it may have (what became of it is then unsure)."""
        ...

    def close(self) -> None:
        """Says bye and ends."""
        ...


GONE_AFTER = 3.0
"""Seconds without a sign of life after which a companion is taken to be gone."""
