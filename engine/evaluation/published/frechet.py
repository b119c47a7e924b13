"""The Fréchet distance between two sets of embeddings (§4.1), from statistics that are gathered as they come.

Mean and covariance are exact, however many rows there are and in whatever batches they come. Knows nothing of what the
embeddings are of.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import AudioError

Matrix = NDArray[np.float64]
RIDGE = 1e-6
"""Added to both diagonals, only where the root of the product is not finite."""


@dataclass(slots=True)
class Gaussian:
    """Mean [P] and scatter [P, P] of all rows so far."""

    count: int = 0
    mean: Matrix = field(default_factory=lambda: np.zeros(0))
    scatter: Matrix = field(default_factory=lambda: np.zeros((0, 0)))

    def add(self, rows: NDArray[Any]) -> None:
        """Takes in rows [N, P]."""
        rows = np.asarray(rows, np.float64)
        mean = rows.mean(axis=0)
        scatter = (rows - mean).T @ (rows - mean)
        if self.count:
            apart = mean - self.mean
            every = self.count + len(rows)
            scatter += self.scatter + np.outer(apart, apart) * (self.count * len(rows) / every)
            mean = self.mean + apart * (len(rows) / every)
        self.count += len(rows)
        self.mean, self.scatter = mean, scatter

    @property
    def covariance(self) -> Matrix:
        """[P, P], of a sample.

        Raises:
            AudioError: if there are fewer than two rows.
        """
        if self.count < 2:
            raise AudioError(
                f"A Fréchet distance needs at least two windows on each side; there are {self.count}."
            )
        return self.scatter / (self.count - 1)


def frechet_distance(one: Gaussian, two: Gaussian) -> float:
    """‖μ₁ - μ₂‖² + tr(A + B - 2 (AB)^½).

    Raises:
        AudioError: if a side has fewer than two rows, or the root of the product is far from real.
    """
    a, b = one.covariance, two.covariance
    apart = one.mean - two.mean
    return float(apart @ apart + np.trace(a) + np.trace(b) - 2 * _trace_of_root(a, b))


def _trace_of_root(a: Matrix, b: Matrix) -> float:
    from scipy.linalg import sqrtm

    with np.errstate(all="ignore"):
        root = np.asarray(sqrtm(a @ b), np.complex128)
        if not np.isfinite(root).all():
            ridge = RIDGE * np.eye(len(a))
            root = np.asarray(sqrtm((a + ridge) @ (b + ridge)), np.complex128)
    if not np.allclose(np.diagonal(root).imag, 0, atol=1e-3):
        raise AudioError(
            "The two sets are too few or too alike for a Fréchet distance: the root of their covariances is not real; "
            "take more or longer sounds."
        )
    return float(np.trace(root).real)
