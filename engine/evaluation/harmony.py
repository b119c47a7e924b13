"""Chords and keys, heard against the score, and whether the notes lie in its key.

All from the pitch classes that the transcriber hears: a chord is the major or minor triad that fits best between two
changes of the score, a key the best of the profiles. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.composing.theory import SCALES, Chord
from engine.evaluation import pulse
from engine.evaluation.intervals import Estimate, as_often, mean, ratio
from engine.evaluation.pairs import ROLES, Pair
from engine.evaluation.scores import Harmony
from engine.evaluation.transcription import Heard, Matrix

SHORTEST = 0.3
"""Chords that last no longer than this are not judged, s."""
TRIADS = {"major": (0, 4, 7), "minor": (0, 3, 7)}

Triad = tuple[int, str]
"""Root as a pitch class, and "major" or "minor"."""


def harmonies(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Chords and keys of all pairs whose piece has any, for the piece, its reconstruction and its take.

    Takes play the piece's score; by chance, one piece matches another one's.
    """
    pairs = [pair for pair in pairs if pair.score.key]
    right = {role: _times([(p.heard(role), p.score.chords) for p in pairs]) for role in ROLES}
    following = pairs[1:] + pairs[:1]
    right["chance"] = _times(
        [(p.heard("piece"), q.score.chords) for p, q in zip(pairs, following, strict=True)]
    )
    keyed = [pair for pair in pairs if in_major_or_minor(pair)]
    found = {role: [pulse.best_key(p.heard(role).chroma()) for p in keyed] for role in ROLES}
    requested = [str(pair.score.key) for pair in keyed]
    same = {role: _each(pulse.same_key, requested, found[role]) for role in ROLES}
    inside = {role: [_in_key(pair, role) for pair in pairs] for role in ROLES}
    return {
        "pieces": len(pairs),
        "chords": {role: _chords(times) for role, times in right.items()},
        "triads_of_piece": ratio(right["take"][:, 1], right["piece"][:, 1]),
        "keyed": len(keyed),
        "keys": {
            role: {
                "same": mean(same[role]),
                "relative": mean(_each(pulse.relatives, requested, found[role])),
            }
            for role in ROLES
        },
        "keys_of_piece": as_often(same["take"], same["piece"]),
        "inside": {role: ratio(*zip(*inside[role], strict=True)) for role in ROLES},
    }


def in_major_or_minor(pair: Pair) -> bool:
    """Whether the key of a pair's piece is one that `pulse.best_key` can find."""
    return str(pair.score.key).endswith((" major", " minor"))


def heard_triad(chroma: Matrix) -> Triad:
    """The triad that fits a chroma vector [12] best."""
    centred = chroma - chroma.mean()
    fits = {
        (root, mode): sum(centred[(root + step) % 12] for step in steps)
        for root in range(12)
        for mode, steps in TRIADS.items()
    }
    return max(fits, key=lambda triad: fits[triad])


def triad_of(chord: Chord) -> Triad | None:
    """A chord without what is added to its triad; None if it has no third, or both."""
    thirds = [mode for mode, step in (("major", 4), ("minor", 3)) if step in chord.intervals]
    return (chord.root, thirds[0]) if len(thirds) == 1 else None


def _times(heard: Sequence[tuple[Heard, Sequence[Harmony]]]) -> Matrix:
    """[N, 3]: seconds with the right root, with the right triad, and all, of each."""
    return np.array([_time_right(*one) for one in heard])


def _chords(times: Matrix) -> dict[str, Estimate]:
    """Share of the time with the right root, and with the right triad."""
    root, triad, every = times.T
    return {"root": ratio(root, every), "triad": ratio(triad, every)}


def _time_right(heard: Heard, chords: Sequence[Harmony]) -> tuple[float, float, float]:
    """Seconds of chords with the right root, of those right, and of all that are judged."""
    root = triad = every = 0.0
    for span in chords:
        wanted, seconds = triad_of(span.chord), span.end - span.start
        if wanted is None or seconds <= SHORTEST:
            continue
        found = heard_triad(heard.chroma(span.start, span.end))
        every += seconds
        root += seconds * (found[0] == wanted[0])
        triad += seconds * (found == wanted)
    return root, triad, every


def _in_key(pair: Pair, role: str) -> tuple[int, int]:
    """Notes heard whose pitch class is in the key's scale, and all."""
    tonic, mode = str(pair.score.key).split(" ", 1)
    scale = {(pulse.pitch_class(tonic) + step) % 12 for step in SCALES[mode]}
    notes = pair.heard(role).notes()
    return sum(note.pitch % 12 in scale for note in notes), len(notes)


def _each(same: Any, requested: Sequence[str], found: Sequence[str]) -> list[bool]:
    return [same(*both) for both in zip(requested, found, strict=True)]
