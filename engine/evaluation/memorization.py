"""Nearest neighbours among the windows of named sounds (§4.5). Distances are 1 - cosine.

Knows nothing of how sounds are embedded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.evaluation.listening import Vectors

REPLICA = 0.001
"""Distance below which two windows of different sounds count as the same music."""

Named = Sequence[tuple[str, Vectors]]
"""Names of sounds and the unit vectors [W, P] of their windows."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A window of what is asked for, the sound with the nearest window, and their distance."""

    asked: str
    piece: str
    distance: float


def neighbours(asked: Named, material: Named) -> list[Neighbour]:
    """Each window with its nearest one of another name, the closest first."""
    names = np.array([name for name, windows in material for _ in windows])
    known = np.concatenate([windows for _, windows in material])
    found: list[Neighbour] = []
    for name, windows in asked:
        apart = 1.0 - windows @ known.T
        apart[:, names == name] = np.inf
        for row in apart:
            best = int(row.argmin())
            found.append(Neighbour(name, str(names[best]), float(row[best])))
    return sorted(found, key=lambda pair: pair.distance)
