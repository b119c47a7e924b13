"""What was last heard as a loop: exact in length, entered and left without a click. Knows nothing of what is heard."""

from __future__ import annotations

import numpy as np

from bridge.audio.live.history import History
from bridge.audio.live.ramps import crossed
from bridge.audio.live.timeline import Frames

FADE = 441
"""Samples in which live and loop, or the loop's end and its start, fade into each other."""
ROOM = 1 << 21
"""Samples that are remembered: 47 s, the longest loop."""


class Loop:
    """What was heard before a position, again and again from there on: [position - length, position) repeats."""

    def __init__(self, heard: History, length: int) -> None:
        """Of what was heard last."""
        start = heard.stop - length
        self._at = heard.stop
        self.length = length
        self._frames = heard.read(start, heard.stop)
        # The end becomes what led to the start, so that they join.
        lead = heard.read(start - FADE, start)
        self._frames[-FADE:] = crossed(self._frames[-FADE:], lead, 0, FADE)

    def read(self, start: int, count: int) -> Frames:
        """[count, 2] at a position."""
        return self._frames[(np.arange(start, start + count) - self._at) % self.length]


class Freeze:
    """Passes what is live, or repeats what was heard; `heard` is what came out of it."""

    def __init__(self, room: int = ROOM) -> None:
        """Nothing was heard yet; `room` is the longest loop in samples, a power of two."""
        self.heard = History(room)
        self._now: Loop | None = None
        self._before: Loop | None = None
        self._crossed = FADE

    @property
    def frozen(self) -> bool:
        """Whether a loop is heard, or still fading."""
        return self._now is not None or (self._before is not None and self._crossed < FADE)

    def play(self, live: Frames, length: int) -> Frames:
        """The next [N, 2]: what is live, where `length` is 0, else a loop of so many samples.

        Another length repeats what is heard now by that length.
        """
        wanted = length and min(max(length, 2 * FADE), self.heard.capacity - FADE)
        if self._crossed >= FADE and wanted != (self._now.length if self._now else 0):
            self._before, self._now = self._now, Loop(self.heard, wanted) if wanted else None
            self._crossed = 0
        out = self._part(self._now, live)
        if self._crossed < FADE:
            out = crossed(self._part(self._before, live), out, self._crossed, FADE)
            self._crossed += len(live)
        self.heard.write(out)
        return out

    def _part(self, loop: Loop | None, live: Frames) -> Frames:
        return loop.read(self.heard.stop, len(live)) if loop else live
