"""Laws of every synthesiser patch: finite, bounded, without DC, at the pitch asked for, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from engine.training.corpus.oscillators import SAMPLE_RATE, Signal
from engine.training.corpus.synths import PATCHES, synth_note
from engine.training.corpus.tone import Tone

SEEDS = (1, 2, 3)
INHARMONIC = {"bell_fm", "pluck_fm"}
"""Their modulator is no whole multiple of the pitch: only the carrier is where it was asked for."""
LOW = {name for name in PATCHES if name.startswith("bass")} | {"chip_triangle"}


def tone(patch: str, seed: int, velocity: float = 0.8) -> Tone:
    frequency = 73.42 if patch in LOW else 293.66
    return Tone(frequency, SAMPLE_RATE * 3 // 4, velocity, 0.5, seed)


def settled(patch: str, seed: int) -> Signal:
    """The middle of a note, mixed to mono, when its attack and glide are over."""
    sound = synth_note(patch, tone(patch, seed)).mean(axis=0)
    return sound[int(0.2 * SAMPLE_RATE) : int(0.6 * SAMPLE_RATE)]


def likeness(sound: Signal, frequency: float) -> float:
    """Correlation of a sound with itself one period later."""
    lag = round(SAMPLE_RATE / frequency)
    return float(np.corrcoef(sound[:-lag], sound[lag:])[0, 1])


@pytest.mark.parametrize("patch", PATCHES)
def test_a_note_is_finite_bounded_and_ends_in_silence(patch: str) -> None:
    for seed in SEEDS:
        asked = tone(patch, seed)
        sound = synth_note(patch, asked)
        assert sound.shape[0] == 2
        assert sound.shape[1] >= asked.held
        assert np.isfinite(sound).all()
        assert 0.05 < np.abs(sound).max() < 4
        assert np.abs(sound[:, -1]).max() < 1e-6


@pytest.mark.parametrize("patch", PATCHES)
def test_a_note_has_no_dc(patch: str) -> None:
    for seed in SEEDS:
        sound = settled(patch, seed)
        # Whole periods only, or their remainder would be taken for DC.
        period = SAMPLE_RATE / tone(patch, seed).frequency
        whole = sound[: int(len(sound) // period * period)]
        assert abs(whole.mean()) < 0.1 * np.sqrt((whole**2).mean())


@pytest.mark.parametrize("patch", sorted(set(PATCHES) - INHARMONIC))
def test_a_note_repeats_with_its_period_and_no_other(patch: str) -> None:
    for seed in SEEDS:
        sound, frequency = settled(patch, seed), tone(patch, seed).frequency
        right = likeness(sound, frequency)
        assert right > 0.6
        for semitones in (-3, 3, 6):
            assert likeness(sound, frequency * 2 ** (semitones / 12)) < right - 0.1


@pytest.mark.parametrize("patch", sorted(INHARMONIC))
def test_an_inharmonic_note_still_has_its_carrier(patch: str) -> None:
    for seed in SEEDS:
        sound, frequency = settled(patch, seed), tone(patch, seed).frequency
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 17))
        bins = np.arange(len(spectrum)) * SAMPLE_RATE / (1 << 17)
        carrier = spectrum[np.abs(bins / frequency - 1) < 0.02].max()
        assert carrier > 0.2 * spectrum.max()


@pytest.mark.parametrize("patch", PATCHES)
def test_a_seed_is_a_character(patch: str) -> None:
    first = synth_note(patch, tone(patch, 1))
    assert np.array_equal(first, synth_note(patch, tone(patch, 1)))
    others = [synth_note(patch, tone(patch, seed)) for seed in range(2, 8)]
    alike = all(other.shape == first.shape and np.array_equal(other, first) for other in others)
    # The triangle of an old console has one sound only.
    assert alike == (patch == "chip_triangle")
