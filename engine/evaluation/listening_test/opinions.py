"""What listeners think: mean opinions with their intervals, who is screened out, and which systems differ (§4.2).

Listeners and items are both drawn for an interval, since either may have been others (Owen 2007). Where one listener
answered, or all answers are the same, nothing says how others would answer, and there is none. Knows nothing of files.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from engine.evaluation.intervals import Estimate, crossed, mean
from engine.evaluation.listening_test.answers import Rating
from engine.evaluation.listening_test.design import QUESTIONS, YES_OR_NO

POOR, GOOD, OFTEN = 2, 4, 0.15
"""A listener is screened out who rates the hidden reference's quality `POOR` or less, or that of an anchor `GOOD` or
more, on more than this share of items: ITU-R BS.1534-3, §4.1.2, for five steps in place of a hundred."""
SURE = 0.05
ROUNDS, EXACT = 9999, 13
JUDGED = "quality"


@dataclass(frozen=True, slots=True)
class Opinion:
    """Of one system on one question: mean with interval, standard deviation, and of how many answers."""

    mean: Estimate
    deviation: float
    count: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two systems on one question.

    Attributes:
        question, one, other: what is compared.
        difference: the mean of `one` minus that of `other`, listener by listener, on the items that both have.
        listeners: how many heard both.
        p: of the sign-flip test of the listeners' mean differences; NaN of fewer than two.
        corrected: p by Holm's method, for all pairs of the question.
    """

    question: str
    one: str
    other: str
    difference: Estimate
    listeners: int
    p: float
    corrected: float

    @property
    def differs(self) -> bool:
        """Whether it is sure that they differ."""
        return self.corrected < SURE


def screened(
    ratings: Sequence[Rating], reference: str | None, anchors: Sequence[str]
) -> dict[str, str]:
    """Listeners whose answers are left out, and why."""
    failed: dict[str, str] = {}
    for low, systems, why in (
        (True, {reference}, "rated the hidden reference poor"),
        (False, set(anchors), "rated an anchor good"),
    ):
        found: dict[str, list[bool]] = defaultdict(list)
        for one in ratings:
            if one.question == JUDGED and one.system in systems:
                found[one.listener].append(one.value <= POOR if low else one.value >= GOOD)
        for listener, wrong in found.items():
            if np.mean(wrong) > OFTEN:
                failed.setdefault(listener, f"{why} on {sum(wrong)} of {len(wrong)}")
    return failed


def opinions(ratings: Sequence[Rating]) -> dict[str, dict[str, Opinion]]:
    """Question -> system -> opinion."""
    groups: dict[str, dict[str, list[Rating]]] = defaultdict(lambda: defaultdict(list))
    for one in ratings:
        groups[one.question][one.system].append(one)
    return {
        question: {system: _opinion(given) for system, given in systems.items()}
        for question, systems in groups.items()
    }


def _opinion(given: Sequence[Rating]) -> Opinion:
    values = [one.value for one in given]
    listeners = [one.listener for one in given]
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
    if QUESTIONS[given[0].question] is YES_OR_NO and len(set(values)) == 1:
        # The exact bound, of persons: many answers of one are one person's.
        persons = np.full(len(set(listeners)), values[0], bool)
        return Opinion(mean(persons), spread, len(values))
    found = _mean(values, listeners, [one.item for one in given])
    return Opinion(found, spread, len(values))


def _mean(values: Sequence[int], listeners: Sequence[str], items: Sequence[str]) -> Estimate:
    if len(set(listeners)) == 1 or len(set(values)) == 1:
        return float(np.mean(values)), float("nan"), float("nan")
    return crossed(values, listeners, items)


def pairs(ratings: Sequence[Rating], systems: Sequence[str]) -> list[Pair]:
    """Every two systems on every question, tested on the same listeners and items."""
    table: dict[str, dict[tuple[str, str], dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for one in ratings:
        table[one.question][one.listener, one.item][one.system] = one.value
    found: list[Pair] = []
    for question, cells in table.items():
        compared = [_compared(question, cells, *two) for two in combinations(systems, 2)]
        known = [pair for pair in compared if pair is not None]
        ps = holm([pair.p for pair in known])
        found += [replace(pair, corrected=p) for pair, p in zip(known, ps, strict=True)]
    return found


def _compared(
    question: str, cells: Mapping[tuple[str, str], Mapping[str, int]], one: str, other: str
) -> Pair | None:
    both = [
        (listener, item, given[one] - given[other])
        for (listener, item), given in cells.items()
        if one in given and other in given
    ]
    if not both:
        return None
    listeners, items, apart = zip(*both, strict=True)
    each = [
        float(np.mean([value for who, _, value in both if who == listener]))
        for listener in dict.fromkeys(listeners)
    ]
    p = sign_flip(each)
    return Pair(question, one, other, _mean(apart, listeners, items), len(each), p, p)


def sign_flip(differences: Sequence[float]) -> float:
    """How often a mean difference as large or larger comes about where signs are by chance (Fisher 1935), two-sided.

    Exact of up to `EXACT` listeners, else of `ROUNDS` draws; NaN of fewer than two.
    """
    each = np.asarray(differences, np.float64)
    if len(each) < 2:
        return float("nan")
    exact = len(each) <= EXACT
    if exact:
        signs = 1 - 2 * (np.arange(1 << len(each))[:, None] >> np.arange(len(each)) & 1)
    else:
        signs = 1 - 2 * np.random.default_rng(len(each)).integers(2, size=(ROUNDS, len(each)))
    as_large = int((np.abs(signs @ each) >= np.abs(each.sum()) - 1e-9).sum())
    # What was observed is one of the draws.
    return as_large / len(signs) if exact else (as_large + 1) / (ROUNDS + 1)


def holm(ps: Sequence[float]) -> list[float]:
    """Corrected for as many tests (Holm 1979); NaN stays, and is no test."""
    known = sorted((p, place) for place, p in enumerate(ps) if p == p)
    found = [float("nan")] * len(ps)
    highest = 0.0
    for rank, (p, place) in enumerate(known):
        highest = max(highest, min(1.0, p * (len(known) - rank)))
        found[place] = highest
    return found
