"""Laws of the score's rows: what plays is where it plays, a crop goes on, and what is not known is not there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.composing import compose
from engine.composing.score import CHORD, GROUPS, NOTE, SECTION, Score
from engine.score_grid import (
    HELD,
    NEAR_SECONDS,
    PITCHES,
    PLACE_ROWS,
    PLAYERS,
    SCORE_ROWS,
    SIZES,
    group_rows,
    place_grid,
    score_grid,
)

RATE = 44_100 / 2048


def score_of(notes: list[tuple[int, int, int, float, float]], role: str, **given: object) -> Score:
    """One part at 60 BPM: beats are seconds."""
    return replace(
        Score(
            tempo=60.0,
            beats_per_bar=4.0,
            parts=np.array([(role, "Piano")], "U32"),
            notes=np.array(notes, NOTE),
            chords=np.array([], CHORD),
            sections=np.array([], SECTION),
        ),
        **given,  # pyright: ignore[reportArgumentType]
    )


def test_groups_share_the_rows_without_a_gap() -> None:
    places = [group_rows(group) for group in GROUPS]
    assert places[0].start == 0
    assert places[-1].stop == SCORE_ROWS
    for group, one, other in zip(GROUPS, places, places[1:], strict=False):
        assert one.stop == other.start
        assert one.stop - one.start == SIZES[group] + 1


@pytest.mark.parametrize(
    ("role", "group"), [("bass", "bass"), ("pad", "harmony"), ("lead", "melody")]
)
def test_a_note_is_in_its_row_from_its_frame_to_its_last(role: str, group: str) -> None:
    pitch = PITCHES[group][0] + 5
    rows = score_grid(score_of([(0, pitch, 127, 1.0, 0.5)], role), 0.0, 64, RATE)[group_rows(group)]
    row = rows[1 + 5]
    first, last = int(RATE), int(np.ceil(1.5 * RATE))
    assert row[first] == 1.0
    assert (row[first + 1 : last] == HELD).all()
    assert not row[:first].any() and not row[last:].any()
    assert rows[0].all()
    onset = RATE * 2
    assert rows[-2:, first].tolist() == [float(int(onset) % 2 == 0), float(int(onset) % 2 == 1)]
    assert rows[1:-2].sum() == pytest.approx(1.0 + HELD * (last - first - 1))


def test_what_is_played_twice_begins_twice() -> None:
    rows = score_grid(score_of([(0, 60, 127, 0, 1), (0, 60, 127, 1, 1)], "lead"), 0.0, 40, RATE)
    row = rows[group_rows("melody")][1 + 60 - PITCHES["melody"][0]]
    assert np.flatnonzero(row == 1).tolist() == [0, int(RATE)]


def test_notes_beyond_the_rows_move_by_octaves() -> None:
    for pitch in (0, 20, 101, 127):
        rows = score_grid(score_of([(0, pitch, 127, 0, 1)], "lead"), 0.0, 8, RATE)
        own = rows[group_rows("melody")][1:-2]
        [row] = np.flatnonzero(own[:, 0])
        assert (row + PITCHES["melody"][0] - pitch) % 12 == 0


@pytest.mark.parametrize("seed", [1, 2, 3, 5, 8, 20])
def test_a_crop_has_the_rows_of_the_whole(seed: int) -> None:
    score = Score.of(compose(seed))
    whole = score_grid(score, 0.0, 600, RATE)
    crop = score_grid(score, 100 / RATE, 300, RATE)
    assert np.allclose(crop, whole[:, 100:400], atol=1e-6)
    assert ((whole >= 0) & (whole <= 1)).all()


def test_a_group_that_is_not_known_is_not_there_and_the_others_stay() -> None:
    score = Score.of(compose(2))
    whole = score_grid(score, 0.0, 200, RATE)
    assert not score_grid(None, 0.0, 200, RATE).any()
    for group in GROUPS:
        own = group_rows(group)
        without = score_grid(replace(score, known=score.known - {group}), 0.0, 200, RATE)
        assert not without[own].any()
        rest = np.delete(np.arange(SCORE_ROWS), np.r_[own])
        assert np.array_equal(without[rest], whole[rest])
        alone = score_grid(replace(score, known=frozenset({group})), 0.0, 200, RATE)
        assert np.array_equal(alone[own], whole[own])
        assert not alone[rest].any()


def test_silence_that_is_known_is_told() -> None:
    rows = score_grid(score_of([], "drums"), 0.0, 10, RATE)
    for group in GROUPS:
        assert rows[group_rows(group)][0].all()
        assert not rows[group_rows(group)][1:].any()


def test_strokes_lie_in_the_row_of_their_kind_and_half_frame() -> None:
    pitches = (36, 38, 42, 46, 45, 49, 54)
    notes = [(0, pitch, 127, k / RATE, 0.1) for k, pitch in enumerate(pitches)]
    notes += [(0, pitch, 127, (10.5 + k) / RATE, 0.1) for k, pitch in enumerate(pitches)]
    rows = score_grid(score_of(notes, "drums"), 0.0, 20, RATE)[group_rows("drums")][1:]
    for kind in range(len(pitches)):
        # Stored in single precision, a time may fall just short of its frame.
        assert rows[2 * kind : 2 * kind + 2, max(kind - 1, 0) : kind + 1].sum() == pytest.approx(1)
        assert rows[2 * kind + 1, 10 + kind] == pytest.approx(1) or rows[2 * kind, 10 + kind]
    assert rows.sum() == pytest.approx(2 * len(pitches))


def test_chords_show_their_tones_and_their_bass() -> None:
    chords = np.array([(0, 2, 9, 9, 0b10001001), (2, 2, 0, 4, 0b10010001)], CHORD)
    rows = score_grid(score_of([], "lead", chords=chords), 0.0, 80, RATE)[group_rows("chords")][1:]
    frame = int(3 * RATE)
    assert np.flatnonzero(rows[:, 5]).tolist() == [0, 4, 9, 12 + 9]
    assert np.flatnonzero(rows[:, frame]).tolist() == [0, 4, 7, 12 + 4]
    no_chord = np.array([(0, 2, 0, 0, 0)], CHORD)
    assert not score_grid(score_of([], "lead", chords=no_chord), 0.0, 9, RATE)[
        group_rows("chords")
    ][1:].any()


def test_players_play_from_bar_to_bar() -> None:
    rows = score_grid(score_of([(0, 60, 90, 5.0, 1.0)], "lead"), 0.0, 400, RATE)
    row = rows[group_rows("players")][1 + PLAYERS.index("Piano")]
    playing = np.flatnonzero(row)
    assert playing[0] == int(4 * RATE)
    assert playing[-1] == int(np.ceil(8 * RATE)) - 1
    assert rows[group_rows("players")][1:].sum() == row.sum()


def test_the_place_is_near_one_at_both_ends_and_over_after() -> None:
    rows = place_grid(0.0, 10.0, 300, RATE)
    assert rows.shape == (PLACE_ROWS, 300)
    count = len(NEAR_SECONDS)
    assert (rows[:count, 0] == 1).all()
    end = int(np.ceil(10 * RATE))
    assert (rows[count:-1, end:] == 1).all()
    assert not rows[-1, :end].any() and rows[-1, end:].all()
    later = place_grid(50 / RATE, 10.0, 250, RATE)
    assert np.allclose(later, rows[:, 50:], atol=1e-6)
