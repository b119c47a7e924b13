"""Keeps peaks below a ceiling without delay: the gain falls before a peak as far as it is known, and recovers slowly.

Knows nothing of loudness.
"""

from __future__ import annotations

import numpy as np

from engine.sound.audio import Samples
from engine.sound.limiter import CEILING

STEP = 64
"""Samples from one point of the gain to the next; lengths are multiples of it."""
FALL, RISE = 0.25, 0.003
"""The most by which the gain changes in a step: it falls to nothing in 6 ms and recovers in half a second."""


class Peaks:
    """Limits a stream, whose gain at the end it remembers."""

    def __init__(self) -> None:
        self._gain = 1.0

    def held(self, samples: Samples, ahead: Samples) -> Samples:
        """The next samples [2, N], below the ceiling; `ahead` [2, any] is how they are likely to go on."""
        peaks = np.abs(np.concatenate([samples, ahead], axis=1)).max(axis=0)
        if self._gain == 1 and peaks.max(initial=0) <= CEILING:
            return samples
        tops = peaks[: len(peaks) // STEP * STEP].reshape(-1, STEP).max(axis=1)
        needed = np.minimum(1, CEILING / np.maximum(tops, CEILING))
        # At a point, what the steps on both of its sides need.
        points = np.minimum(np.append(needed, 1), np.insert(needed, 0, 1))
        points[0] = min(points[0], self._gain)
        for at in range(1, len(points)):
            points[at] = min(points[at], points[at - 1] + RISE)
        for at in range(len(points) - 2, -1, -1):
            points[at] = min(points[at], points[at + 1] + FALL)
        points[0] = self._gain
        last = samples.shape[1] // STEP
        self._gain = float(points[last])
        places = np.arange(samples.shape[1]) / STEP
        gains = np.interp(places, np.arange(len(points)), points).astype(np.float32)
        # What was not foreseen is cut off.
        return np.clip(samples * gains, -CEILING, CEILING)
