"""Scores from values that people wrote: what is a score is played and written, all else is refused by one error."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.composing.chord_symbols import parse_chords
from engine.composing.composer import compose
from engine.composing.description import chart
from engine.composing.midi_files import read_midi, write_midi
from engine.composing.score import Score

WHOLE = Score.of(compose(3, kind="song", seconds=12.0)).to_dict()
NAN, INFINITE = float("nan"), float("inf")
LEAST: dict[str, Any] = {
    "tempo": 30,
    "beats_per_bar": 1,
    "known": ["drums", "melody"],
    "parts": [["drums", "Drums"], ["lead", "Nobody's Horn"]],
    "notes": [[0, 0, 0, 0, 0], [1, 127, 127, 9_999, 1.0]],
    "chords": [[0, 4, 11, 0, 2**32 - 1], [4, 0, 0, 11, 0]],
    "sections": [["", "", 0, 0, 0], ["refrain ♫", "Ä", 1.5, 9_998.5, 1]],
}


def changed(place: tuple[str | int, ...], value: Any) -> Any:
    """`WHOLE` with one value replaced."""
    values = copy.deepcopy(WHOLE)
    at: Any = values
    for step in place[:-1]:
        at = at[step]
    at[place[-1]] = value
    return values


NUMBERS = {
    ("tempo",): (30, 300), ("beats_per_bar",): (1, 16),
    ("notes", 0, 0): (0, len(WHOLE["parts"]) - 1), ("notes", 0, 1): (0, 127), ("notes", 0, 2): (0, 127),
    ("notes", 0, 3): (0, 9_000), ("notes", 0, 4): (0, 9_000),
    ("chords", 0, 0): (0, 9_000), ("chords", 0, 1): (0, 9_000), ("chords", 0, 2): (0, 11), ("chords", 0, 3): (0, 11),
    ("chords", 0, 4): (0, 2**32 - 1),
    ("sections", 0, 2): (0, 9_000), ("sections", 0, 3): (0, 9_000), ("sections", 0, 4): (0, 1),
}  # fmt: skip
"""Every number in a score, and what it may be."""


@pytest.mark.parametrize("place", NUMBERS, ids=str)
def test_every_number_has_its_range(place: tuple[str | int, ...]) -> None:
    low, high = NUMBERS[place]
    for value in (low, high):
        Score.from_dict(changed(place, value))
    above = 10_001 if high == 9_000 else high + 1
    for wrong in (-1, above, 10**400, NAN, INFINITE, -INFINITE, True, None, "1", [1], {}):
        with pytest.raises(ValueError):
            Score.from_dict(changed(place, wrong))


@pytest.mark.parametrize(
    "values",
    [
        None, 3, "score", [], {}, changed(("known",), 3), changed(("known",), [[]]), changed(("known",), None),
        changed(("parts",), 3), changed(("parts",), [["drums"]]), changed(("parts",), [[1, 2]]),
        changed(("parts",), [["lead", "Flute"]] * 256), changed(("parts",), []), changed(("notes",), {"a": 1}),
        changed(("notes",), [[0, 60, 1, 0]]), changed(("notes",), [[0, 60.5, 1, 0, 1]]), changed(("notes",), [3]),
        changed(("notes",), [[0, 60, 1, 0, 1]] * 200_001), changed(("chords",), [[0, 4, 0, 0, 145]] * 20_001),
        changed(("sections",), [["a", "A", 0, 1, 1]] * 2_001), changed(("sections",), [[1, "A", 0, 1, 1]]),
        changed(("sections",), [["\ud800", "A", 0, 1, 1]]), changed(("parts", 0, 1), "\ud800"),
        changed(("notes", 0), [0, 60, 1, 9_000, 1_001]), changed(("sections", 0), ["a", "A", 9_000, 1_001, 1]),
        changed(("chords", 0), [9_000, 1_001, 0, 0, 145]), changed(("beats_per_bar",), 1e-9),
    ],
    ids=range(27),
)  # fmt: skip
def test_what_is_no_score_is_refused_by_one_error(values: Any) -> None:
    with pytest.raises(ValueError):
        Score.from_dict(values)


def test_the_extremes_come_back_from_json_and_midi(tmp_path: Path) -> None:
    score = Score.from_dict(LEAST)
    assert json.loads(json.dumps(score.to_dict())) == LEAST
    write_midi(score, tmp_path / "extremes.mid")


@pytest.mark.parametrize(("bar", "beats"), [(3.5, 3.5), (1.01, 1.0), (3.3, 3.25), (15.99, 16.0)])
def test_a_bar_is_written_as_the_nearest_that_midi_has(
    tmp_path: Path, bar: float, beats: float
) -> None:
    score = Score.from_dict(changed(("beats_per_bar",), bar))
    write_midi(score, tmp_path / "bar.mid")
    found = read_midi(tmp_path / "bar.mid").beats_per_bar
    assert found == beats


ANY = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 300), st.floats(), st.text(max_size=3),
    st.lists(st.integers(0, 3), max_size=5), st.just(10**400),
)  # fmt: skip
PLACES = [
    *NUMBERS, *((name,) for name in WHOLE), ("parts", 0), ("parts", 0, 1), ("notes", 0), ("chords", 0),
    ("sections", 0), ("sections", 0, 0),
]  # fmt: skip


@given(place=st.sampled_from(PLACES), value=ANY)
@settings(max_examples=150, deadline=None)
def test_whatever_is_accepted_can_be_written(
    tmp_path_factory: pytest.TempPathFactory, place: tuple[str | int, ...], value: Any
) -> None:
    try:
        score = Score.from_dict(changed(place, value))
    except ValueError:
        return
    path = tmp_path_factory.getbasetemp() / "any.mid"
    write_midi(score, path)
    assert path.stat().st_size > 0
    assert np.isfinite(score.end)
    parse_chords(chart(score))


def test_the_chart_of_what_is_too_short_for_a_chord_has_a_bar_without() -> None:
    values = {**LEAST, "notes": [[0, 60, 90, 0, 0.125]], "chords": [], "sections": []}
    assert chart(Score.from_dict(values)) == "N.C."


def test_chords_in_any_order_have_the_same_chart() -> None:
    score = Score.from_dict(WHOLE)
    assert len({*map(str, score.chords)}) == 4
    backwards = Score.from_dict({**WHOLE, "chords": WHOLE["chords"][::-1]})
    assert chart(backwards) == chart(score) != ""


def test_a_bar_of_uneven_chords_has_no_more_of_them_than_a_chart_may_have() -> None:
    values = {**LEAST, "beats_per_bar": 16, "notes": [], "sections": [["a", "A", 0, 16, 1]]}
    rows = [[0, 1.75, 0, 0, 145], [1.75, 14.25, 2, 2, 145]]
    assert chart(Score.from_dict({**values, "chords": rows})) == "C D"
