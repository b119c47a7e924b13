"""From the mix at 44.1 kHz to the frames of a device: at its rate, a little faster or slower, at their places.

Knows timeline and rates; what is mixed it is given.
"""

from __future__ import annotations

import numpy as np

from bridge.audio.live.memory import RATE
from bridge.audio.live.outlet import Outlet
from bridge.audio.live.rates import Interpolator
from bridge.audio.live.timeline import Frames, Timeline


class Sending:
    """One stream of a device.

    Attributes:
        outlet: where its frames go.
        speed: by which share the mix is played faster.
    """

    def __init__(self, timeline: Timeline, rate: int, position: int) -> None:
        """Begins with a position of the mix at the device's next frame."""
        self.outlet = Outlet(timeline, rate)
        self.rate = rate
        self.speed = 0.0
        self._interpolator = Interpolator(RATE, rate)
        self._whole, self._part = position, 0.0
        self._mixed: Frames = np.zeros((0, 2), np.float32)
        self._begin(position)

    @property
    def ahead(self) -> int:
        """Samples of the mix that a frame needs behind it."""
        return 0 if self._straight else self._interpolator.half

    def position(self, frame: float) -> float:
        """The position of the mix that is played with a frame of the device."""
        return self._whole + self._part + (frame - self.outlet.position) * self._step

    def reach(self, count: int) -> int:
        """Up to where the mix is needed for so many frames."""
        if self._straight:
            return self._whole + count
        last = self._part + max(0, count - 1) * self._step
        return self._whole + int(last) + 1 + self._interpolator.half

    def send(self, mixed: Frames, count: int) -> None:
        """The next frames of the device; `mixed` [N, 2] is the mix from where the last one ended up to `reach`."""
        held = np.concatenate((self._mixed, mixed))
        if self._straight:
            start = self._whole - self._first
            frames = held[start : start + count]
        else:
            places = self._part + np.arange(count) * self._step
            whole = places.astype(np.int64)
            frames = self._interpolator.at(held, whole + self._whole - self._first, places - whole)
        self.outlet.write(frames)
        self._advance(count)
        drop = min(len(held), max(0, self._whole - self._interpolator.half + 1 - self._first))
        self._mixed, self._first = held[drop:], self._first + drop

    def skip(self, count: int, mixed: int) -> int:
        """Leaves out so many frames; the mix was given up to `mixed`, and how much of it is left out is returned."""
        self.outlet.skip(count)
        self._advance(count)
        if self._whole < mixed:
            return 0
        self._begin(self._whole)
        return self._whole - mixed

    @property
    def _step(self) -> float:
        return RATE / self.rate * (1.0 + self.speed)

    @property
    def _straight(self) -> bool:
        """Whether frames are samples."""
        return self._step == 1.0 and self._part == 0.0

    def _begin(self, position: int) -> None:
        """Nothing is known of the mix before a position."""
        self._mixed = np.zeros((self._interpolator.half - 1, 2), np.float32)
        self._first = position - len(self._mixed)

    def _advance(self, count: int) -> None:
        place = self._part + count * self._step
        self._whole += int(place)
        self._part = place - int(place)
