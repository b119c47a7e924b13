"""Laws of harmony: numerals mean what musicians mean, voices move little and stay in range."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.composing.styles import styles
from engine.composing.theory import Chord, nearest, parse_chord, parse_progression, voicing


@pytest.mark.parametrize(
    ("numeral", "tonic", "classes"),
    [
        ("I", 0, {0, 4, 7}),
        ("ii7", 0, {2, 5, 9, 0}),
        ("V7", 7, {2, 6, 9, 0}),
        ("bVII", 9, {7, 11, 2}),
        ("iv", 0, {5, 8, 0}),
        ("iim7b5", 2, {4, 7, 10, 2}),
        ("Imaj9", 5, {5, 9, 0, 4, 7}),
        ("bIIdim7", 0, {1, 4, 7, 10}),
    ],
)
def test_numerals(numeral: str, tonic: int, classes: set[int]) -> None:
    assert parse_chord(numeral, tonic).pitch_classes == classes


@pytest.mark.parametrize("nonsense", ["", "H", "viiii", "Imaj13sus"])
def test_nonsense_is_refused(nonsense: str) -> None:
    with pytest.raises(ValueError, match=r"numeral|suffix"):
        parse_chord(nonsense, 0)


def test_every_style_has_harmony_for_every_mode_it_may_take() -> None:
    for style in styles().values():
        for mode in style.modes:
            assert style.progressions_for(mode), (style.name, mode)
        for progression in style.progressions:
            assert all(parse_progression(progression, 3))


_CHORDS = st.sampled_from(
    ["I", "ii7", "V7", "bVImaj7", "i9", "IVmaj9", "v7", "V13", "iii7", "Isus2", "bVII"]
)


@given(numerals=st.lists(_CHORDS, min_size=2, max_size=8), tonic=st.integers(0, 11))
def test_voices_stay_in_range_and_hold_only_chord_tones(numerals: list[str], tonic: int) -> None:
    held: tuple[int, ...] = ()
    for numeral in numerals:
        chord = parse_chord(numeral, tonic)
        held = voicing(chord, held, 50, 79)
        assert all(50 <= pitch <= 79 for pitch in held)
        assert list(held) == sorted(set(held))
        assert {pitch % 12 for pitch in held} <= chord.pitch_classes


@given(first=_CHORDS, second=_CHORDS, tonic=st.integers(0, 11))
def test_no_voice_leaps_more_than_a_fifth(first: str, second: str, tonic: int) -> None:
    before = voicing(parse_chord(first, tonic), (), 50, 79)
    after = voicing(parse_chord(second, tonic), before, 50, 79)
    assert all(min(abs(p - q) for q in before) <= 7 for p in after)


@given(pitch=st.integers(30, 90), classes=st.frozensets(st.integers(0, 11), min_size=1))
def test_nearest_is_allowed_and_nothing_is_nearer(pitch: int, classes: frozenset[int]) -> None:
    found = nearest(pitch, classes)
    assert found % 12 in classes
    assert not any(
        (pitch + d) % 12 in classes for d in range(-abs(found - pitch) + 1, abs(found - pitch))
    )


def test_the_tone_asked_for_is_in_the_chord() -> None:
    chord = Chord(0, (0, 3, 7, 10))
    assert [chord.tone(name) for name in ("third", "fifth", "seventh")] == [3, 7, 10]
