"""Technical faults (§4.2 asks listeners about some of them): DC offset, clicks, clipping, unusual stereo.

Knows nothing of where a sound comes from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.sound.audio import Samples

MOST_DC = 1e-3
"""-60 dBFS."""
CLIPPED, RUN = 0.999, 3
"""A run of this many samples at this level counts as clipped."""
JUMP, LONELY = 0.05, 12.0
"""Thresholds for a click: its second difference, and the ratio of that to all others within two milliseconds."""
BESIDE, AROUND = 3, 88
"""Samples on either side that belong to the click, and those to compare it with (2 ms)."""
CORRELATION = (0.2, 0.99)


@dataclass(frozen=True, slots=True)
class Hygiene:
    """Largest DC offset of a channel (full scale is 1), number of clicks and clipped runs, channel correlation."""

    dc: float
    clicks: int
    clipped: int
    correlation: float

    @property
    def faults(self) -> tuple[str, ...]:
        """The faults, in words."""
        low, high = CORRELATION
        return tuple(
            name
            for name, wrong in (
                ("DC", self.dc > MOST_DC),
                ("clicks", self.clicks > 0),
                ("clipping", self.clipped > 0),
                ("stereo", not low <= self.correlation <= high),
            )
            if wrong
        )


def hygiene(samples: Samples) -> Hygiene:
    """Analyses [2, N]."""
    return Hygiene(
        dc=float(np.abs(samples.mean(axis=1, dtype=np.float64)).max()),
        clicks=sum(clicks(channel) for channel in samples),
        clipped=sum(clipped_runs(channel) for channel in samples),
        correlation=correlation(samples),
    )


def clicks(channel: Samples) -> int:
    """Number of clicks in [N]: isolated peaks of the second difference.

    A drum hit has many large second differences in a row; a click, a seam or a lost sample two or three.
    """
    bends = np.abs(np.diff(channel, n=2, prepend=0.0, append=0.0))
    padded = np.pad(bends, AROUND)
    places = np.flatnonzero(bends > JUMP)
    places = places[(places > BESIDE) & (places < len(bends) - BESIDE - 1)]
    before = _largest(padded, AROUND - BESIDE)[places]
    after = _largest(padded, AROUND - BESIDE - 1)[places + AROUND + BESIDE + 1]
    peak = _largest(padded, BESIDE + 1)[places + AROUND]
    found, last = 0, -AROUND
    for place in places[peak > LONELY * np.maximum(before, after)]:
        if place - last >= AROUND:
            found, last = found + 1, int(place)
    return found


def _largest(values: Samples, width: int) -> Samples:
    """The largest of so many values from each one on, [N] of [N]."""
    from scipy.ndimage import maximum_filter1d

    return np.asarray(
        maximum_filter1d(values, width, origin=-(width // 2), mode="constant"), np.float32
    )


def clipped_runs(channel: Samples) -> int:
    """Number of runs of at least three samples of [N] at full scale."""
    full = np.concatenate(([0], (np.abs(channel) >= CLIPPED).astype(np.int8), [0]))
    starts, ends = np.flatnonzero(np.diff(full) == 1), np.flatnonzero(np.diff(full) == -1)
    return int((ends - starts >= RUN).sum())


def correlation(samples: Samples) -> float:
    """Correlation of the two channels of [2, N]; 1 if one is silent, which counts as mono."""
    left, right = (channel - channel.mean() for channel in samples.astype(np.float64))
    power = np.sqrt((left @ left) * (right @ right))
    return float(left @ right / power) if power > 1e-12 else 1.0
