"""Laws of resampling: pitch and the rounded length are kept, in one piece or in blocks of any size."""

from __future__ import annotations

import numpy as np
import pytest

from engine.sound.rates import OUTPUT_RATES
from engine.sound.resampling import Resampling, resample, resample_loop


def noise(channels: int = 2, frames: int = 4410) -> np.ndarray:
    return np.random.default_rng(1).uniform(-0.9, 0.9, (channels, frames)).astype(np.float32)


@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000, 96_000])
def test_resampling_keeps_length_and_pitch(rate: int) -> None:
    time = np.arange(44_100) / 44_100
    tone = np.sin(2 * np.pi * 441 * time).astype(np.float32)[None]
    found = resample(tone, 44_100, rate)
    assert found.shape == (1, rate) and found.dtype == np.float32
    expected = np.sin(2 * np.pi * 441 * np.arange(rate) / rate)
    middle = slice(rate // 10, -rate // 10)
    assert np.abs(found[0, middle] - expected[middle]).max() < 1e-3


def test_resampling_gives_the_rounded_length_for_every_length() -> None:
    for frames in (1, 2, 100, 44_099, 44_101):
        for rate in (11_025, 48_000):
            found = resample(np.zeros((2, frames), np.float32), 44_100, rate)
            assert found.shape == (2, round(frames * rate / 44_100))


def test_resampling_to_the_same_rate_changes_nothing() -> None:
    samples = noise()
    assert resample(samples, 44_100, 44_100) is samples


@pytest.mark.parametrize("size", [100, 7_001, 50_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_blocks_give_what_the_whole_gives(size: int, channels: int) -> None:
    samples = noise(channels, 30_001)
    stream = Resampling(44_100, 48_000, channels)
    parts = [stream.add(samples[:, start : start + size]) for start in range(0, 30_001, size)]
    found = np.concatenate([*parts, stream.end()], axis=1)
    whole = resample(samples, 44_100, 48_000)
    assert found.shape == whole.shape
    np.testing.assert_allclose(found, whole, atol=1e-5)


def test_no_block_gives_nothing_and_an_equal_rate_the_block_itself() -> None:
    assert Resampling(44_100, 48_000).end().shape == (2, 0)
    samples, stream = noise(), Resampling(44_100, 44_100)
    assert stream.add(samples) is samples and stream.end().shape == (2, 0)


@pytest.mark.parametrize("rate", OUTPUT_RATES[1:])
@pytest.mark.parametrize("frames", [44_100, 30_001, 341_419])
def test_a_loop_at_another_rate_has_no_seam(rate: int, frames: int) -> None:
    turns = (
        2 * np.pi * np.array([[7], [round(frames / 100)]])
    )  # Whole turns: 100 frames each, and slow.
    loop = (0.5 * np.sin(turns * np.arange(frames) / frames)).astype(np.float32)
    stream = Resampling(44_100, rate, 2, loop=True)
    for start in range(0, frames, 10_000):
        assert not stream.add(loop[:, start : start + 10_000]).size
    whole = round(frames * rate / 44_100)
    found = stream.end(whole)
    expected = 0.5 * np.sin(turns * np.arange(whole) / whole)
    assert found.shape == (2, whole)
    # The first and the last sample are as good as those in the middle.
    assert np.abs(found - expected).max() < 2e-4


def test_a_loop_shorter_than_a_filter_repeats_too() -> None:
    loop = (0.5 * np.sin(2 * np.pi * np.arange(100) / 100))[None].astype(np.float32)
    found = resample_loop(loop, 109)
    assert np.abs(found - 0.5 * np.sin(2 * np.pi * np.arange(109) / 109)).max() < 1e-3


def test_the_length_is_what_is_asked() -> None:
    samples = noise(2, 341_419)
    for frames in (371_612, 371_613):
        stream = Resampling(44_100, 48_000)
        found = [stream.add(samples), stream.end(frames)]
        assert sum(each.shape[1] for each in found) == frames
