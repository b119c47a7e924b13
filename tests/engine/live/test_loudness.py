from __future__ import annotations

import numpy as np
import pytest

from engine.live.loudness import BLOCK, LISTENED, Loudness, Sounding, Weighted
from engine.sound.metering import loudness
from tests.engine.live.toys import RATE, hiss, strokes


def whole(seconds: float) -> float:
    """So many whole blocks, in seconds."""
    return round(seconds * RATE / BLOCK) * BLOCK / RATE


@pytest.mark.parametrize(
    "sound", [hiss(whole(5), -20), strokes(whole(5), -6), strokes(whole(5), -30)]
)
def test_a_stream_is_as_loud_as_the_meter_says(sound: np.ndarray):
    weighted, level = Weighted(), Loudness()
    for start in range(0, sound.shape[1], 7 * BLOCK):
        level.add(weighted.powers(sound[:, start : start + 7 * BLOCK]))
    assert level.level == pytest.approx(loudness(sound, RATE), abs=0.5)


def test_what_is_long_past_is_forgotten_and_nothing_has_no_loudness():
    weighted, level = Weighted(), Loudness()
    assert level.level is None
    level.add(np.zeros(20))
    assert level.level is None
    level.add(weighted.powers(hiss(whole(4), -10)))
    level.add(weighted.powers(hiss(whole(LISTENED + 0.5), -40)))
    assert level.level == pytest.approx(loudness(hiss(4, -40), RATE), abs=0.5)


def told(sound: np.ndarray) -> np.ndarray:
    return Sounding().told(Weighted().powers(sound))


def test_strokes_are_sound_and_what_is_between_them_is_not():
    sound = told(strokes(whole(3), -6))
    assert 0.2 < sound.mean() < 0.9
    assert told(strokes(whole(3), -40)).mean() > 0.1


@pytest.mark.parametrize("level", [-200.0, -75.0, -60.0, -50.0])
def test_noise_of_a_room_is_not(level: float):
    assert not told(hiss(whole(5), level)).any()


def test_strokes_above_a_rooms_noise_are():
    noise = hiss(whole(6), -60)
    beat = np.zeros_like(noise)
    beat[:, 3 * RATE :] = strokes(6, -30)[:, : noise.shape[1] - 3 * RATE]
    sound = told(noise + beat)
    assert not sound[: 3 * RATE // BLOCK].any()
    assert sound[3 * RATE // BLOCK :].mean() > 0.2


def test_a_loud_sound_that_never_changes_is_no_rooms_noise():
    assert told(hiss(whole(15), -30))[-100:].all()
