"""Faults that no music has (§4.2 asks listeners for some of them): DC, clicks, clipping, wrong stereo.

Knows nothing of where a sound comes from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.sound.audio import Samples

MOST_DC = 1e-3
"""-60 dBFS."""
CLIPPED, RUN = 0.999, 3
"""So many samples one after the other at that level are clipped."""
JUMP, LONELY = 0.05, 12.0
"""A click bends the wave by so much, and so many times more than anything within two milliseconds beside it."""
BESIDE, AROUND = 3, 88
"""Samples that belong to the click itself, and those beside it that it is compared with (2 ms)."""
CORRELATION = (0.2, 0.99)


@dataclass(frozen=True, slots=True)
class Hygiene:
    """Largest DC of a channel (of full scale), numbers of clicks and of clipped runs, correlation of both channels."""

    dc: float
    clicks: int
    clipped: int
    correlation: float

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong, in words."""
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
    """Examines [2, N]."""
    return Hygiene(
        dc=float(np.abs(samples.mean(axis=1, dtype=np.float64)).max()),
        clicks=sum(clicks(channel) for channel in samples),
        clipped=sum(clipped_runs(channel) for channel in samples),
        correlation=correlation(samples),
    )


def clicks(channel: Samples) -> int:
    """How often [N] bends alone: a strong second difference where those around are far weaker.

    A drum bends the wave for many samples in a row; a click, a seam or a lost sample for two or three.
    """
    bends = np.abs(np.diff(channel, n=2, prepend=0.0, append=0.0))
    found, last = 0, -AROUND
    for place in np.flatnonzero(bends > JUMP):
        if place - last < AROUND:
            continue
        before = bends[max(place - AROUND, 0) : max(place - BESIDE, 0)]
        after = bends[place + BESIDE + 1 : place + AROUND]
        peak = bends[place : place + BESIDE + 1].max()
        around = max(before.max(initial=0.0), after.max(initial=0.0))
        if len(before) and len(after) and peak > LONELY * around:
            found, last = found + 1, int(place)
    return found


def clipped_runs(channel: Samples) -> int:
    """How many runs of at least three samples of [N] stay at full scale."""
    full = np.concatenate(([0], (np.abs(channel) >= CLIPPED).astype(np.int8), [0]))
    starts, ends = np.flatnonzero(np.diff(full) == 1), np.flatnonzero(np.diff(full) == -1)
    return int((ends - starts >= RUN).sum())


def correlation(samples: Samples) -> float:
    """Of the two channels of [2, N]; 1 where one of them is silent, which is mono too."""
    left, right = (channel - channel.mean() for channel in samples.astype(np.float64))
    power = np.sqrt((left @ left) * (right @ right))
    return float(left @ right / power) if power > 1e-12 else 1.0
