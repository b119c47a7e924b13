"""Counts how near windows come to a material: a histogram, and the nearest pairs of sounds, in bounded memory (§4.5).

Knows nothing of how they are compared.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.window_index import Match

BINS = 2000
"""Of distances from 0 to 2, which is as far as vectors can be apart."""


@dataclass(slots=True, eq=False)
class Tally:
    """What was found of some sounds.

    Attributes:
        closest: the nearest match of each sound, of the sounds that come nearest.
        histogram: [BINS], how many windows are so far from their nearest one.
        sounds, windows: how many were asked for.
        replicas: how many sounds have a window that is the same as one of another sound.
    """

    closest: list[Match] = field(default_factory=list)
    histogram: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, np.int64))
    sounds: int = 0
    windows: int = 0
    replicas: int = 0

    def quantile(self, share: float) -> float:
        """The distance below which this share of windows is, to half a bin; NaN of none."""
        if not self.windows:
            return float("nan")
        place = int(np.searchsorted(self.histogram.cumsum(), max(share * self.windows, 1)))
        return (place + 0.5) * 2 / BINS

    def nearer(self, distance: float) -> float:
        """The share of windows in the bins below a distance."""
        return float(self.histogram[: round(distance * BINS / 2)].sum()) / max(self.windows, 1)


def tallied(matches: Iterable[Match], replica: float, closest: int) -> Tally:
    """Counts matches, which come sound by sound.

    Args:
        matches: each window with its nearest one.
        replica: the distance below which two windows are the same.
        closest: how many sounds to name.
    """
    found = Tally()
    heap: list[tuple[float, int, Match]] = []
    for _, group in groupby(matches, key=lambda match: match.name):
        best: Match | None = None
        for match in group:
            found.windows += 1
            found.histogram[min(int(match.distance * BINS / 2), BINS - 1)] += 1
            if best is None or match.distance < best.distance:
                best = match
        assert best is not None
        found.sounds += 1
        found.replicas += best.distance < replica
        heapq.heappush(heap, (-best.distance, -found.sounds, best))
        if len(heap) > closest:
            heapq.heappop(heap)
    found.closest = [match for _, _, match in sorted(heap, reverse=True)]
    return found
