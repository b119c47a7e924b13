"""Alignment of sounds with prompts, or with other sounds, in a common space (§4.1): score, and retrieval among ten.

Knows nothing of how texts and sounds are embedded.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.training.contrastive import CHOICES

Matrix = NDArray[np.floating[Any]]


def found_among(alike: Matrix, choices: int = CHOICES) -> Matrix:
    """For each sound, the chance that its own is the most alike of so many, the others drawn at random.

    Exact, as the share of draws with only less similar ones, so that nothing depends on a draw.

    Args:
        alike: [N, N], similarity of each sound (row) with each candidate (column); own ones on the diagonal.
        choices: number of candidates, including the own one; all if there are fewer.
    """
    count = len(alike)
    drawn = min(choices, count) - 1
    below = (alike < np.diag(alike)[:, None]).sum(axis=1)
    # All of `drawn` different candidates lie among those below.
    steps = np.arange(drawn)
    return np.prod(np.clip(below[:, None] - steps, 0, None) / (count - 1 - steps), axis=1)


def scores(alike: Matrix) -> tuple[Matrix, Matrix]:
    """Similarity of each sound of [N, N] with its own candidate, and the mean with all others: [N] and [N]."""
    own = np.diag(alike)
    return own, (alike.sum(axis=1) - own) / max(len(alike) - 1, 1)


def cosines(one: Matrix, two: Matrix) -> Matrix:
    """[M, N] of [M, P] and [N, P]."""
    a, b = (x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9) for x in (one, two))
    return a @ b.T


def full_prompt(facts: dict[str, Any]) -> str:
    """The facts of a piece as a detailed prompt: genre, up to three instruments, mood, tempo, key."""
    parts = {
        "Genre": list(facts.get("genres", ()))[:1],
        "Instruments": list(facts.get("instruments", ()))[:3],
        "Moods": list(facts.get("moods", ()))[:1],
        "BPM": [f"{facts['tempo']:g}"] if facts.get("tempo") else [],
        "Key": [facts["key"]] if facts.get("key") else [],
    }
    return " | ".join(f"{name}: {', '.join(values)}" for name, values in parts.items() if values)
