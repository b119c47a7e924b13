from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.evaluation.drums import _met, drummed
from engine.evaluation.pairs import ROLES, Pair
from engine.evaluation.scores import Note, Written
from engine.evaluation.sounds import RATE

SECONDS = 6.0


def pair(folder: Path, tempo: float, late: float) -> Pair:
    """A stroke on each beat; the take's are late by so much."""
    folder.mkdir()
    beats = np.arange(0.5, SECONDS - 0.3, 60 / tempo)
    for role in ROLES:
        sound = np.zeros(round(SECONDS * RATE), np.float32)
        for beat in beats + (late if role == "take" else 0.0):
            burst = np.random.default_rng(0).standard_normal(4000) * np.exp(-np.arange(4000) / 600)
            sound[round(beat * RATE) :][:4000] += 0.2 * burst.astype(np.float32)
        soundfile.write(folder / f"{role}.wav", np.stack([sound, sound], axis=1), RATE)
    score = Written((), tuple(beats), (), None, 0.0)
    return Pair({"tempo": tempo}, "", score, SECONDS, folder)


def test_strokes_in_their_place_are_heard_and_late_ones_are_not(tmp_path: Path):
    pairs = [pair(tmp_path / f"{tempo:g}", tempo, late=0.09) for tempo in (60.0, 75.0)]
    found = drummed(pairs)
    assert found["rows"]["piece"] == found["rows"]["again"]
    assert found["rows"]["piece"]["heard"][0] == pytest.approx(1.0, abs=0.05)
    assert found["rows"]["piece"]["written"][0] == pytest.approx(1.0, abs=0.05)
    assert found["rows"]["take"]["heard"][0] < 0.1
    assert found["f1"] == found["rows"]["take"]["f1"]
    assert found["f1_of_piece"][0] == pytest.approx(
        found["f1"][0] / found["rows"]["piece"]["f1"][0]
    )
    assert found["rows"]["chance"]["heard"][0] < 0.6
    assert found["onsets"]["piece"][0] == pytest.approx(
        10 * len(pairs[0].score.strokes) / SECONDS, rel=0.3
    )


def test_f1_weighs_strokes_heard_against_onsets_written(tmp_path: Path):
    """Of 8 strokes beside 4 notes, 4 are heard among 6 onsets, one of them nowhere written."""
    strokes = tuple(float(k) for k in range(8))
    notes = tuple(Note(k + 0.5, k + 0.7, 60) for k in range(4))
    one = Pair({}, "", Written(notes, strokes, (), None, 1.0), 8.0, tmp_path)
    found = _met([one], [np.array([0.0, 1.01, 2.0, 3.04, 0.5, 7.8])])
    every = np.array([0])
    assert found["heard"](every) == pytest.approx(4 / 8)
    assert found["written"](every) == pytest.approx(5 / 6)
    assert found["f1"](every) == pytest.approx(2 * (1 / 2) * (5 / 6) / (1 / 2 + 5 / 6))
    assert _met([one], [np.array([7.8])])["f1"](every) == 0.0


def test_what_keeps_the_tempo_is_on_its_sixteenths(tmp_path: Path):
    # At 60 BPM a sixteenth is 250 ms: a stroke 90 ms late is on none.
    found = drummed(
        [pair(tmp_path / "on", 60.0, late=0.09), pair(tmp_path / "too", 60.0, late=0.09)]
    )
    assert found["grid"]["piece"][0] > 0.9 > 0.1 > found["grid"]["take"][0]
    assert found["grid_chance"] == pytest.approx(0.16)
