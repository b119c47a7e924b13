from __future__ import annotations

import numpy as np
import pytest

from engine.registry import SAMPLE_RATE
from engine.sound.audio import Samples
from engine.sound.levels import FLOOR, LOUDEST, MASTERED, Levels, looping
from engine.sound.metering import decibels, loudness


def noise(frames: int, seed: int = 1) -> Samples:
    return (0.1 * np.random.default_rng(seed).standard_normal((2, frames))).astype(np.float32)


def strokes(level: float = 0.1) -> Samples:
    """Dry strokes with digital silence between them, 4 s."""
    samples = np.zeros((2, 4 * SAMPLE_RATE), np.float32)
    for start in range(0, samples.shape[1], SAMPLE_RATE // 2):
        samples[:, start : start + 4000] = 10 * level * noise(4000, start)
    return samples


def levels(samples: Samples, strength: float, *, kept: bool = False) -> Levels:
    found = Levels.of(samples, strength, kept=kept)
    assert found is not None
    return found


def level(samples: Samples) -> float:
    return loudness(samples, SAMPLE_RATE)


def test_a_short_sound_repeats_and_a_long_one_is_cut() -> None:
    samples = noise(100)
    np.testing.assert_array_equal(looping(samples, 250)[:, 100:200], samples)
    assert looping(samples, 250).shape == (2, 250)
    np.testing.assert_array_equal(looping(samples, 30), samples[:, :30])


@pytest.mark.parametrize("strength", [0.0, 0.3, 0.7, 1.0])
@pytest.mark.parametrize("loud", [0.001, 0.01, 0.1, 0.2])
def test_recordings_of_any_level_are_one_to_the_model_and_its_music_returns_to_theirs(
    loud: float, strength: float
) -> None:
    samples = strokes(loud)
    found = levels(samples, strength)
    assert level(found.levelled(samples)) == pytest.approx(MASTERED, abs=0.5)
    music = 1.5 * noise(4 * SAMPLE_RATE, 2)
    music *= np.float32(10 ** ((MASTERED - level(music)) / 20))
    assert level(found.returned(music)) == pytest.approx(level(samples), abs=0.1)


def test_there_and_back_is_the_recording() -> None:
    samples = strokes() * np.array([[1.0], [0.3]], np.float32)
    for found in (levels(samples, 0.0), levels(samples, 1.0, kept=True)):
        assert np.ptp(found.levelled(samples).std(axis=1)) < 0.01
        np.testing.assert_allclose(found.returned(found.levelled(samples)), samples, atol=1e-6)


def test_nothing_returns_louder_than_the_limiter_can_hold() -> None:
    """A recording in floating point may be far beyond full scale."""
    samples = strokes(100.0)
    found = levels(samples, 0.5)
    assert level(found.levelled(samples)) == pytest.approx(MASTERED, abs=0.5)
    assert level(found.returned(found.levelled(samples))) == pytest.approx(LOUDEST, abs=0.5)


def test_noise_rises_in_the_gaps_of_a_recording_and_nowhere_beside_its_strokes() -> None:
    samples, gap = strokes(0.01), slice(6_000, 20_000)
    for strength in (0.3, 0.6, 1.0):
        mixed = levels(samples, strength).levelled(samples)
        floor = decibels(float(mixed[:, gap].std()))
        assert floor == pytest.approx(
            MASTERED + FLOOR[0] + strength * (FLOOR[1] - FLOOR[0]), abs=1.5
        )
    assert not levels(samples, 0.0).levelled(samples)[:, gap].any()
    assert not levels(samples, 1.0, kept=True).levelled(samples)[:, gap].any()


def test_silence_has_no_level() -> None:
    for samples in (
        np.zeros((2, SAMPLE_RATE), np.float32),
        1e-3 * noise(SAMPLE_RATE),
        np.zeros((2, 1), np.float32),
    ):
        assert Levels.of(samples, 0.9) is None


def balance(samples: Samples) -> float:
    """How much louder the left side is, dB."""
    left, right = (decibels(float(side.std())) for side in samples)
    return left - right


@pytest.mark.parametrize("side", [0, 1])
def test_what_is_on_one_side_stays_there_all_the_less_the_stronger_it_is_changed(side: int) -> None:
    samples, balanced = noise(2 * SAMPLE_RATE), noise(2 * SAMPLE_RATE, 2)
    samples[1 - side] = 0
    centred = levels(samples, 0.0).levelled(samples)
    np.testing.assert_array_equal(centred[0], centred[1])
    assert level(centred) == pytest.approx(MASTERED, abs=0.1)
    found = [levels(samples, strength).returned(balanced) for strength in (0.0, 0.1, 0.3, 0.7, 1.0)]
    assert not found[0][1 - side].any()
    heard = [abs(balance(one)) for one in found]
    assert heard == sorted(heard, reverse=True)
    assert heard[1] > 20 and heard[2] > 12 and heard[4] == pytest.approx(0, abs=0.1)
    assert all((balance(one) > 0) == (side == 0) for one in found[:4])
    kept = levels(samples, 1.0, kept=True).returned(balanced)
    assert not kept[1 - side].any()


def test_a_balance_returns_as_it_was() -> None:
    samples, balanced = noise(2 * SAMPLE_RATE), noise(2 * SAMPLE_RATE, 2)
    samples[0] *= 0.5
    returned = levels(samples, 0.0).returned(balanced)
    assert balance(returned) - balance(balanced) == pytest.approx(balance(samples), abs=0.1)
    assert level(returned) - level(balanced) == pytest.approx(level(samples) - MASTERED, abs=0.2)
