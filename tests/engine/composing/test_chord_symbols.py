"""Laws of chord symbols: they mean what musicians mean, and are written as they are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.composing.chord_symbols import parse_chords, parse_symbol, symbol
from engine.composing.styles import styles
from engine.composing.theory import Chord, parse_progression
from engine.errors import LongtakeError

TABLE: dict[tuple[int, ...], str] = {
    (0, 4, 7): "C CM Cmaj",
    (0, 3, 7): "Cm C- Cmin Cmi",
    (0, 4, 7, 10): "C7 Cdom7",
    (0, 4, 7, 11): "Cmaj7 CM7 CΔ CΔ7 C^7 C^ Cma7 CMaj7",
    (0, 3, 7, 10): "Cm7 C-7 Cmin7",
    (0, 3, 6, 10): "Cm7b5 Cø Cø7 C-7b5 Cm7(b5) Cm7♭5",
    (0, 3, 6): "Cdim C° Co",
    (0, 3, 6, 9): "Cdim7 C°7 Co7",
    (0, 4, 8): "Caug C+",
    (0, 4, 8, 10): "C+7 C7#5 Caug7 C7(♯5)",
    (0, 7): "C5",
    (0, 4, 7, 9): "C6 Cmaj6",
    (0, 3, 7, 9): "Cm6 C-6",
    (0, 4, 7, 9, 14): "C69 C6/9 C6add9",
    (0, 4, 7, 10, 14): "C9",
    (0, 3, 7, 10, 14): "Cm9 C-9",
    (0, 4, 7, 11, 14): "Cmaj9 CM9 C^9",
    (0, 4, 7, 10, 14, 17): "C11",
    (0, 4, 7, 10, 14, 21): "C13",
    (0, 4, 7, 10, 13): "C7b9 C7(b9) C7-9",
    (0, 4, 7, 10, 15): "C7#9 C7(#9) C7+9",
    (0, 4, 7, 10, 13, 18): "C7(b9,#11) C7b9#11",
    (0, 4, 7, 11, 18): "Cmaj7#11 CM7(#11)",
    (0, 5, 7, 10): "C7sus4 C7sus",
    (0, 2, 7): "Csus2",
    (0, 5, 7): "Csus4 Csus",
    (0, 4, 7, 14): "Cadd9 C(add9) C2 Cadd2",
    (0, 3, 7, 11): "Cm(maj7) CmM7 C-^7 Cmmaj7 Cm/maj7",
}


@pytest.mark.parametrize(
    ("written", "tones"),
    [(written, tones) for tones, symbols in TABLE.items() for written in symbols.split()],
)
def test_every_usual_symbol_is_read_and_comes_back(written: str, tones: tuple[int, ...]) -> None:
    chord = parse_symbol(written)
    assert chord == Chord(0, tones)
    assert parse_symbol(symbol(chord)) == chord


@given(
    st.integers(0, 11),
    st.sampled_from(list(TABLE)),
    st.integers(0, 11),
    st.sampled_from([None, True, False]),
)
def test_symbols_are_the_inverse_of_reading_on_every_root_and_bass(
    root: int, tones: tuple[int, ...], bass: int, sharp: bool | None
) -> None:
    chord = Chord(root, tones, None if bass == root else bass)
    assert parse_symbol(symbol(chord, sharp=sharp)) == chord


@pytest.mark.parametrize(
    ("written", "root", "bass"),
    [
        ("Bb", 10, None), ("B♭m7", 10, None), ("F#", 6, None), ("F♯m", 6, None), ("Db", 1, None), ("Cb", 11, None),
        ("C/E", 0, 4), ("G7/B", 7, 11), ("C6/9/E", 0, 4), ("C/C", 0, None), ("am7", 9, None), ("A/C#", 9, 1),
    ],
)  # fmt: skip
def test_roots_and_basses(written: str, root: int, bass: int | None) -> None:
    chord = parse_symbol(written)
    assert (chord.root, chord.bass) == (root, bass)


@pytest.mark.parametrize(
    "sensible",
    ["C#m", "Eb", "F#dim", "Bbmaj7", "A/C#", "E/G#", "Cm/Eb", "D/F#", "Am7", "G7/B", "Bb/D"],
)
def test_spelling_is_what_musicians_write(sensible: str) -> None:
    assert symbol(parse_symbol(sensible)) == sensible


def test_the_progressions_of_the_styles_can_be_written_as_symbols() -> None:
    for style in styles().values():
        for progression in style.progressions:
            for chord in (c for bar in parse_progression(progression, 5) for c in bar):
                read = parse_symbol(symbol(chord))
                assert (read.root, read.pitch_classes) == (chord.root, chord.pitch_classes)


def names(text: str) -> list[list[tuple[str, float]]]:
    return [[(symbol(chord), share) for chord, share in bar] for bar in parse_chords(text)]


def test_bars_spaces_slashes_and_repeats() -> None:
    assert names("Am7 | F | C G | E7") == [
        [("Am7", 1)],
        [("F", 1)],
        [("C", 0.5), ("G", 0.5)],
        [("E7", 1)],
    ]
    assert names("C / / G") == [[("C", 0.75), ("G", 0.25)]]
    assert names("C / G /") == names("C G") == [[("C", 0.5), ("G", 0.5)]]
    assert names("C | % | / G") == [[("C", 1)], [("C", 1)], [("C", 0.5), ("G", 0.5)]]
    assert names("C G | %") == [[("C", 0.5), ("G", 0.5)]] * 2
    assert names("C | N.C. | NC G") == [[("C", 1)], [("N.C.", 1)], [("N.C.", 0.5), ("G", 0.5)]]


def test_bars_may_lead_trail_be_lines_or_be_separated_as_in_text() -> None:
    plain = names("Am | F | C | G")
    for other in (
        "| Am | F | C | G |",
        "|: Am | F | C | G :|",
        "Am\nF\nC\nG\n",
        "Am, F, C, G",
        "Am - F - C - G",
        "Am || F | C | G ||",
    ):
        assert names(other) == plain


@given(
    st.lists(
        st.lists(st.sampled_from(["C", "Am7", "N.C.", "F/A"]), min_size=1, max_size=5),
        min_size=1,
        max_size=8,
    )
)
def test_the_shares_of_a_bar_are_the_whole_bar(bars: list[list[str]]) -> None:
    read = parse_chords(" | ".join(" ".join(bar) for bar in bars))
    assert len(read) == len(bars)
    for bar in read:
        assert sum(share for _, share in bar) == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Am | H7", r"Bar 2.*'H7'.*A to G"),
        ("Am | Cfoo | G", r"Bar 2.*'foo' in 'Cfoo'.*Fmaj7"),
        ("C/H", r"'C/H'.*after /.*G7/B"),
        ("% | C", r"Bar 1.*begin with a chord"),
        ("/ C", r"Bar 1.*begin with a chord"),
        (" | | ", r"no chord.*Am7 \| F"),
        (" ".join("C" * 17), r"17 symbols.*Put a \|"),
    ],
)
def test_errors_name_the_symbol_its_bar_and_what_would_be_right(text: str, said: str) -> None:
    with pytest.raises(LongtakeError, match=said):
        parse_chords(text)


@given(st.text("ABCDEFGHabcdgmijsu#b♭Δø°+-^/|% ().,0123456789Nn\n", max_size=30))
def test_any_text_is_read_or_refused_with_a_sentence(text: str) -> None:
    try:
        assert parse_chords(text)
    except LongtakeError as error:
        assert str(error).endswith(".")


def test_a_symbol_that_is_too_long_is_refused_and_quoted_in_part() -> None:
    with pytest.raises(
        LongtakeError, match=r"Bar 2 of the chords: 'Cb5b5.*\.\.\.' is too long"
    ) as refused:
        parse_chords("Am | C" + "b5" * 50_000)
    assert len(str(refused.value)) < 300
