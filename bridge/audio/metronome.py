"""Clicks for count-in and metronome, computed: [N, 2] float32 at any rate. Pure functions."""

from __future__ import annotations

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
    beats = bars * signature[0]
    step = beat_seconds(tempo, signature) * rate
    out: Frames = np.zeros((round(beats * step), 2), np.float32)
    for beat in range(beats):
        sound = _click(rate, PLAIN if beat % signature[0] else ACCENT)
        place = out[round(beat * step) :][: len(sound)]
        place += sound[: len(place), None]
    return out


def _click(rate: int, frequency: float) -> Frames:
    time = np.arange(round(CLICK * rate)) / rate
    shape = np.minimum(time / 0.001, 1.0) * np.exp(-time / 0.006)
    return (LEVEL * shape * np.sin(2 * np.pi * frequency * time)).astype(np.float32)
