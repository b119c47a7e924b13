"""Laws of descriptions: the chart is read back as the chords, and the line names what plays."""

from __future__ import annotations

import pytest

from engine.composing.chord_symbols import parse_chords, symbol
from engine.composing.composer import compose
from engine.composing.description import chart, describe, sharps
from engine.composing.lead_sheet import written
from engine.composing.score import Score
from engine.composing.styles import styles
from engine.composing.theory import PITCH_CLASSES, parse_progression
from engine.composing.wish import Wish

SHEETS = (
    "Am7 | F | C G | E7",
    "C / / G | N.C. | Dm7 G7 C F | F#m7b5",
    "Ebm7/Bb | Ab13 | Db69 | B7#9",
)


@pytest.mark.parametrize("sheet", SHEETS)
def test_the_chart_is_the_sheet_that_was_given(sheet: str) -> None:
    piece = written(
        Wish(seed=1, seconds=16.0, tempo=120.0, beats_per_bar=4, chords=sheet, exact=True)
    )
    assert parse_chords(chart(piece)) == parse_chords(f"{sheet} | {sheet}")


@pytest.mark.parametrize("style", styles())
def test_a_chart_has_every_bar_and_is_read_back_as_the_chords(style: str) -> None:
    piece = compose(6, style, "song", seconds=40)
    bars = parse_chords(chart(piece))
    assert len(bars) == round(piece.chords[-1].end / piece.beats_per_bar)
    for span in piece.chords:
        chord = bars[int(span.start // piece.beats_per_bar + 1e-6)]
        tones = [c.pitch_classes for c, _ in chord if c is not None]
        assert span.chord.pitch_classes in tones


@pytest.mark.parametrize("seed", range(5))
def test_a_score_has_the_chart_of_its_piece(seed: int) -> None:
    piece = written(Wish(seed=seed, seconds=30.0, chords=SHEETS[seed % 3], beats_per_bar=4))
    assert chart(Score.of(piece)) == chart(piece)


def test_the_line_says_style_key_tempo_metre_form_players_and_chords() -> None:
    sheet, form = "Am7 | F | C G | E7", "intro 4, verse 8, outro 3"
    wish = Wish(seed=2, seconds=48.0, style="lo_fi", tempo=80.0, chords=sheet, form=form)
    piece = written(wish)
    line = describe(piece)
    assert line.startswith("lo-fi, A minor, 80 BPM, 4/4; intro 4, verse 8, outro ")
    assert all(instrument in line for instrument in piece.instruments)
    assert sheet in line
    assert "\n" not in line


def test_drums_alone_have_neither_key_nor_chords() -> None:
    line = describe(
        written(Wish(seed=2, seconds=8.0, tempo=100.0, instruments=("Drums",), alone=True))
    )
    assert "minor" not in line
    assert "major" not in line
    assert "|" not in line


@pytest.mark.parametrize(
    ("key", "progression", "symbols"),
    [
        ("Eb", "i | iv | bVII | bVI", "Ebm | Abm | Db | B"),
        ("F#", "I | IV | V | vi", "F# | B | C# | D#m"),
        ("Bb", "i | bVI | bIII | bVII", "Bbm | Gb | Db | Ab"),
        ("E", "i | iv | V | bVI", "Em | Am | B | C"),
    ],
)
def test_chords_are_spelt_as_the_key_is(key: str, progression: str, symbols: str) -> None:
    chords = [(bar[0], 4.0) for bar in parse_progression(progression, PITCH_CLASSES.index(key))]
    chords.append(chords[0])
    sharp = sharps(chords)
    assert " | ".join(symbol(chord, sharp=sharp) for chord, _ in chords[:-1]) == symbols
