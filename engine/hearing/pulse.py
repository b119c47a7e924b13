"""The tempo of onsets: the beat whose multiples and parts most intervals between them are.

Knows nothing of audio. Among tempi that explain the intervals alike, those around 110 BPM are likelier.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SLOWEST, FASTEST = 60.0, 180.0
USUAL, SPREAD = 110.0, 0.55
"""The likeliest tempo, BPM, and the standard deviation around it, octaves."""
LOOSE = 0.012
"""How exact people are, s."""
FARTHEST = 12.0
"""Intervals up to this are looked at, s."""
ALIKE = 3.0
"""How much more an interval means between two strokes of one drum than between others."""
_STEP = 0.004
_CLOSE = {1.0: 1.0, 2.0: 1.0, 3.0: 0.5, 4.0: 1.0, 0.5: 0.7, 0.25: 0.4, 1.5: 0.2, 0.75: 0.1}
"""Multiples of a beat, and how much it means that intervals are as long."""


def tempo(times: NDArray[np.float64], kinds: NDArray[np.integer]) -> float:
    """Tempo in BPM of what begins at `times` (s), ascending, and of what kind each is; `USUAL` of fewer than three."""
    if len(times) < 3:
        return USUAL
    histogram = _intervals(times, kinds)
    candidates = np.exp(np.linspace(np.log(SLOWEST), np.log(FASTEST), 400))
    octaves = np.log2(candidates / USUAL) / SPREAD
    beats = 60 / candidates
    explained = sum(weight * _at(histogram, beats * part) for part, weight in _CLOSE.items())
    best = beats[int((np.asarray(explained) * np.exp(-(octaves**2) / 2)).argmax())]
    return _refined(histogram, float(best))


def _intervals(times: NDArray[np.float64], kinds: NDArray[np.integer]) -> NDArray[np.float64]:
    """How much of each interval there is, in steps of `_STEP`, blurred by how exact people are."""
    histogram = np.zeros(round(FARTHEST / _STEP) + 1)
    for ahead in range(1, len(times)):
        gaps = times[ahead:] - times[:-ahead]
        near = gaps < FARTHEST - _STEP
        if not near.any():
            break
        alike = np.where(kinds[ahead:] == kinds[:-ahead], ALIKE, 1.0)
        np.add.at(histogram, np.round(gaps[near] / _STEP).astype(np.intp), alike[near])
    reach = np.arange(-12, 13) * _STEP
    return np.convolve(histogram, np.exp(-((reach / LOOSE) ** 2) / 2), "same")


def _at(histogram: NDArray[np.float64], intervals: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.interp(intervals / _STEP, np.arange(len(histogram)), histogram)


def _refined(histogram: NDArray[np.float64], beat: float) -> float:
    """The tempo near a beat whose multiples up to `FARTHEST` fit best."""
    near = beat * np.linspace(0.97, 1.03, 241)
    multiples = np.arange(1, max(2, int(FARTHEST / beat)))
    fit = np.array([_at(histogram, multiples * each).sum() for each in near])
    return float(np.clip(60 / near[int(fit.argmax())], SLOWEST, FASTEST))
