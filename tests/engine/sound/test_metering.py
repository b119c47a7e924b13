"""Laws of the meters: BS.1770's own numbers, and the stream measures as the whole."""

from __future__ import annotations

import numpy as np
import pytest

from engine.sound.metering import SILENCE, Meter, decibels, k_response, loudness, true_peak


def tone(rate: int, level_db: float, seconds: float = 6.0, channels: int = 2) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    wave = 10 ** (level_db / 20) * np.sin(2 * np.pi * 997 * time)
    return np.repeat(wave[None], channels, axis=0).astype(np.float32)


def test_k_weighting_at_48_khz_has_the_coefficients_of_the_standard() -> None:
    frequencies = np.linspace(10, 23_000, 200)
    z = np.exp(-2j * np.pi * frequencies / 48_000)
    shelf = np.polyval([1.19839281085285, -2.69169618940638, 1.53512485958697], z) / np.polyval(
        [0.73248077421585, -1.69065929318241, 1.0], z
    )
    high_pass = (1 - z) ** 2 / np.polyval([0.99007225036621, -1.99004745483398, 1.0], z)
    np.testing.assert_allclose(k_response(frequencies, 48_000), shelf * high_pass, rtol=1e-6)


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_a_stereo_tone_at_997_hz_reads_its_own_level(rate: int) -> None:
    # EBU Tech 3341, case 1: -23 dBFS in both channels is -23 LUFS.
    assert loudness(tone(rate, -23.0), rate) == pytest.approx(-23.0, abs=0.1)
    assert loudness(tone(rate, -23.0, channels=1), rate) == pytest.approx(-26.0, abs=0.1)


def test_quiet_passages_are_gated_out() -> None:
    # EBU Tech 3341, case 3: -36, -23, -36 dBFS reads -23.
    parts = [tone(48_000, -36), tone(48_000, -23, 20), tone(48_000, -36)]
    assert loudness(np.concatenate(parts, axis=1), 48_000) == pytest.approx(-23.0, abs=0.1)


def test_silence_and_nothing_are_numbers() -> None:
    assert loudness(np.zeros((2, 44_100), np.float32), 44_100) == SILENCE
    assert loudness(np.zeros((2, 10), np.float32), 44_100) == SILENCE
    assert true_peak(np.zeros((2, 10), np.float32), 44_100) == SILENCE
    assert decibels(0.0) == SILENCE
    assert decibels(1.0) == 0.0


def test_the_true_peak_lies_between_the_samples() -> None:
    # A quarter of the rate at 45 degrees: every sample is 3 dB below the wave's peak.
    index = np.arange(44_100)
    fade = np.minimum(1, np.minimum(index, index[::-1]) / 4410)
    wave = (0.5 * fade * np.sin(np.pi / 2 * index + np.pi / 4)).astype(np.float32)[None]
    meter = Meter(44_100, 1)
    meter.add(wave)
    assert meter.peak == pytest.approx(-9.03, abs=0.01)
    assert meter.true_peak == pytest.approx(-6.02, abs=0.05)


def test_the_stream_measures_as_the_whole() -> None:
    generator = np.random.default_rng(3)
    samples = (0.1 * generator.standard_normal((2, 100_000))).astype(np.float32)
    meter, start = Meter(44_100), 0
    while start < 100_000:
        size = int(generator.integers(1, 20_000))
        meter.add(samples[:, start : start + size])
        start += size
    assert meter.loudness == pytest.approx(loudness(samples, 44_100), abs=1e-4)
    assert meter.true_peak == pytest.approx(true_peak(samples, 44_100), abs=1e-4)


@pytest.mark.parametrize("frames", [2000, 4409, 4410, 8000])
def test_a_sound_shorter_than_a_hop_has_a_loudness_too(frames: int) -> None:
    """A steady tone is as loud whatever its length, but for the filter's beginning."""
    time = np.arange(frames) / 44_100
    tone = np.repeat(0.1 * np.sin(2 * np.pi * 1000 * time)[None], 2, axis=0).astype(np.float32)
    assert loudness(tone, 44_100) == pytest.approx(-20, abs=0.5)
    assert loudness(tone[:, :0], 44_100) == SILENCE
