"""Kernel audio distance between two sets of sounds (Chung et al. 2025; §4.1 in place of the Fréchet distance).

The unbiased squared maximum mean discrepancy of a Gaussian kernel, times 100: zero on average for two sets of the same
kind, however small they are, where a Fréchet distance grows as sets shrink. It may be a little below zero. Knows
nothing of what the vectors are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.intervals import Estimate, Indices, halved

Matrix = NDArray[np.floating[Any]]
SCALE = 100.0


def distances(true: Matrix, others: Mapping[str, Matrix]) -> dict[str, Estimate]:
    """Of true sounds [N, P] to others [N, P], each made of the true one with its index; "true" is the floor.

    Every second one is compared with the true ones in between, and the other way round: so a set is never compared with
    what it was made of, and the floor is from as many true sounds as every other distance.

    Returns:
        "true" and the names of `others` -> distance.
    """
    width = bandwidth(true)
    among = kernel(true, true, width)
    sides = np.arange(len(true)) % 2 == 0

    def of(own: Matrix, cross: Matrix) -> Estimate:
        def statistic(chosen: Indices) -> float:
            there = np.isin(np.arange(len(true)), chosen)
            one, two = (there & sides).astype(np.float64), (there & ~sides).astype(np.float64)
            return (_mmd(own, cross, among, one, two) + _mmd(own, cross, among, two, one)) / 2

        return halved(statistic, len(true))

    found = {"true": of(among, among)}
    for name, vectors in others.items():
        found[name] = of(kernel(vectors, vectors, width), kernel(vectors, true, width))
    return found


def mmd(one: Matrix, two: Matrix, width: float) -> float:
    """The unbiased distance between sets [M, P] and [N, P] with a kernel of this width."""
    return _mmd(
        kernel(one, one, width),
        kernel(one, two, width),
        kernel(two, two, width),
        np.ones(len(one)),
        np.ones(len(two)),
    )


def bandwidth(vectors: Matrix) -> float:
    """The median distance between two of [N, P]."""
    apart = np.sqrt(_squared(vectors, vectors))
    return float(np.median(apart[np.triu_indices(len(vectors), 1)]))


def kernel(one: Matrix, two: Matrix, width: float) -> Matrix:
    """[M, N]: exp(-squared distance / (2 width²)) of [M, P] and [N, P]."""
    return np.exp(-_squared(one, two) / (2 * width**2))


def _mmd(own: Matrix, cross: Matrix, among: Matrix, one: Matrix, two: Matrix) -> float:
    """From kernels within and between two sets, with 1 for each member that is there; none meets itself."""
    across = (one @ cross @ two) / max(one.sum() * two.sum(), 1.0)
    return SCALE * (_within(own, one) + _within(among, two) - 2 * across)


def _within(similar: Matrix, there: Matrix) -> float:
    itself, others = there @ np.diag(similar), there.sum() ** 2 - there.sum()
    return float((there @ similar @ there - itself) / others) if others else float("nan")


def _squared(one: Matrix, two: Matrix) -> Matrix:
    a, b = one.astype(np.float64), two.astype(np.float64)
    apart = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.clip(apart, 0.0, None)
