"""Keeps the state of every part of the window in one file, and restores it from there.

Knows nothing of the parts except that each has a state that can be read and restored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from PyQt6.QtWidgets import QWidget

from gui.look.theme import Look
from gui.memory import Memory, State

VERSION = 2
WIDTH, HEIGHT = 1440, 880
"""The first size of a window in pixels at 100 %, as far as the screen has it."""


class Remembers(Protocol):
    """A part with a state to be remembered."""

    def state(self) -> State:
        """What it remembers, each thing under a name."""
        ...

    def restore(self, state: State) -> None:
        """Restores a state that has the same names as its own."""
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
        """Restores every part; what the file lacks stays at its default."""
        for section, part in self._parts.items():
            part.restore(self._memory.like(section, part.state()))


def first_size(window: QWidget, look: Look) -> None:
    """Gives a window that remembers none its first size."""
    width, height, screen = look.px(WIDTH), look.px(HEIGHT), window.screen()
    if screen is not None:
        room = screen.availableGeometry()
        width, height = min(width, room.width()), min(height, room.height())
    window.resize(width, height)
