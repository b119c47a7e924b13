"""Scores put together: repeated, moved, laid over one another. Times are in quarter notes. Knows nothing of files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.composing.score import GROUPS, ROLES, Score

Spans = Sequence[tuple[float, float]]
_TIMED = ("notes", "chords", "sections")


def only(score: Score, groups: Sequence[str]) -> Score:
    """A score that speaks of these groups alone."""
    return replace(score, known=score.known & set(groups))


def moved(score: Score, beats: float) -> Score:
    """A score that begins so much later."""
    return replace(score, **{name: _later(getattr(score, name), beats) for name in _TIMED})


def repeated(score: Score, period: float, until: float) -> Score:
    """A score that begins again after each period, until a place is reached."""
    times = max(int(np.ceil((until - 1e-6) / period)), 1)
    cut = clipped(score, 0.0, period)
    return replace(
        cut,
        **{
            name: np.concatenate([_later(getattr(cut, name), k * period) for k in range(times)])
            for name in _TIMED
        },
    )


def clipped(score: Score, start: float, end: float) -> Score:
    """What begins in a span, and chords and sections that last into it; what lasts beyond its end is cut there."""
    found: dict[str, Any] = {}
    for name in _TIMED:
        records = getattr(score, name)
        length = "duration" if name == "notes" else "beats"
        if name != "notes":
            records = _from(records, start)
        records = records[
            (records["start"] >= start - 1e-4) & (records["start"] < end - 1e-4)
        ].copy()
        records[length] = np.minimum(records[length], end - records["start"])
        found[name] = records
    return replace(score, **found)


def spliced(kept: Score, new: Score, spans: Spans) -> Score:
    """One score in some spans, and another everywhere else, at the tempo of the first.

    Only groups that both know are known. Beats of the new score are taken for those of the kept one.
    """
    new, parts = _seated(new, kept.parts)
    ends = [0.0, *(edge for span in sorted(spans) for edge in span), max(kept.end, new.end)]
    pieces = [clipped(kept, start, end) for start, end in spans]
    for start, end in zip(ends[::2], ends[1::2], strict=True):
        if end - start > 1e-3:
            pieces.append(clipped(new, start, end))
    found = {name: np.concatenate([getattr(p, name) for p in pieces]) for name in _TIMED}
    return replace(
        kept,
        parts=parts,
        known=kept.known & new.known,
        **{
            name: records[np.argsort(records["start"], kind="stable")]
            for name, records in found.items()
        },
    )


def said(score: Score) -> list[str]:
    """The groups that a score knows and has something of, in their usual order."""
    sounding = {
        ROLES.get(str(role), "harmony") for role, _ in score.parts[np.unique(score.notes["part"])]
    }
    if len(score.chords):
        sounding.add("chords")
    if len(score.sections):
        sounding.add("form")
    return [group for group in GROUPS if group in score.known & sounding]


def _from(records: NDArray[np.void], start: float) -> NDArray[np.void]:
    """Chords or sections that begin before a place and last beyond it, as if they began there."""
    records = records.copy()
    over = (records["start"] < start) & (records["start"] + records["beats"] > start + 1e-3)
    records["beats"][over] -= start - records["start"][over]
    records["start"][over] = start
    return records


def _seated(score: Score, others: NDArray[np.str_]) -> tuple[Score, NDArray[np.str_]]:
    """With its parts numbered among those of another, where the same player of a role is one part; and all parts."""
    names = [(str(role), str(name)) for role, name in others]
    for role, name in score.parts:
        if (str(role), str(name)) not in names:
            names.append((str(role), str(name)))
    places = [names.index((str(role), str(name))) for role, name in score.parts]
    notes = score.notes.copy()
    notes["part"] = np.array(places, np.uint8)[notes["part"]] if len(notes) else notes["part"]
    return replace(score, notes=notes), np.array(names, "U32").reshape(-1, 2)


def _later(records: NDArray[np.void], beats: float) -> NDArray[np.void]:
    records = records.copy()
    records["start"] += beats
    return records
