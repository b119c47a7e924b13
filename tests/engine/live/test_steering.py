from __future__ import annotations

import numpy as np
import pytest

from engine.composing.score import Score
from engine.hearing.listening import heard
from engine.live.asking import Asking
from engine.live.steering import Steering
from engine.live_settings import LiveSettings, Metre
from engine.registry import MODELS, SKETCH
from engine.training.corpus.beatbox import beatbox
from tests.engine.live.toys import RATE, toy

TOY = toy(SKETCH)
HOP = 6 * 2048


def strokes_of(score: Score) -> list[tuple[float, int]]:
    """Times in s and pitches."""
    return [(note["start"] * 60 / score.tempo, int(note["pitch"])) for note in score.notes]


@pytest.mark.parametrize("metre", [None, Metre(100), Metre(100, 3, beat=2.5, at=777)])
def test_hop_by_hop_as_much_is_heard_as_at_once_and_at_its_place(metre: Metre | None):
    sound, _ = beatbox(3, 100, 4)
    asking = Asking(TOY, LiveSettings(prompt="x"), metre)
    steering = Steering(TOY, asking)
    found: Score | None = None
    window = 4 * RATE
    for stop in range(HOP, 30 * HOP, HOP):
        steering.hear(sound[:, stop - HOP : stop])
        found = steering.score(max(stop - window, 0))
    stop = 29 * HOP
    whole = heard(sound[:, stop - 6 * RATE : stop], 100)
    assert found is not None and whole is not None
    assert found.known == whole.known == {"drums"}
    start = asking.music_start(stop - window)
    made = np.array([time - start for time, _ in strokes_of(found)])
    made = made[made >= 0]
    wanted = np.array([time - (6 * RATE - window) / RATE for time, _ in strokes_of(whole)])
    wanted = wanted[wanted >= 0.1]
    near = [np.abs(made - time).min() for time in wanted]
    assert len(wanted) > 8 and np.mean(np.array(near) < 0.01) > 0.9


def test_after_a_pause_only_what_is_near_is_listened_to():
    sound, _ = beatbox(3, 100, 4)
    steering = Steering(TOY, Asking(TOY, LiveSettings(prompt="x"), None))
    steering.hear(sound[:, : 2 * RATE])
    assert steering.score(0) is not None
    steering.hear(np.zeros((2, 20 * RATE), np.float32))
    steering.hear(sound[:, : 2 * RATE])
    found = steering.score(20 * RATE)
    assert found is not None
    times = np.array([time for time, _ in strokes_of(found)])
    assert times.size and times.min() > 1.9


def test_silence_and_models_without_a_score_play_nothing():
    steering = Steering(TOY, Asking(TOY, LiveSettings(prompt="x"), None))
    steering.hear(np.zeros((2, 3 * RATE), np.float32))
    assert steering.score(0) is None
    other = toy(MODELS["stable-audio-open-small"])
    steering = Steering(other, Asking(other, LiveSettings(prompt="x"), None))
    steering.hear(beatbox(3, 100, 1)[0])
    assert steering.score(0) is None
