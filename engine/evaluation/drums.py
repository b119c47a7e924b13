"""Drum strokes: are those of the score heard as onsets, and do onsets keep the sixteenths of the requested tempo?

Onsets are librosa's. In a band other instruments have onsets too, so recall counts strokes, and precision the onsets of
any note of the score. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.evaluation.intervals import (
    Estimate,
    Indices,
    Statistic,
    bootstrap,
    over,
    quotient,
    ratio,
)
from engine.evaluation.pairs import ROLES, Pair, per_ten_seconds
from engine.evaluation.scores import Times, merged
from engine.evaluation.transfer import TOLERANCE, onset_times

FEWEST = 4
"""Strokes that a piece must have to be judged."""
ON_GRID = 0.02
"""How far from a sixteenth an onset may be to be on it, s."""


def drummed(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Strokes and onsets of all pairs whose piece has drums, for the piece, its reconstruction and its take.

    Takes play the piece's score; by chance, one piece matches another one's.
    """
    pairs = [pair for pair in pairs if len(pair.score.strokes) >= FEWEST]
    found = {role: [onset_times(pair.sound(role)) for pair in pairs] for role in ROLES}
    met = {role: _met(pairs, found[role]) for role in ROLES}
    met["chance"] = _met(pairs[1:] + pairs[:1], found["piece"])
    return {
        "pieces": len(pairs),
        "rows": {
            role: {name: bootstrap(one, len(pairs)) for name, one in figures.items()}
            for role, figures in met.items()
        },
        "f1": bootstrap(met["take"]["f1"], len(pairs)),
        "f1_of_piece": quotient(met["take"]["f1"], met["piece"]["f1"], len(pairs)),
        "onsets": {role: per_ten_seconds([len(o) for o in found[role]], pairs) for role in ROLES},
        "grid": {role: _on_grid(pairs, found[role]) for role in ROLES},
        "grid_chance": float(np.mean([2 * ON_GRID / _sixteenth(pair) for pair in pairs])),
    }


def _met(pairs: Sequence[Pair], found: Sequence[Times]) -> dict[str, Statistic]:
    """Share of the strokes that are heard, of the onsets that are in the score, and their harmonic mean."""
    strokes = [pair.score.strokes for pair in pairs]
    written = [merged([*p.score.strokes, *(n.start for n in p.score.notes)]) for p in pairs]
    recall = over(_pairs_within(strokes, found), [len(times) for times in strokes])
    precision = over(_pairs_within(written, found), [len(times) for times in found])
    return {"heard": recall, "written": precision, "f1": _harmonic(recall, precision)}


def _harmonic(one: Statistic, two: Statistic) -> Statistic:
    def both(chosen: Indices) -> float:
        a, b = one(chosen), two(chosen)
        # Of nothing met at all it is 0; of no onsets, NaN.
        return 2 * a * b / (a + b) if a + b != 0 else 0.0

    return both


def _pairs_within(known: Sequence[Any], found: Sequence[Times]) -> list[int]:
    from mir_eval.util import match_events

    both = zip(known, found, strict=True)
    return [len(match_events(np.asarray(a), np.asarray(b), TOLERANCE)) for a, b in both]


def _on_grid(pairs: Sequence[Pair], found: Sequence[Times]) -> Estimate:
    """Share of the onsets that fall on a sixteenth of the requested tempo."""
    on = [
        int((np.abs(times - np.round(times / step) * step) <= ON_GRID).sum())
        for times, step in zip(found, map(_sixteenth, pairs), strict=True)
    ]
    return ratio(on, [len(times) for times in found])


def _sixteenth(pair: Pair) -> float:
    return 15 / pair.facts["tempo"]
