"""Laws of forms in words: sections follow each other, keep their proportions, and return under their letters."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.composing.form import FORMS, asked_form, form_bars, short_form
from engine.errors import LongtakeError

SONG = "intro 4, verse 8, chorus 8, verse 8, chorus 8, outro 4"


def test_a_form_of_its_own_length_is_kept() -> None:
    sections = asked_form(SONG, form_bars(SONG), 4.0)
    assert [(s.name, s.beats / 4) for s in sections] == [
        ("intro", 4), ("verse", 8), ("chorus", 8), ("verse", 8), ("chorus", 8), ("outro", 4),
    ]  # fmt: skip
    assert [s.letter for s in sections] == ["A", "B", "C", "B", "C", "D"]
    by_name = {s.name: s.energy for s in sections[:3]}
    assert by_name["intro"] < by_name["verse"] < by_name["chorus"]


@given(
    st.integers(1, 400),
    st.sampled_from([SONG, "A 8, B 8", "verse x2", "intro 2, solo 16"]),
    st.sampled_from([3.0, 4.0, 5.0]),
)
def test_every_length_is_filled_with_whole_bars(bars: int, text: str, beats_per_bar: float) -> None:
    sections = asked_form(text, bars, beats_per_bar)
    assert sum(s.beats for s in sections) == pytest.approx(bars * beats_per_bar)
    assert sections[0].start == 0
    for before, after in itertools.pairwise(sections):
        assert before.start + before.beats == pytest.approx(after.start)
    for section in sections:
        assert section.beats >= beats_per_bar
        assert section.beats % beats_per_bar == 0
        assert 0 < section.energy <= 1


def test_twice_the_length_repeats_the_form_and_half_of_it_keeps_the_proportions() -> None:
    twice = [s.name for s in asked_form("A 8, B 8", 32, 4.0)]
    assert twice == ["A", "B", "A", "B"]
    assert [s.beats / 4 for s in asked_form("verse 8, chorus 16", 12, 4.0)] == [4, 8]


@pytest.mark.parametrize(
    ("text", "bars"),
    [
        ("verse: 8", 8), ("verse 8 bars", 8), ("verse x2", 16), ("verse 8 x2", 16), ("2x verse 4", 8), ("A 8, B 8", 16),
        ("verse 1: 8\nverse 2: 8", 16), ("intro", 4), ("long quiet thing = 12", 12), ("verse 8 - chorus 8", 16),
        ("intro (4), verse (8)", 12),
    ],
)  # fmt: skip
def test_ways_of_writing(text: str, bars: int) -> None:
    assert form_bars(text) == bars


def test_letters_are_their_own() -> None:
    assert [s.letter for s in asked_form("B 8, A 8, solo 4, B 4", 24, 4.0)] == ["B", "A", "C", "B"]


def test_numbered_sections_return_under_the_same_letter() -> None:
    assert [s.letter for s in asked_form("verse 1: 8, chorus 8, verse 2: 8", 24, 4.0)] == [
        "A",
        "B",
        "A",
    ]


def test_words_that_the_players_know_are_found_in_free_names() -> None:
    assert [s.name for s in asked_form("build-up 4, guitar solo 8, drum break 4", 16, 4.0)] == [
        "build", "solo", "drum break",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [(", ,", "no section"), ("8", "'8'.*verse 8"), ("verse 0", "0 bars"), ("verse 9999", "512")],
)
def test_errors_say_what_would_be_right(text: str, said: str) -> None:
    with pytest.raises(LongtakeError, match=said):
        form_bars(text)


@pytest.mark.parametrize("name", FORMS)
def test_a_short_form_has_two_parts_of_different_harmony_and_the_louder_one_last(name: str) -> None:
    for bars in range(8, 20):
        first, second = short_form(name, bars, 4.0)
        assert first.beats + second.beats == bars * 4
        assert first.beats % 16 == 0
        assert first.letter != second.letter
        assert first.energy <= second.energy


@pytest.mark.parametrize("space", [" ", "\t", "\u00a0"])
def test_spaces_in_a_row_are_one(space: str) -> None:
    run = space * 100_000
    assert form_bars(f"{run}verse{run}8{run}bars{run}, a{run}!") == 16


@pytest.mark.parametrize(
    "text", ["verse " + "9" * 5000, "9" * 5000 + "x verse", "verse x99999", "verse 1" + "0" * 5]
)
def test_a_number_that_is_too_long_is_refused(text: str) -> None:
    with pytest.raises(LongtakeError, match="too long for a section"):
        form_bars(text)


@pytest.mark.parametrize("filling", ["(", "=", "#", "a", "x"])
def test_a_section_that_is_too_long_is_refused_at_once(filling: str) -> None:
    with pytest.raises(LongtakeError, match="too long for a section"):
        form_bars(filling * 100_000)
