from __future__ import annotations

import numpy as np
import pytest

from engine.live.levels import Levels
from engine.sound.levels import MASTERED
from engine.sound.limiter import CEILING
from engine.sound.metering import loudness
from tests.engine.live.toys import RATE, decibels, hiss, strokes

HOP = 6 * 2048
AHEAD = 3 * 2048


def through(
    sound: np.ndarray, factor: float = 1.0, *, as_it_is: bool = False, plain: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """What a model that changes nothing but the level is given of [2, N], and what comes out."""
    levels, strength = Levels(as_it_is=as_it_is), 0.0 if plain else 0.1
    given = levels.levelled(sound[:, : HOP + AHEAD], strength)
    out: list[np.ndarray] = []
    for start in range(0, sound.shape[1] - 2 * HOP - AHEAD, HOP):
        made = given[:, start : start + HOP + 512] * np.float32(factor)
        out.append(levels.returned(made[:, :HOP], made[:, HOP:], plain=plain, made=True))
        stop = start + 2 * HOP + AHEAD
        given = np.concatenate(
            [given, levels.levelled(sound[:, stop - HOP : stop], strength)], axis=1
        )
    return given, np.concatenate(out, axis=1)


@pytest.mark.parametrize("level", [-40.0, -20.0, -3.0])
def test_the_model_hears_mastered_music_and_the_output_is_what_it_was(level: float):
    sound = strokes(10, level)
    given, out = through(sound)
    assert loudness(given[:, 4 * RATE :], RATE) == pytest.approx(MASTERED, abs=1)
    heard = slice(2 * RATE, 8 * RATE)
    assert decibels(out[:, heard]) == pytest.approx(decibels(sound[:, heard]), abs=0.5)


def test_a_public_model_hears_it_as_it_is():
    sound = strokes(6, -20)
    given, _ = through(sound, as_it_is=True)
    np.testing.assert_array_equal(given, sound[:, : given.shape[1]])


@pytest.mark.parametrize("lost", [-6.0, 6.0])
@pytest.mark.parametrize("as_it_is", [False, True])
def test_what_the_model_makes_quieter_or_louder_is_made_up(lost: float, as_it_is: bool):
    sound = strokes(12, -20)
    _, out = through(sound, 10 ** (lost / 20), as_it_is=as_it_is)
    assert decibels(out[:, :HOP]) == pytest.approx(decibels(sound[:, :HOP]) + lost, abs=2)
    heard = slice(6 * RATE, 10 * RATE)
    assert decibels(out[:, heard]) == pytest.approx(decibels(sound[:, heard]), abs=0.5)


def test_no_more_than_some_is_made_up():
    sound = strokes(12, -20)
    _, out = through(sound, 0.01)
    heard = slice(6 * RATE, 10 * RATE)
    assert decibels(out[:, heard]) == pytest.approx(decibels(sound[:, heard]) - 31, abs=1)


def test_plain_is_as_it_is_to_the_bit():
    sound = hiss(5, -60)
    given, out = through(sound, plain=True)
    np.testing.assert_array_equal(given, sound[:, : given.shape[1]])
    np.testing.assert_array_equal(out, sound[:, : out.shape[1]])


def test_the_gate_opens_before_a_stroke_and_stays_open_between_strokes():
    sound = hiss(10, -65)
    sound[:, 2 * RATE : 6 * RATE] += strokes(4)
    # A model that hums all the time.
    levels = Levels(as_it_is=True)
    hum = np.full((2, HOP), 0.1, np.float32)
    out: list[np.ndarray] = []
    silent: list[bool] = []
    levels.levelled(sound[:, :AHEAD], 0.8)
    for start in range(AHEAD, sound.shape[1] - HOP, HOP):
        levels.levelled(sound[:, start : start + HOP], 0.8)
        silent.append(levels.is_silent(HOP))
        out.append(levels.returned(hum, hum[:, :512], plain=False, made=False))
        assert not silent[-1] or not out[-1].any()
    made = np.concatenate(out, axis=1)[0]
    assert not made[: round(1.9 * RATE)].any()
    np.testing.assert_allclose(made[2 * RATE : 6 * RATE], 0.1, rtol=1e-5)
    assert not made[round(6.7 * RATE) :].any()
    assert np.abs(np.diff(made)).max() < 0.001  # No click.
    assert silent[0] and silent[-1] and not all(silent)


def test_a_gain_that_changes_is_taken_back_at_each_place():
    sound = np.concatenate([strokes(4, -40), strokes(4, -6)], axis=1)
    given, out = through(sound)
    # What comes out of a model that changes nothing is the input, whatever it was given.
    ratio = np.abs(given).max(axis=0) / np.maximum(
        np.abs(sound[:, : given.shape[1]]).max(axis=0), 1e-9
    )
    assert ratio.max() > 20
    same = slice(RATE, 3 * RATE)
    np.testing.assert_allclose(out[:, same], sound[:, same], atol=1e-4)
    assert np.abs(out).max() <= CEILING
    late = slice(6 * RATE, 7 * RATE)
    assert decibels(out[:, late]) == pytest.approx(decibels(sound[:, late]), abs=1)
