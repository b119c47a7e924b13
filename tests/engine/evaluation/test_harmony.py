from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.composing import compose
from engine.composing.theory import Chord, parse_chord
from engine.evaluation.harmony import harmonies, heard_triad, triad_of
from engine.evaluation.pairs import ROLES, Pair
from engine.evaluation.scores import Harmony, Written
from engine.evaluation.sounds import RATE
from engine.evaluation.transcription import FRAME_RATE, LOWEST, Heard
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


def hears(*chords: tuple[float, tuple[int, ...]]) -> Heard:
    """Pitches that sound from each time on, for eight seconds."""
    frames = round(8 * FRAME_RATE)
    sounding = np.zeros((frames, 88), np.float16)
    for start, pitches in chords:
        sounding[round(start * FRAME_RATE) :] = 0
        sounding[round(start * FRAME_RATE) :, [p - LOWEST for p in pitches]] = 1
    return Heard(np.zeros_like(sounding), sounding)


def test_takes_are_judged_by_what_is_heard_in_the_pieces(tmp_path: Path):
    """The pieces have both chords and the key; a take has all, one the first chord alone, one is a semitone high."""
    c, f = Chord(0, (0, 4, 7)), Chord(5, (0, 4, 7))
    spans = (Harmony(0.0, 4.0, c), Harmony(4.0, 8.0, f))
    score = Written((), (), spans, "C major", 3.0)
    true = hears((0.0, (48, 60, 64, 67, 71)), (4.0, (53, 57, 60)))
    takes = [true, hears((0.0, (48, 60, 64, 67, 71))), hears((0.0, (49, 53, 56)), (4.0, (54, 58)))]
    pairs = [Pair({}, "", score, 8.0, tmp_path) for _ in takes]
    for pair, take in zip(pairs, takes, strict=True):
        pair._heard.update({"piece": true, "again": true, "take": take})
    found = harmonies(pairs)
    assert found["chords"]["piece"]["triad"][0] == found["keys"]["piece"]["same"][0] == 1.0
    assert found["triads_of_piece"][0] == found["chords"]["take"]["triad"][0] == pytest.approx(0.5)
    assert found["keys_of_piece"][0] == found["keys"]["take"]["same"][0] == pytest.approx(2 / 3)


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
