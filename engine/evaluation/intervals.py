"""How sure a figure is: 95 % intervals by the bootstrap (Efron 1979), over the takes or pieces it was measured on.

What was measured on the same takes or pieces is resampled together. A bootstrap cannot see what never happened, so a
share of all or of none has the exact bound instead (Clopper and Pearson 1934). Knows nothing of what is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Estimate = tuple[float, float, float]
"""A figure, and the lower and upper end of its interval."""
Indices = NDArray[np.int64]
Statistic = Callable[[Indices], float]
"""A figure of those takes or pieces that are drawn; NaN where it is undefined."""
Values = Sequence[float] | Sequence[bool] | NDArray[Any]

ROUNDS = 1000
LEVEL = 0.95


def bootstrap(statistic: Statistic, count: int) -> Estimate:
    """A statistic of the indices 0 to `count` - 1, and its interval when they are drawn with replacement.

    Draws on which it is undefined (NaN) are left out. Of one alone there is no interval: its ends are NaN.
    """
    rng = np.random.default_rng(count)
    return _spread(statistic, count, (rng.integers(count, size=count) for _ in range(ROUNDS)))


def halved(statistic: Statistic, count: int) -> Estimate:
    """The same by drawing half of them without replacement (the delete-half jackknife, Shao and Wu 1989).

    For distances between two sets, which repeated members would make larger than they are.
    """
    rng = np.random.default_rng(count)
    return _spread(statistic, count, (rng.permutation(count)[: count // 2] for _ in range(ROUNDS)))


def _spread(statistic: Statistic, count: int, draws: Iterable[Indices]) -> Estimate:
    value = float(statistic(np.arange(count)))
    found = [float(statistic(chosen)) for chosen in draws]
    return _between(value, found if count > 1 else [])


def _between(value: float, found: Sequence[float]) -> Estimate:
    """A figure and its interval, from what it was in the draws."""
    known = [one for one in found if np.isfinite(one)]
    if not known:
        return value, float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return value, min(float(low), value), max(float(high), value)


def mean(values: Values) -> Estimate:
    """The mean of [N] numbers, or the share of True among truth values; NaN of none."""
    found = np.asarray(values)
    if not len(found):
        return float("nan"), float("nan"), float("nan")
    if found.dtype == bool and (found.all() or not found.any()):
        short = _unseen(len(found))
        return (1.0, 1 - short, 1.0) if found.all() else (0.0, 0.0, short)
    numbers = found.astype(np.float64)
    return bootstrap(lambda chosen: numbers[chosen].mean(), len(numbers))


def median(values: Values) -> Estimate:
    """The median of [N] numbers."""
    numbers = np.asarray(values, np.float64)
    return bootstrap(lambda chosen: float(np.median(numbers[chosen])), len(numbers))


def difference(ours: Values, theirs: Values) -> Estimate:
    """The mean of ours minus theirs, pair by pair."""
    return mean(np.asarray(ours, np.float64) - np.asarray(theirs, np.float64))


def apart(ours: Values, theirs: Values) -> Estimate:
    """The mean of ours minus theirs, of takes or pieces that are not the same: each set is drawn by itself."""
    one, two = (np.asarray(values, np.float64) for values in (ours, theirs))
    if not (len(one) and len(two)):
        return float("nan"), float("nan"), float("nan")
    count = len(one) + len(two)
    rng = np.random.default_rng(count)

    def draw() -> Indices:
        chosen = (rng.integers(len(one), size=len(one)), rng.integers(len(two), size=len(two)))
        return np.concatenate([chosen[0], chosen[1] + len(one)])

    joined = np.concatenate([one, two])

    def statistic(chosen: Indices) -> float:
        values = joined[chosen]
        return float(values[: len(one)].mean() - values[len(one) :].mean())

    return _spread(statistic, count, (draw() for _ in range(ROUNDS)))


def crossed(values: Values, *factors: Sequence[Hashable]) -> Estimate:
    """The mean of [N] answers, where those who gave them and what they are about are both drawn (Owen 2007).

    Args:
        values: the answers.
        factors: per factor, which listener or which item each answer is of. A factor of one alone is not drawn.
    """
    numbers = np.asarray(values, np.float64)
    groups = [group for group in map(_numbered, factors) if group.max(initial=0) > 0]
    value = float(numbers.mean()) if len(numbers) else float("nan")
    rng = np.random.default_rng(len(numbers))
    weights = np.ones((ROUNDS, len(numbers)))
    for group in groups:
        count = int(group.max()) + 1
        weights *= rng.multinomial(count, np.full(count, 1 / count), ROUNDS)[:, group]
    drawn = weights.sum(axis=1)
    found = (weights @ numbers)[drawn > 0] / drawn[drawn > 0]
    return _between(value, found.tolist() if groups else [])


def _numbered(names: Sequence[Hashable]) -> Indices:
    known = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return np.array([known[name] for name in names], np.int64)


def ratio(part: Values, whole: Values) -> Estimate:
    """The sum of `part` over the sum of `whole`, both of the same takes or pieces."""
    return bootstrap(over(part, whole), len(part))


def as_often(ours: Values, theirs: Values) -> Estimate:
    """How often ours is true, of how often theirs is, pair by pair; with the exact bound where they never differ."""
    one, two = (np.asarray(values, bool) for values in (ours, theirs))
    value, low, high = ratio(one, two)
    if two.any() and ((one == two).all() or not one.any()):
        short = _unseen(len(two)) / two.mean()
        return value, max(value - short, 0.0), value + short
    return value, low, high


def _unseen(count: int) -> float:
    """How often something may happen that did not in so many."""
    return 1 - ((1 - LEVEL) / 2) ** (1 / count)


def quotient(ours: Statistic, theirs: Statistic, count: int) -> Estimate:
    """One statistic over another, both of the same draws: takes over the pieces that they are to sound like."""
    return bootstrap(lambda chosen: _over(ours(chosen), theirs(chosen)), count)


def over(part: Values, whole: Values) -> Statistic:
    """The sum of `part` over the sum of `whole`."""
    above, below = (np.asarray(values, np.float64) for values in (part, whole))
    return lambda chosen: _over(above[chosen].sum(), below[chosen].sum())


def _over(above: float, below: float) -> float:
    return above / below if below else float("nan")
