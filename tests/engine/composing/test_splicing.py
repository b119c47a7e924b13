"""Laws of scores put together: nothing is lost, and what begins where is known."""

from __future__ import annotations

import numpy as np
import pytest

from engine.composing import compose
from engine.composing.score import GROUPS, Score
from engine.composing.splicing import clipped, moved, only, repeated, said, spliced


@pytest.fixture(scope="module")
def score() -> Score:
    return Score.of(compose(2, "house", "song", seconds=40))


def test_what_is_moved_there_and_back_is_the_same(score: Score) -> None:
    there = moved(score, 8.0)
    assert np.allclose(there.notes["start"], score.notes["start"] + 8)
    assert there.end == pytest.approx(score.end + 8)
    back = moved(there, -8.0)
    for name in ("notes", "chords", "sections"):
        assert np.allclose(getattr(back, name)["start"], getattr(score, name)["start"], atol=1e-4)


def test_pieces_of_a_score_have_every_note_once(score: Score) -> None:
    parts = [clipped(score, 0, 16), clipped(score, 16, 40), clipped(score, 40, score.end + 1)]
    assert sum(len(part.notes) for part in parts) == len(score.notes)
    assert all((part.notes["duration"] > 0).all() for part in parts)
    assert (parts[0].notes["start"] + parts[0].notes["duration"] <= 16 + 1e-3).all()


def test_a_chord_and_a_section_that_last_into_a_span_are_in_it(score: Score) -> None:
    cut = clipped(score, 5.0, 9.0)
    for records in (cut.chords, cut.sections):
        assert records["start"][0] == 5.0
        assert (records["start"] + records["beats"])[-1] == pytest.approx(9.0)
        assert records["beats"].sum() == pytest.approx(4.0)


def test_the_same_player_of_both_is_one_part(score: Score) -> None:
    both = score
    for seed in range(20):
        other = Score.of(compose(seed, "house", "song", seconds=20))
        both = spliced(both, other, [(0.0, 4.0)])
    assert len(both.parts) == len({tuple(row) for row in both.parts.tolist()})


def test_repeated_begins_again_after_each_period(score: Score) -> None:
    twice = repeated(score, 16.0, 32.0)
    first, second = clipped(twice, 0, 16), clipped(twice, 16, 32)
    assert len(first.notes) == len(second.notes) == len(clipped(score, 0, 16).notes)
    assert np.allclose(moved(second, -16.0).notes["start"], first.notes["start"], atol=1e-4)
    assert len(repeated(score, 16.0, 15.9).notes) == len(first.notes)


def test_a_splice_is_one_score_in_its_spans_and_the_other_elsewhere(score: Score) -> None:
    other = Score.of(compose(3, "rock", "song", seconds=40))
    both = spliced(score, other, [(8.0, 16.0), (24.0, 32.0)])
    names = {str(name) for _, name in other.parts}
    for start, end, source in ((0, 8, other), (8, 16, score), (16, 24, other), (24, 32, score)):
        own, whole = clipped(both, start, end), clipped(source, start, end)
        assert sorted(own.notes["pitch"]) == sorted(whole.notes["pitch"])
        players = {str(both.parts[part][1]) for part in own.notes["part"]}
        assert players <= (names if source is other else {str(n) for _, n in score.parts})
    assert (np.diff(both.notes["start"]) >= 0).all()


def test_only_speaks_of_these_groups(score: Score) -> None:
    assert only(score, ["drums", "chords"]).known == {"drums", "chords"}
    assert only(only(score, ["drums"]), ["bass"]).known == set()


def test_said_are_the_groups_that_something_is_said_of(score: Score) -> None:
    assert set(said(score)) <= set(GROUPS)
    assert "drums" in said(score) and "form" in said(score)
    assert said(only(score, ["drums"])) == ["drums"]
    assert said(only(score, [])) == []
