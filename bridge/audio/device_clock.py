"""The device's clock seen from here: when a position of the ring passes the plug.

Pure: takes what the callbacks tell (`ring_buffer.Moment`), gives times. Knows nothing of voices or threads. The device
counts frames evenly; what is told of its time comes through a callback that runs a little late, now and then very late.
"""

from __future__ import annotations

from collections import deque
from statistics import median

from bridge.audio.ring_buffer import Moment

LOOK_BACK = 0.4
"""Seconds of callbacks whose middle one is believed: a device that lost time is right again after half of it."""
FEWEST = 9
"""Callbacks to look at where they are so long that fewer fall into that time; with so many it is relied on."""


class DeviceClock:
    """Smooths the moments of one ring at `rate` Hz; a new stream needs a new clock."""

    def __init__(self, rate: int) -> None:
        """Has been told nothing yet."""
        self._rate = rate
        # A frame, and when frame 0 was by its callback.
        self._began: deque[tuple[int, float]] = deque()
        self._shift: int | None = None
        self.period = 0
        self.even = False

    def take(self, moment: Moment | None) -> None:
        """Takes what was told last; nothing, or the same again, changes nothing.

        `period` is then the frames of the last callback, and `even` says whether the ring was neither empty nor
        cleared in it, so that positions and frames go on together.
        """
        if moment is None or (self._began and moment.frame == self._began[-1][0]):
            return
        if self._began:
            self.period = moment.frame - self._began[-1][0]
        self._began.append((moment.frame, moment.time - moment.frame / self._rate))
        while (
            len(self._began) > FEWEST and moment.frame - self._began[0][0] > LOOK_BACK * self._rate
        ):
            self._began.popleft()
        shift = moment.frame - moment.position
        self.even, self._shift = shift == self._shift, shift

    @property
    def sure(self) -> bool:
        """Whether it was told enough to be relied on."""
        return len(self._began) >= FEWEST

    def time(self, position: int) -> float | None:
        """When a position of the ring passes the plug, in seconds of `time.perf_counter`; None before it is known."""
        origin = self._origin()
        return None if origin is None else origin + position / self._rate

    def position(self, time: float) -> int | None:
        """Which position passes the plug then; None before it is known."""
        origin = self._origin()
        return None if origin is None else round((time - origin) * self._rate)

    def _origin(self) -> float | None:
        """When position 0 was or would have been."""
        if self._shift is None:
            return None
        return self._shift / self._rate + median(began for _, began in self._began)
