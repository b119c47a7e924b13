"""Tempo, key and metre as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.composing.notation import TEMPI, beats_per_bar_in, key_in, tempo_in
from engine.composing.theory import PITCH_CLASSES, SCALES


@pytest.mark.parametrize(
    "written", ["BPM: {}", "bpm {}", "{} BPM", "{}bpm", "house, {} bpm, warm", "BPM={}"]
)
@given(tempo=st.integers(int(TEMPI[0]), int(TEMPI[1])))
def test_every_tempo_is_read(written: str, tempo: int) -> None:
    assert tempo_in(written.format(tempo)) == tempo


@pytest.mark.parametrize(
    "text", ["", "a house track from 1999", "12 bpm", "900 bpm", "120 beats", "bpm"]
)
def test_other_numbers_are_no_tempo(text: str) -> None:
    assert tempo_in(text) is None


@pytest.mark.parametrize(
    "written", ["{} {}", "in {} {}", "Key: {} {}", "a song in {} {} at 120 bpm", "house,{} {}"]
)
@pytest.mark.parametrize("case", [str, str.lower, str.upper])
def test_every_key_of_the_composer_is_read(written: str, case: type[str]) -> None:
    for tonic, name in enumerate(PITCH_CLASSES):
        for mode in SCALES:
            assert key_in(case(written.format(name, mode))) == (tonic, mode)


@pytest.mark.parametrize(
    ("text", "tonic", "mode"),
    [
        ("trap in C#m", 1, "minor"),
        ("Am, 120 bpm", 9, "minor"),
        ("piano in Am", 9, "minor"),
        ("key of G", 7, None),
        ("Key: Bb", 10, None),
        ("a waltz in Eb", 3, None),
        ("techno in F sharp minor", 6, "minor"),
        ("B flat major", 10, "major"),
        ("D♭ major", 1, "major"),
        ("g♯ aeolian", 8, "minor"),
        ("Klavier in h-moll", 11, "minor"),
        ("Es ist in C-Dur", 0, "major"),
        ("A natural minor", 9, "minor"),
    ],
)
def test_keys(text: str, tonic: int, mode: str | None) -> None:
    assert key_in(text) == (tonic, mode)


@pytest.mark.parametrize(
    "text",
    ["", "in a minor key", "I am happy", "in A world of dreams", "in G-funk manner", "beam me up"],
)
def test_what_is_no_key(text: str) -> None:
    assert key_in(text)[0] is None


@pytest.mark.parametrize(
    ("text", "beats"),
    [("3/4", 3), ("in 6/8", 3), ("12/8 blues", 6), ("5/4", 5), ("2/2", 4), ("4/4", 4)],
)
def test_metres(text: str, beats: int) -> None:
    assert beats_per_bar_in(text) == beats


@pytest.mark.parametrize("text", ["7/8", "1/3", "24/7", "99/4", "03/04/2024", "", "house"])
def test_what_is_no_metre_in_quarter_notes(text: str) -> None:
    assert beats_per_bar_in(text) is None
