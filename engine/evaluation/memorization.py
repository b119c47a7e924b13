"""Does the model repeat what it was trained on (§4.5)? The nearest training windows of each generation in CLAP space.

Distances are 1 - cosine. Held-out pieces by the same composer show which distances occur by chance. Knows nothing of
how sounds are embedded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.listening import Vectors


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A generation, its nearest training window, and their distance."""

    generation: str
    piece: str
    distance: float


def nearest(queries: Vectors, material: Vectors) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """For each unit vector of [N, P], the index of the nearest of [M, P] and its distance, [N] each."""
    alike = queries @ material.T
    best = alike.argmax(axis=1)
    return best, 1.0 - alike[np.arange(len(alike)), best]


def neighbours(
    generations: tuple[Sequence[str], Vectors], material: tuple[Sequence[str], Vectors]
) -> list[Neighbour]:
    """Each generation with its nearest piece, closest pair first; arguments are names and unit vectors."""
    (names, queries), (pieces, known) = generations, material
    best, distances = nearest(queries, known)
    pairs = [
        Neighbour(name, pieces[int(index)], float(distance))
        for name, index, distance in zip(names, best, distances, strict=True)
    ]
    return sorted(pairs, key=lambda pair: pair.distance)
