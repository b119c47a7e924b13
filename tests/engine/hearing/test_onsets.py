"""Laws of onsets: exact to milliseconds, the same at any level, none in what does not begin."""

from __future__ import annotations

import numpy as np
import pytest

from engine.hearing.onsets import onsets
from engine.training.corpus.beatbox import beatbox, hand_claps
from tests.engine.hearing.sounds import clicks, clock, noise, tone

TIMES = [0.2, 0.33, 0.61, 0.7, 1.0, 1.5]


@pytest.mark.parametrize("decay", [0.005, 0.02, 0.05])
@pytest.mark.parametrize("level", [1.0, 0.01])
def test_bursts_are_found_to_two_milliseconds(decay: float, level: float) -> None:
    found = onsets(np.float32(level) * clicks(TIMES, 2.0, decay))
    assert len(found) == len(TIMES)
    assert np.abs(found - TIMES).max() < 0.002


def test_bursts_in_noise_are_found() -> None:
    found = onsets(clicks(TIMES, 2.0) + noise(2.0, 0.003))
    assert len(found) == len(TIMES)
    assert np.abs(found - TIMES).max() < 0.01


@pytest.mark.parametrize("seed", range(4))
def test_the_strokes_of_a_beatbox_are_found(seed: int) -> None:
    audio, known = beatbox(seed, 80 + 20 * seed, 2)
    found = onsets(audio)
    times = np.array([when for when, _ in known])
    near = np.abs(times[:, None] - found).min(axis=1)
    # Two that begin within 20 ms are one.
    assert np.median(near) < 0.002
    assert (near < 0.022).mean() > 0.97
    assert (np.abs(found[:, None] - times).min(axis=1) < 0.05).mean() > 0.95


def test_a_single_burst_in_a_minute_of_silence_is_found() -> None:
    assert onsets(clicks([31.0], 60.0)) == pytest.approx([31.0], abs=0.002)


def test_claps_are_counted() -> None:
    audio, known = hand_claps(3, 100, 4)
    assert len(onsets(audio)) == len(known)


def test_a_steady_tone_begins_once_and_vibrato_is_no_onset() -> None:
    wave = 440 * 2 ** (0.5 / 12 * np.sin(2 * np.pi * 5.5 * clock(2.0)))
    assert len(onsets(np.pad(tone(440, 2.0), ((0, 0), (4410, 0))))) <= 1
    assert len(onsets(np.pad(tone(wave, 2.0, (1, 2, 3)), ((0, 0), (4410, 0))))) <= 1


@pytest.mark.parametrize("samples", [0, 1, 100, 44_100])
def test_nothing_begins_in_silence(samples: int) -> None:
    assert onsets(np.zeros((2, samples), np.float32)).size == 0


def test_the_end_of_a_tone_is_no_beginning() -> None:
    assert len(onsets(np.pad(tone(440, 0.5, (1, 2, 3, 4)), ((0, 0), (4410, 22_050))))) == 1


def test_nothing_begins_in_a_constant() -> None:
    assert (onsets(np.full((1, 44_100), 0.5, np.float32)) < 0.05).all()
