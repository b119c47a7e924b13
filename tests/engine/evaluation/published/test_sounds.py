from pathlib import Path

import numpy as np
import pytest
import torch

from engine.errors import AudioError
from engine.evaluation.published.sounds import (
    PEAK,
    for_openl3,
    mono_at,
    read_published,
    stereo_at_band,
)
from engine.sound.audio import Audio, write_audio
from tests.golden.judges import RATE, heard
from tests.golden.values import difference, facts, golden

TENSORS, _ = golden("openl3")


def test_48_khz_is_what_resampy_makes_of_it():
    samples = heard(float(facts("openl3")["seconds"]))
    made = for_openl3(samples)
    assert made.shape == (2, samples.shape[1] * 160 // 147)
    assert difference(made[0], TENSORS["upward"]) < 1e-6


@pytest.mark.parametrize("frames", [1, 100, 147, 12_345])
def test_of_any_length(frames: int):
    made = for_openl3(np.full((1, frames), 0.5, np.float32))
    assert made.shape == (1, int(frames * (48_000 / 44_100)))
    assert torch.isfinite(made).all()


def test_the_loudest_channel_sets_the_peak_of_both():
    quiet, loud = heard(0.5)
    sound = stereo_at_band(Audio(np.stack([quiet * 0.1, loud]), RATE))
    assert np.abs(sound[1]).max() == pytest.approx(PEAK, rel=1e-6)
    assert np.abs(sound[0]).max() < 0.2 * PEAK
    assert np.allclose(sound[0] / sound[0].max(), quiet / quiet.max(), atol=1e-6)


def test_mono_is_on_both_sides_and_other_rates_come_to_44_1_khz():
    sound = stereo_at_band(Audio(heard(0.5, 48_000)[:1], 48_000))
    assert sound.shape == (2, RATE // 2)
    assert (sound[0] == sound[1]).all()


def test_mono_is_the_mean_and_its_length_is_rounded_up():
    left, right = heard(0.5)
    mono = mono_at(Audio(np.stack([left, right]), RATE), RATE)
    mean = (left + right) / 2
    assert np.allclose(mono, mean * PEAK / np.abs(mean).max(), atol=1e-6)
    assert len(mono_at(Audio(left[None, :1001], RATE), 32_000)) == 727  # 726.3


def test_what_is_too_short_to_be_heard_is_said(tmp_path: Path):
    write_audio(tmp_path / "short.wav", heard(0.01), RATE)
    with pytest.raises(AudioError, match=r"no less than 0\.16 s"):
        read_published(tmp_path / "short.wav")


def test_silence_has_no_peak(tmp_path: Path):
    write_audio(tmp_path / "silent.wav", np.zeros((2, RATE), np.float32), RATE, "float")
    with pytest.raises(AudioError, match="is silent throughout"):
        read_published(tmp_path / "silent.wav")
    with pytest.raises(AudioError, match="cancel each other out"):
        mono_at(Audio(np.stack([np.ones(9), -np.ones(9)]).astype(np.float32), RATE), RATE)
