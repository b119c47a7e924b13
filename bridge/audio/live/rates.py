"""Other sample rates, in streams: by a windowed sinc whose output is exact in time and comes after half its width.

(A stream of soxr gives its output in pieces of 17 ms, too late for live.) And the servo that has one clock follow
another. Pure: knows nothing of devices or threads.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.audio.live.timeline import Frames

HALF = 32
"""Samples on each side of a sample that it is made of, where the rate does not fall."""
PHASES = 512
CUTOFF = 0.94
"""Share of the lower rate's band that is kept: 20.7 kHz of 44.1 kHz."""
BETA = 9.0
"""Of Kaiser's window: images and aliases lie at least 88 dB below."""


class Interpolator:
    """Samples between samples; `half` is how many it needs before and behind each place."""

    def __init__(self, rate: float, to: float) -> None:
        """Of a signal at one rate, for one at another, both in Hz."""
        ratio = min(1.0, to / rate)
        self.half = math.ceil(HALF / ratio)
        cutoff = CUTOFF * ratio
        taps = np.arange(1 - self.half, self.half + 1)
        places = np.arange(PHASES + 1)[:, None] / PHASES - taps
        inside = np.sqrt(np.maximum(0.0, 1.0 - np.square(places / self.half)))
        table = np.sinc(cutoff * places) * np.i0(BETA * inside)
        table /= table.sum(axis=1, keepdims=True)
        self._table: NDArray[np.float32] = table[:-1].astype(np.float32)
        self._slope: NDArray[np.float32] = np.diff(table, axis=0).astype(np.float32)

    def at(
        self, frames: Frames, whole: NDArray[np.int64], part: NDArray[np.floating[Any]]
    ) -> Frames:
        """The signal at places [M], each a whole sample of [N, 2] and a part in [0, 1) of the way to the next.

        There are `half` - 1 samples before each, and `half` behind it.
        """
        if not len(whole):
            return np.zeros((0, 2), np.float32)
        phase = part * PHASES
        row = phase.astype(np.int64)
        rest = (phase - row).astype(np.float32)[:, None]
        weights = self._table[row] + rest * self._slope[row]
        frames = np.ascontiguousarray(frames)
        width = 2 * self.half
        near: Frames = np.ndarray(
            (len(frames) - width + 1, width, 2), np.float32, frames, strides=(8, 8, 4)
        )
        return np.matmul(weights[:, None, :], near[whole - self.half + 1])[:, 0]


class Converter:
    """A stream at another rate: frame k of what it gives lies exactly where frame k * rate / to of its input does."""

    def __init__(self, rate: int, to: int) -> None:
        """From one rate to the other, in Hz; between two equal ones nothing is touched."""
        self._rate, self._to = rate, to
        self._interpolator = Interpolator(rate, to)
        half = self._interpolator.half
        self._held: Frames = np.zeros((half - 1, 2), np.float32)
        self._first = 1 - half
        self._next = 0

    @property
    def late(self) -> float:
        """Seconds by which a frame has to be waited for."""
        return 0.0 if self._rate == self._to else self._interpolator.half / self._rate

    def push(self, frames: Frames) -> Frames:
        """Takes the next [N, 2]; gives what can be made of all so far."""
        if self._rate == self._to:
            return frames
        held = np.concatenate((self._held, frames))
        stop = self._first + len(held) - self._interpolator.half  # The last place, and one.
        count = max(0, -(-stop * self._to // self._rate) - self._next)
        place = np.arange(self._next, self._next + count, dtype=np.int64) * self._rate
        whole = place // self._to
        made = self._interpolator.at(held, whole - self._first, place % self._to / self._to)
        self._next += count
        keep = self._next * self._rate // self._to - self._interpolator.half + 1
        drop = min(max(0, keep - self._first), len(held))
        self._held, self._first = held[drop:], self._first + drop
        return made


FOLLOW = 0.02
"""Hz: how fast the servo answers; slower than any vibrato."""
MOST = 0.002
"""How far two clocks may be apart: 2000 ppm, more than any two that work."""


class Servo:
    """Has a reader follow a writer whose clock runs a little differently: a PI loop without overshoot.

    Attributes:
        speed: by which share the reader is to be faster than its nominal rate.
        drift: the lasting part of it.
    """

    def __init__(self) -> None:
        """Both run alike."""
        self.speed = self.drift = 0.0

    def follow(self, behind: float, seconds: float) -> None:
        """The reader is found to be so many seconds behind its place, so long after the last look."""
        omega = 2.0 * math.pi * FOLLOW
        self.drift = _within(self.drift + omega * omega * behind * seconds)
        self.speed = _within(self.drift + 2.0 * omega * behind)


def _within(share: float) -> float:
    return min(MOST, max(-MOST, share))
