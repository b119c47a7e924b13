from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.sound.limiter import BLOCK, CEILING, REACH, THRESHOLD, Limiter, Samples, limited
from engine.sound.metering import true_peak

RATE = 44_100


def noise(frames: int, level: float, seed: int = 1) -> Samples:
    return (level * np.random.default_rng(seed).standard_normal((2, frames))).astype(np.float32)


def sines(*frequencies: float, frames: int = RATE, level: float = 1.0) -> Samples:
    time = np.arange(frames) / RATE
    both = [
        np.sum([np.sin(2 * np.pi * f * time + side) for f in frequencies], axis=0)
        for side in (0, 1)
    ]
    return (level * np.array(both)).astype(np.float32)


def whole(samples: Samples) -> Samples:
    return np.concatenate(list(limited([samples], RATE)), axis=1)


LOUD = {
    "white noise": noise(RATE, 2.0),
    "chord": sines(110, 165, 220, 1760, level=0.9),
    "bass": sines(41, level=3.0),
    "quarter of the rate": sines(RATE / 4, level=1.4),
    "click": np.pad(np.full((2, 1), 8.0, np.float32), ((0, 0), (20_000, 20_000))),
    "just over": sines(440, level=0.9),
    "burst": np.concatenate([noise(20_000, 0.05), noise(500, 4.0), noise(20_000, 0.05)], axis=1),
}


@pytest.mark.parametrize("name", LOUD)
def test_no_true_peak_above_the_ceiling(name: str) -> None:
    done = whole(LOUD[name])
    assert done.shape == LOUD[name].shape and done.dtype == np.float32
    assert true_peak(LOUD[name], RATE) > -1.0
    assert -1.6 < true_peak(done, RATE) <= -1.0
    assert np.abs(done).max() <= CEILING


@pytest.mark.parametrize("frames", [0, 1, 100, BLOCK, 3 * BLOCK + 5])
def test_below_the_threshold_nothing_changes(frames: int) -> None:
    quiet = sines(440, 3000, frames=frames, level=THRESHOLD / 2.001)
    np.testing.assert_array_equal(whole(quiet), quiet)


def test_away_from_a_peak_nothing_changes() -> None:
    samples = LOUD["burst"]
    done = whole(samples)
    early, late = 20_000 - 221 - REACH, 20_500 + RATE // 2
    np.testing.assert_array_equal(done[:, :early], samples[:, :early])
    np.testing.assert_array_equal(done[:, late:], samples[:, late:])
    assert not np.array_equal(done[:, 20_600:21_000], samples[:, 20_600:21_000])


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 60_000), max_size=8))
def test_pieces_of_any_size_give_the_whole_bit_for_bit(cuts: list[int]) -> None:
    samples = np.concatenate([noise(30_000, 0.3), noise(30_000, 1.0, seed=2)], axis=1)
    pieces = np.split(samples, sorted(cuts), axis=1)
    np.testing.assert_array_equal(
        np.concatenate(list(limited(pieces, RATE)), axis=1), whole(samples)
    )


def test_both_channels_have_one_gain() -> None:
    samples = noise(RATE, 0.1)
    samples[0] *= 20
    done = whole(samples)
    audible = np.abs(samples).min(axis=0) > 0.01
    gains = done[:, audible] / samples[:, audible]
    np.testing.assert_allclose(gains[0], gains[1], rtol=1e-5)


def test_the_gain_moves_smoothly() -> None:
    samples = sines(2000, level=0.5, frames=RATE)
    samples[:, 22_050] = 4.0
    gain = whole(samples) / np.where(np.abs(samples) > 0.1, samples, np.nan)
    steps = np.abs(np.diff(gain[0]))
    assert np.nanmin(gain) < 0.3
    assert np.nanmax(steps) < 0.02


def test_a_loop_is_limited_as_if_it_went_round() -> None:
    """With its own end before and its own beginning after, a pass equals one from the middle of endless passes."""
    loop = np.concatenate([noise(30_000, 0.2), noise(30_000, 0.9, seed=3)], axis=1)
    memory = Limiter(RATE).memory
    endless = np.concatenate([loop, loop, loop], axis=1)
    middle = whole(endless)[:, 60_000:120_000]
    once = np.concatenate(list(limited([loop], RATE, before=loop[:, -memory:], after=loop)), axis=1)
    edges = [*range(1000), *range(59_000, 60_000)]
    np.testing.assert_allclose(np.delete(once, edges, 1), np.delete(middle, edges, 1), atol=1e-6)
    assert not np.allclose(whole(loop), middle, atol=1e-3)


def test_a_loop_is_below_the_ceiling_played_once_and_played_on() -> None:
    """Also where it starts and ends abruptly, at full level."""
    loop = sines(441, level=1.2, frames=60_000)
    loop[1] = loop[0]
    loop = np.roll(loop, -25, axis=1)
    assert abs(loop[0, 0]) > 1
    memory = Limiter(RATE).memory
    once = np.concatenate(list(limited([loop], RATE, before=loop[:, -memory:], after=loop)), axis=1)
    assert true_peak(once, RATE) <= -1 and true_peak(np.tile(once, 3), RATE) <= -1


def test_an_empty_stream_stays_empty() -> None:
    assert list(limited([], RATE)) == []
