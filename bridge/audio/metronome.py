"""Clicks for count-in and metronome, computed: [N, 2] float32 at any rate."""

from __future__ import annotations

import math

import numpy as np

from bridge.audio.sources import Frames

CLICK = 0.03
"""Seconds of a click."""
LEVEL = 0.4
ACCENT, PLAIN = 1760.0, 1174.66
"""Hz: the first beat of a bar, the others."""


def beat_seconds(tempo: float, signature: tuple[int, int]) -> float:
    """How long one beat of the signature lasts at a tempo in quarter notes a minute."""
    return 60.0 / tempo * 4.0 / signature[1]


def clicks(rate: int, tempo: float, signature: tuple[int, int], bars: int) -> Frames:
    """So many bars of clicks, the first of each bar accented; beats lie on the nearest frame."""
    track = ClickTrack(rate, tempo, signature)
    track.frames = round(bars * signature[0] * track.step)
    return track.read(0, track.frames)


class ClickTrack:
    """A source (sources.py) of clicks that go on until `stop`."""

    def __init__(
        self, rate: int, tempo: float, signature: tuple[int, int], seconds: float = 0.0
    ) -> None:
        """Clicks at a tempo in quarter notes a minute, for so many seconds at most."""
        self.sample_rate = rate
        self.frames = round(seconds * rate)
        self.whole = True
        self.step = beat_seconds(tempo, signature) * rate
        """Frames from beat to beat, not rounded."""
        self._beats = signature[0]
        self._sounds = (_click(rate, ACCENT), _click(rate, PLAIN))
        self._read = 0

    def read(self, start: int, count: int) -> Frames:
        """Frames [count, 2] from `start` on, fewer at the end."""
        count = max(0, min(count, self.frames - start))
        out: Frames = np.zeros((count, 2), np.float32)
        length = len(self._sounds[0])
        first = max(0, math.floor((start - length) / self.step))
        for beat in range(first, math.ceil((start + count) / self.step) + 1):
            sound = self._sounds[1 if beat % self._beats else 0]
            place = round(beat * self.step) - start
            low, high = max(place, 0), min(place + length, count)
            if low < high:
                out[low:high] += sound[low - place : high - place, None]
        self._read = max(self._read, start + count)
        return out

    def stop(self) -> None:
        """Ends after what has been read, and after the click that sounds there."""
        click = round(math.floor(self._read / self.step) * self.step) + len(self._sounds[0])
        self.frames = max(self._read, click)

    def close(self) -> None:
        """Holds nothing that needs closing."""


def _click(rate: int, frequency: float) -> Frames:
    time = np.arange(round(CLICK * rate)) / rate
    shape = np.minimum(time / 0.001, 1.0) * np.exp(-time / 0.006)
    return (LEVEL * shape * np.sin(2 * np.pi * frequency * time)).astype(np.float32)
