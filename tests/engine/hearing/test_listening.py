"""Laws of listening: beats stay at their seconds at any tempo, and what is not clear is not said."""

from __future__ import annotations

import numpy as np
import pytest

from engine.composing.composer import compose
from engine.composing.score import Score
from engine.hearing.listening import PARTS, heard
from engine.training.corpus.beatbox import beatbox
from engine.training.corpus.renderer import render
from tests.engine.hearing.sounds import melody, noise

TUNE = [60, 64, 67, 72, 71, 67, 62, 60]


def of_part(score: Score, role: str) -> np.ndarray:
    return score.notes[score.notes["part"] == [name for name, _ in PARTS].index(role)]


@pytest.mark.parametrize("tempo", [61.7, 96.0, 180.0])
def test_a_beatbox_is_drums_at_its_own_seconds_whatever_the_tempo(tempo: float) -> None:
    audio, known = beatbox(1, 96, 4)
    score = heard(audio, tempo)
    assert score is not None and score.known == {"drums"} and score.tempo == tempo
    seconds = of_part(score, "drums")["start"] * 60 / tempo
    near = [np.abs(seconds - when).min() for when, _ in known]
    assert np.mean(np.array(near) < 0.022) > 0.95
    assert not of_part(score, "lead").size


def test_a_hum_is_a_melody() -> None:
    score = heard(melody(TUNE), 120, 3)
    assert score is not None and score.known == {"melody"} and score.beats_per_bar == 3
    lead = of_part(score, "lead")
    assert lead["pitch"].tolist() == TUNE
    assert np.abs(lead["start"] - 0.2 - np.arange(len(TUNE))).max() < 0.06
    assert not of_part(score, "drums").size


def test_a_beat_under_a_tune_is_both() -> None:
    beat, _ = beatbox(2, 120, 2)
    tune = melody(TUNE)[0, : beat.shape[1]]
    both = beat.copy()
    both[:, : len(tune)] += tune
    score = heard(both)
    assert score is not None and score.known == {"drums", "melody"}


def test_the_tempo_is_that_of_the_beat() -> None:
    audio, _ = beatbox(3, 104, 6)
    score = heard(audio)
    assert score is not None and score.tempo == pytest.approx(104, rel=0.01)


def test_a_score_is_the_same_at_any_level_in_mono_and_stereo() -> None:
    audio, _ = beatbox(4, 100, 2)
    one, two = heard(audio, 100), heard(np.float32(0.1) * audio[:1], 100)
    assert one is not None and two is not None
    assert one.notes["pitch"].tolist() == two.notes["pitch"].tolist()
    assert np.allclose(one.notes["start"], two.notes["start"], atol=0.01)


def test_a_score_can_be_kept() -> None:
    score = heard(melody(TUNE))
    assert score is not None
    again = Score.from_dict(score.to_dict())
    assert again.known == score.known and (again.notes["pitch"] == score.notes["pitch"]).all()


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros((2, 0), np.float32),
        np.ones((1, 1), np.float32),
        np.zeros((2, 44_100), np.float32),
        np.full((2, 44_100), -0.4, np.float32),
        np.full((1, 20_000), np.nan, np.float32),
        noise(2.0),
    ],
    ids=["empty", "one sample", "silence", "constant", "not finite", "noise"],
)
def test_what_plays_nothing_has_no_score(samples: np.ndarray) -> None:
    assert heard(samples) is None


def test_samples_that_are_not_finite_are_silence() -> None:
    audio = melody(TUNE)
    audio[0, 3000:3010], audio[0, -5:] = np.nan, np.inf
    score = heard(audio)
    assert score is not None and of_part(score, "lead")["pitch"].tolist() == TUNE


@pytest.mark.parametrize("style", ["disco", "rock"])
def test_a_full_mix_is_neither(style: str) -> None:
    piece = compose(11, style, "song", 20.0)
    assert heard(render(piece)) is None
