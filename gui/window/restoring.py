"""Everything is where it was: what each part of the window remembers goes into one file, and comes back from it.

Knows nothing of the parts but that each can say what it remembers and take it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from gui.memory import Memory, State

VERSION = 2


class Remembers(Protocol):
    """A part that can be as it was."""

    def state(self) -> State:
        """What it remembers, each thing under a name."""
        ...

    def restore(self, state: State) -> None:
        """Is again as it was; `state` has every name that it gives itself."""
        ...


class Restoring:
    """Keeps and restores parts; each has a section of the memory, named after it."""

    def __init__(self, memory: Memory, parts: Mapping[str, Remembers]) -> None:
        self._memory, self._parts = memory, parts

    def keep(self) -> None:
        """Writes what every part remembers."""
        self._memory.keep("version", VERSION)
        for section, part in self._parts.items():
            for name, value in part.state().items():
                self._memory.keep(f"{section}/{name}", value)
        self._memory.write()

    def restore(self) -> None:
        """Brings everything back; what is missing is as on the first day."""
        for section, part in self._parts.items():
            part.restore(self._memory.like(section, part.state()))
