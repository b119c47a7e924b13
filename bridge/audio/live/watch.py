"""Keeps what was played for the feedback guard, and has it look now and then, in a thread that delays nobody.

Knows the histories of the pump, not what follows from what is found.
"""

from __future__ import annotations

import numpy as np

from bridge.audio.live.guard import NEED, WINDOW, Case, Guard, Signal
from bridge.audio.live.history import History
from bridge.audio.live.timeline import Frames

EVERY = 26_460
"""Samples between two looks."""


class Watch:
    """`found` is set once what comes in is what was played."""

    def __init__(self) -> None:
        """Nothing was played yet."""
        self.found = False
        self._played = History(1 << 17)
        self._guard = Guard()
        self._case: Case | None = None
        self._shift: int | None = None
        self._since = self._next = 0

    def take(self, played: Frames, shift: int | None) -> None:
        """What is played next, made of the input so many samples before; None if of no input."""
        if shift != self._shift:
            self._shift, self._since = shift, self._played.stop
        self._played.write(played)

    def skip(self, count: int) -> None:
        """So many samples were left out."""
        self._played.skip(count)

    def offer(self, heard: History, stop: int) -> None:
        """The input so far, whose newest sample came when `stop` was reached of what was played."""
        if self._shift is None or stop < self._next or stop - NEED < self._since:
            return
        self._next = stop + EVERY
        of = stop - self._shift
        self._case = Case(
            _mono(heard.read(heard.stop - WINDOW, heard.stop)),
            _mono(self._played.read(stop - NEED, stop)),
            _mono(heard.read(of - NEED, of)),
        )

    def judge(self) -> None:
        """Looks at what was offered, if anything was; in another thread than the rest."""
        case, self._case = self._case, None
        if case and self._guard.look(case):
            self.found = True


def _mono(frames: Frames) -> Signal:
    return np.asarray(frames.mean(axis=1), np.float32)
