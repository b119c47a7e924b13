from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.evaluation.drums import drummed
from engine.evaluation.pairs import ROLES, Pair
from engine.evaluation.scores import Written
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
    assert found["rows"]["chance"]["heard"][0] < 0.6
    assert found["onsets"]["piece"][0] == pytest.approx(
        10 * len(pairs[0].score.strokes) / SECONDS, rel=0.3
    )


def test_what_keeps_the_tempo_is_on_its_sixteenths(tmp_path: Path):
    # At 60 BPM a sixteenth is 250 ms: a stroke 90 ms late is on none.
    found = drummed(
        [pair(tmp_path / "on", 60.0, late=0.09), pair(tmp_path / "too", 60.0, late=0.09)]
    )
    assert found["grid"]["piece"][0] > 0.9 > 0.1 > found["grid"]["take"][0]
    assert found["grid_chance"] == pytest.approx(0.16)
