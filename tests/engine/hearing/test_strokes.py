"""Laws of strokes: a beatbox is the drums it imitates, as loud as they are; a tune has none."""

from __future__ import annotations

import numpy as np
import pytest

from engine.hearing.drum_sounds import FEATURES, SOUNDS, drum_sounds, features
from engine.hearing.strokes import LOUD_VELOCITY, listened, strokes, velocities
from engine.training.corpus.beatbox import beatbox
from engine.training.corpus.drum_kits import drum_hit
from tests.engine.hearing.sounds import clicks, melody


@pytest.mark.parametrize(
    "voice", ["formants", pytest.param("spoken", marks=pytest.mark.real_parts("espeak-ng"))]
)
def test_a_beatbox_is_the_drums_it_imitates(voice: str) -> None:
    right, total = 0, 0
    for seed in (1000, 2000, 3000):
        audio, known = beatbox(seed, 96, 2, "spoken" if voice == "spoken" else "formants")
        found = strokes(listened(audio))
        for when, sound in known:
            at = np.abs(found["time"] - when) < 0.03
            right += SOUNDS[sound] in found["pitch"][at]
            total += 1
    assert right / total > 0.85


def test_kick_snare_and_hat_of_a_drum_machine_are_told_apart() -> None:
    pattern = [36, 42, 38, 42, 36, 36, 38, 42]
    audio = np.zeros((2, 44_100 * 5), np.float32)
    for index, pitch in enumerate(pattern):
        hit = drum_hit("synth_909", pitch, 5)
        first = 4410 + index * 22_050
        length = min(hit.shape[1], audio.shape[1] - first)
        audio[:, first : first + length] += hit[:, :length]
    found = strokes(listened(audio))
    assert found["pitch"].tolist() == pattern
    assert np.abs(found["time"] - 0.1 - 0.5 * np.arange(8)).max() < 0.005


def test_a_tune_has_no_strokes() -> None:
    assert not listened(melody([60, 62, 64, 65])).drums.any()


def test_features_do_not_depend_on_level() -> None:
    audio, known = beatbox(1, 100, 1)
    times = np.array([when for when, _ in known])
    loud, quiet = features(audio, times), features(np.float32(0.05) * audio, times)
    assert loud.shape == (len(times), FEATURES)
    assert np.abs(loud - quiet).max() < 1e-3


def test_the_classifier_says_how_likely_each_sound_is() -> None:
    likely = drum_sounds().likelihoods(features(clicks([0.3], 1.0), np.array([0.3])))
    assert likely.shape == (1, len(SOUNDS))
    assert ((likely >= 0) & (likely <= 1)).all()


def test_velocities_follow_loudness() -> None:
    levels = np.array([-10.0, -10.0, -36.0, -90.0], np.float32)
    assert velocities(levels).tolist() == [LOUD_VELOCITY, LOUD_VELOCITY, LOUD_VELOCITY // 10, 1]
    assert velocities(np.zeros(0, np.float32)).size == 0


@pytest.mark.parametrize("samples", [0, 1, 44_100])
def test_silence_has_no_strokes(samples: int) -> None:
    assert strokes(listened(np.zeros((2, samples), np.float32))).size == 0
