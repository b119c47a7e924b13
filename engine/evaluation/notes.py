"""Which notes are heard in held-out pieces, in their reconstructions and in takes, and are they those of the score?

The transcriber makes mistakes on true pieces as well, the more the more notes sound at once: its results on them are
the ceiling. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.evaluation.intervals import Estimate, Statistic, bootstrap, over, quotient, ratio
from engine.evaluation.pairs import ROLES, Pair, per_ten_seconds
from engine.evaluation.scores import Matched, Note, matched

VOICES = {"one": (0.0, 1.5), "two or three": (1.5, 3.5), "four or more": (3.5, 100.0)}
"""Notes that sound at once, on average: name -> from, to."""


def noted(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Notes of all pairs whose piece has any besides drums, for the piece, its reconstruction and its take.

    Takes play the piece's score; by chance, one piece matches another one's.
    """
    pairs = [pair for pair in pairs if pair.score.notes]
    heard = {role: [pair.heard(role).notes() for pair in pairs] for role in ROLES}
    scores = [pair.score.notes for pair in pairs]
    found = {
        role: [matched(notes, ours) for notes, ours in zip(scores, heard[role], strict=True)]
        for role in ROLES
    }
    by_chance = [
        matched(notes, ours)
        for notes, ours in zip(scores[1:] + scores[:1], heard["piece"], strict=True)
    ]
    again = [matched(*both) for both in zip(heard["piece"], heard["again"], strict=True)]
    true = counts(heard["piece"])
    return {
        "pieces": len(pairs),
        "written": per_ten_seconds([len(notes) for notes in scores], pairs),
        "rows": {role: figures(found[role]) for role in ROLES} | {"chance": figures(by_chance)},
        "onsets": {role: per_ten_seconds(counts(heard[role]), pairs) for role in ROLES},
        "heard_again": f1(again),
        "f1_of_piece": quotient(_f1(found["take"]), _f1(found["piece"]), len(pairs)),
        "again_of_piece": ratio(counts(heard["again"]), true),
        "take_of_piece": ratio(counts(heard["take"]), true),
        "voices": {
            name: (len(places), *(f1([found[role][p] for p in places]) for role in ROLES))
            for name, (low, high) in VOICES.items()
            if (places := [k for k, p in enumerate(pairs) if low <= p.score.polyphony < high])
        },
    }


def counts(heard: Sequence[Sequence[Note]]) -> list[int]:
    """How many notes each has."""
    return [len(notes) for notes in heard]


def figures(found: Sequence[Matched]) -> dict[str, Estimate]:
    """Precision, recall and F1 over the notes of all pieces together."""
    both = [m.both for m in found]
    return {
        "precision": ratio(both, [m.heard for m in found]),
        "recall": ratio(both, [m.written for m in found]),
        "f1": f1(found),
    }


def f1(found: Sequence[Matched]) -> Estimate:
    """F-measure over the notes of all pieces together."""
    return bootstrap(_f1(found), len(found))


def _f1(found: Sequence[Matched]) -> Statistic:
    return over([2 * m.both for m in found], [m.written + m.heard for m in found])
