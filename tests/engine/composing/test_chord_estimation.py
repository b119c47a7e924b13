"""Laws of chords from notes."""

from __future__ import annotations

import numpy as np
import pytest

from engine.composing import compose
from engine.composing.chord_estimation import estimate_chords
from engine.composing.chord_symbols import parse_chords
from engine.composing.score import Score
from engine.composing.theory import Chord


def heard(
    rows: list[tuple[int, float, float]], beats_per_bar: float = 4.0
) -> list[tuple[float, float, Chord]]:
    """Chords of rows of pitch, start and end."""
    table = np.array(rows)
    found = estimate_chords(
        table[:, 0].astype(int), table[:, 1:], np.ones(len(rows)), beats_per_bar
    )
    return [
        (
            float(chord["start"]),
            float(chord["beats"]),
            Chord(
                int(chord["root"]),
                tuple(i for i in range(32) if int(chord["tones"]) >> i & 1),
                int(chord["bass"]) if chord["bass"] != chord["root"] else None,
            ),
        )
        for chord in found
    ]


def block(chord: Chord, start: float, end: float) -> list[tuple[int, float, float]]:
    low = 48 + (chord.lowest - 48) % 12
    upper = [60 + (chord.root + i) % 12 for i in chord.intervals]
    return [(pitch, start, end) for pitch in [low, *upper]]


@pytest.mark.parametrize(
    "chart",
    [
        "Am | F | C | G",
        "Dm7 G7 | Cmaj7 | Bm7b5 E7 | Am",
        "C | F/A | G/B | C",
        "Ebm | Abm | Bb7 | Ebm",
    ],
)
def test_block_chords_are_read_as_they_are_written(chart: str) -> None:
    rows, written = [], []
    for number, bar in enumerate(parse_chords(chart)):
        start = 4.0 * number
        for chord, share in bar:
            assert chord is not None
            written.append((start, 4 * share, chord))
            rows += block(chord, start, start + 4 * share)
            start += 4 * share
    assert heard(rows) == written


def test_arpeggios_are_chords() -> None:
    rows = [
        (pitch, 4 * bar + 0.5 * step, 4 * bar + 0.5 * step + 0.5)
        for bar, tones in enumerate(((57, 60, 64, 60), (53, 57, 60, 57)))
        for step, pitch in enumerate(tones * 2)
    ]
    assert [chord for *_, chord in heard(rows)] == [Chord(9, (0, 3, 7)), Chord(5, (0, 4, 7))]


def test_bars_of_three_have_one_chord_each() -> None:
    rows = block(Chord(0, (0, 4, 7)), 3, 6) + block(Chord(7, (0, 4, 7)), 6, 9)
    assert [(start, beats) for start, beats, _ in heard(rows, 3.0)] == [(3, 3), (6, 3)]


@pytest.mark.parametrize(
    "rows",
    [
        [(48, 0.0, 4.0), (55, 0.0, 4.0), (60, 4.0, 8.0)],
        [(60 + i, 0.0, 4.0) for i in range(12)],
        [(60 + step, i * 0.5, i * 0.5 + 0.5) for i, step in enumerate((0, 2, 4, 5, 7, 9, 11, 12))],
    ],
    ids=["fifths", "all twelve", "a scale"],
)
def test_what_is_not_clear_is_not_known(rows: list[tuple[int, float, float]]) -> None:
    assert heard(rows) == []


def test_no_notes_have_no_chords() -> None:
    assert not len(estimate_chords(np.empty(0, int), np.empty((0, 2)), np.empty(0), 4.0))


def test_most_chords_of_composed_songs_are_found() -> None:
    agreed: list[float] = []
    for seed in [seed for seed in range(1, 80) if compose(seed).kind == "song"][:6]:
        score = Score.of(compose(seed))
        drums = np.array([role == "drums" for role, _ in score.parts])
        notes = score.notes[~drums[score.notes["part"]]]
        spans = np.stack([notes["start"], notes["start"] + notes["duration"]], axis=1).astype(float)
        found = estimate_chords(
            notes["pitch"].astype(int), spans, np.ones(len(notes)), score.beats_per_bar
        )
        middles = score.chords["start"] + score.chords["beats"] / 2
        place = np.searchsorted(found["start"], middles, side="right") - 1
        agreed.append(float((found["root"][place] == score.chords["root"]).mean()))
    assert np.mean(agreed) > 0.85
