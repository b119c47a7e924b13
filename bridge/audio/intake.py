"""What comes in from a device: without a hole, at its place in time, and from the first sound on.

Knows the ring and what its device tells of time; nothing of files, takes or the metronome.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from bridge.audio.ring_buffer import OVERFLOWS, Moment, RingBuffer
from bridge.audio.sources import Frames
from bridge.takes.recordings import SILENCE

PRE_ROLL = 0.01
"""Seconds kept before the first sound where no click was heard, so that its attack is whole."""
LOUDEST = 100.0
"""40 dB above full scale: what is louder, or no number, is a driver's error and counts as silence."""


class Intake:
    """Frames from the input ring in order, silence for those that were lost.

    Attributes:
        rate: Hz.
        position: of the next frame, among those that ever arrived.
        lost: frames that are silent because the ring was full.
    """

    def __init__(self, ring: RingBuffer, rate: int) -> None:
        """Starts with what comes from now on."""
        ring.clear()
        self._ring = ring
        self.rate = rate
        self._silent = 0
        self._held: deque[Frames] = deque()
        self._overflows = ring.counter(OVERFLOWS)
        self.position = ring.taken
        self.lost = 0

    def hear(self) -> Frames:
        """What has come, [N, 2]; a long gap comes in pieces."""
        if not self._silent:
            part, self._silent = self._ring.take()
            self.lost += self._silent
            if len(part):
                self.position += len(part)
                part[~(np.abs(part) < LOUDEST)] = 0.0
                return part
        count = min(self._silent, self.rate)
        self._silent -= count
        self.position += count
        return np.zeros((count, 2), np.float32)

    def hold(self) -> Frames:
        """As `hear`, and keeps the last second for `since`."""
        part = self.hear()
        if len(part):
            self._held.append(part)
            while sum(map(len, self._held)) - len(self._held[0]) > self.rate:
                self._held.popleft()
        return part

    def moment(self) -> Moment | None:
        """Where the device is, as it told last."""
        return self._ring.moment()

    def missing(self) -> str:
        """A sentence when something is; else empty."""
        if not self.lost:
            return ""
        return (
            f"{self.lost / self.rate:.2f} s of the recording did not get through, because the computer was too busy; "
            "they are silent in it, and what follows is in time."
        )

    def overflowed(self) -> str:
        """A sentence when the device lost something before we had it: nobody knows how much."""
        count = self._ring.counter(OVERFLOWS) - self._overflows
        if not count:
            return ""
        return (
            f"The input device says that it lost sound {count} times while it recorded; what follows may be early. "
            "Close other programs, or choose a larger buffer."
        )

    def since(self, position: int) -> Frames:
        """What was held from a position on, silence for what is not held; holds nothing more."""
        held = np.concatenate(self._held) if self._held else np.zeros((0, 2), np.float32)
        self._held.clear()
        count = max(0, self.position - position)
        kept = held[max(0, len(held) - count) :]
        return np.concatenate((np.zeros((count - len(kept), 2), np.float32), kept))


def loudness(part: Frames) -> tuple[tuple[float, float], tuple[float, float]]:
    """Peak and RMS of each channel of [N, 2], N > 0."""
    peak, rms = np.abs(part).max(axis=0), np.sqrt(np.mean(np.square(part), axis=0))
    return (float(peak[0]), float(peak[1])), (float(rms[0]), float(rms[1]))


class Opening:
    """Leaves the silence out that comes before the first sound; holds no more of it than may still be needed.

    With a `beat` in seconds (there was a metronome), only whole beats are left out, so that the recording stays in
    time.
    """

    def __init__(self, rate: int, beat: float | None = None) -> None:
        """Starts on a beat, if there are any."""
        self._beat = beat * rate if beat else 0.0
        self._before = 0 if beat else round(PRE_ROLL * rate)
        self._held: Frames = np.zeros((0, 2), np.float32)
        self._at = 0
        self.sounded = False

    def add(self, part: Frames) -> Frames:
        """The next part [N, 2]; gives what of all parts so far belongs into the recording and was not given yet."""
        if self.sounded:
            return part
        held = np.concatenate((self._held, part))
        loud = np.abs(held).max(axis=1, initial=0.0) > SILENCE
        self.sounded = bool(loud.any())
        start = self._start(self._at + (int(loud.argmax()) if self.sounded else len(held)))
        start = max(start, self._at)
        kept = held[start - self._at :]
        if self.sounded:
            self._held = self._held[:0]
            return kept
        self._held, self._at = kept.copy(), start
        return kept[:0]

    def _start(self, first: int) -> int:
        """Where a recording begins whose first sound is that frame."""
        start = max(0, first - self._before)
        # Half a frame, because beats are rounded to frames.
        return round(math.floor((start + 0.5) / self._beat) * self._beat) if self._beat else start
