import numpy as np
import pytest

from engine.evaluation.hygiene import clicks, clipped_runs, correlation, hygiene

RATE = 44_100


def music(seconds: float = 2.0) -> np.ndarray:
    """Chords and drums, as wide as music is: loud, sudden, and without a fault."""
    rng = np.random.default_rng(0)
    time = np.arange(round(seconds * RATE)) / RATE
    chord = sum(np.sin(2 * np.pi * f * time) for f in (220.0, 277.2, 329.6))
    drums = rng.standard_normal((2, len(time))) * np.exp(-(time % 0.25) / 0.02)
    return (0.08 * chord + 0.1 * drums).astype(np.float32)


def test_music_has_no_fault():
    found = hygiene(music())
    assert found.faults == ()
    assert found.clicks == 0


def test_dc_is_found():
    assert hygiene(music() + np.float32(0.01)).faults == ("DC",)


@pytest.mark.parametrize("place", [100, 30_000, 60_001])
def test_a_lost_sample_is_a_click_and_counts_once(place: int):
    tone = (0.5 * np.sin(2 * np.pi * 220 * np.arange(88_200) / RATE)).astype(np.float32)
    assert clicks(tone) == 0
    tone[place] += 0.3
    assert clicks(tone) == 1


def test_a_seam_is_a_click_but_a_stroke_of_a_drum_is_none():
    time = np.arange(44_100) / RATE
    tone = (0.5 * np.sin(2 * np.pi * 220 * time)).astype(np.float32)
    assert clicks(np.concatenate([tone[:10_050], tone[10_150:]])) == 1
    stroke = np.random.default_rng(0).standard_normal(4000) * np.exp(-np.arange(4000) / 800)
    struck = tone.copy()
    struck[5000:9000] += 0.3 * stroke.astype(np.float32)
    assert clicks(struck) == 0


def test_clipping_needs_three_samples_in_a_row():
    channel = np.zeros(100, np.float32)
    channel[10:12] = 1.0
    assert clipped_runs(channel) == 0
    channel[20:23] = -1.0
    channel[40:60] = 1.0
    assert clipped_runs(channel) == 2


def test_correlation_of_mono_is_one_and_of_opposites_minus_one():
    left = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    assert correlation(np.stack([left, 2 * left])) == pytest.approx(1.0)
    assert correlation(np.stack([left, -left])) == pytest.approx(-1.0)
    assert correlation(np.stack([left, 0 * left])) == 1.0
    assert hygiene(0.01 * np.stack([left, left])).faults == ("stereo",)
