"""Fréchet distance between two sets of vectors, each modelled as a Gaussian (§4.1).

The distance is biased upwards for small sets, so only compare distances of sets of equal size. Knows nothing of what
the vectors are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.floating]


def frechet_distance(one: Matrix, two: Matrix) -> float:
    """Of sets [M, P] and [N, P]: |mean - mean|² + trace(A + B - 2 sqrt(A B)), with covariances A and B."""
    return gaussian_distance(
        (one.mean(axis=0), np.cov(one, rowvar=False)), (two.mean(axis=0), np.cov(two, rowvar=False))
    )


def gaussian_distance(one: tuple[Matrix, Matrix], two: tuple[Matrix, Matrix]) -> float:
    """The distance of two Gaussians, mean [P] and covariance [P, P] each."""
    (mean_a, a), (mean_b, b) = one, two
    # The eigenvalues of A B are those of the symmetric sqrt(A) B sqrt(A), which are real and non-negative.
    values, axes = np.linalg.eigh(np.atleast_2d(a))
    root = (axes * np.sqrt(np.clip(values, 0.0, None))) @ axes.T
    mixed = np.linalg.eigvalsh(root @ np.atleast_2d(b) @ root)
    trace = np.trace(np.atleast_2d(a)) + np.trace(np.atleast_2d(b))
    both = float(trace - 2 * np.sqrt(np.clip(mixed, 0.0, None)).sum())
    return float(((mean_a - mean_b) ** 2).sum()) + max(both, 0.0)
