"""Building blocks of our synthesisers: band-limited waveforms, envelopes, swept filters.

Everything is vectorised over one note, without loops over samples. Knows nothing of patches or music.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import sosfilt

Signal = NDArray[np.floating[Any]]
"""Audio; float32 at module boundaries."""
SAMPLE_RATE = 44100


def phase(
    frequency: float | NDArray[np.floating[Any]], samples: int, start: float = 0.0
) -> NDArray[np.floating[Any]]:
    """Phase in cycles; `frequency` in Hz, constant or one value per sample."""
    if isinstance(frequency, np.ndarray):
        return start + np.cumsum(frequency) / SAMPLE_RATE
    return start + frequency / SAMPLE_RATE * np.arange(samples)


def saw(frequency: float, samples: int, start: float = 0.0) -> Signal:
    """A sawtooth, its step smoothed over two samples (polyBLEP)."""
    position = phase(frequency, samples, start) % 1.0
    step = frequency / SAMPLE_RATE
    return (2.0 * position - 1.0 - _blep(position, step)).astype(np.float32)


def pulse(frequency: float, samples: int, width: float = 0.5, start: float = 0.0) -> Signal:
    """A pulse of duty `width`: the difference of two sawtooths."""
    return 0.5 * (saw(frequency, samples, start) - saw(frequency, samples, start + width))


def triangle(frequency: float, samples: int) -> Signal:
    """A triangle; its overtones fall off fast enough without smoothing."""
    return (4.0 * np.abs(phase(frequency, samples, 0.25) % 1.0 - 0.5) - 1.0).astype(np.float32)


def sine(frequency: float | Signal, samples: int, start: float = 0.0) -> Signal:
    """A sine wave."""
    return np.sin(2 * np.pi * phase(frequency, samples, start)).astype(np.float32)


def _blep(position: Signal, step: float) -> Signal:
    out = np.zeros_like(position)
    rising = position < step
    t = position[rising] / step
    out[rising] = 2 * t - t * t - 1
    falling = position > 1 - step
    t = (position[falling] - 1) / step
    out[falling] = t * t + 2 * t + 1
    return out


def adsr(times: tuple[float, float, float, float], held: int, samples: int) -> Signal:
    """An envelope over `samples`, released after `held`; `times` = attack s, decay s, sustain level, release s."""
    attack, decay, sustain, release = times
    t = np.arange(samples) / SAMPLE_RATE
    rise = np.minimum(1.0, t / max(attack, 1e-4))
    fall = sustain + (1 - sustain) * np.exp(-np.maximum(0.0, t - attack) / max(decay, 1e-4) * 3)
    out = rise * fall
    if held < samples:
        since = (np.arange(samples - held)) / SAMPLE_RATE
        out[held:] = out[max(0, held - 1)] * np.exp(-since / max(release, 1e-3) * 5)
    return out.astype(np.float32)


def lowpass(x: Signal, cutoff: float, resonance: float = 0.707) -> Signal:
    """A two-pole low-pass; `cutoff` in Hz, `resonance` is Q."""
    return np.asarray(sosfilt(_biquad("low", cutoff, resonance), x, axis=-1), dtype=np.float32)


def highpass(x: Signal, cutoff: float, resonance: float = 0.707) -> Signal:
    """A two-pole high-pass."""
    return np.asarray(sosfilt(_biquad("high", cutoff, resonance), x, axis=-1), dtype=np.float32)


def bandpass(x: Signal, centre: float, resonance: float = 1.0) -> Signal:
    """A two-pole band-pass with unit gain at its centre."""
    return np.asarray(sosfilt(_biquad("band", centre, resonance), x, axis=-1), dtype=np.float32)


def _biquad(shape: str, cutoff: float, resonance: float) -> NDArray[np.float64]:
    """Second-order section from the analogue prototype by the bilinear transform."""
    omega = 2 * np.pi * min(max(cutoff, 10.0), 0.45 * SAMPLE_RATE) / SAMPLE_RATE
    alpha = np.sin(omega) / (2 * resonance)
    cos = np.cos(omega)
    numerator = {
        "low": [(1 - cos) / 2, 1 - cos, (1 - cos) / 2],
        "high": [(1 + cos) / 2, -(1 + cos), (1 + cos) / 2],
        "band": [alpha, 0.0, -alpha],
    }[shape]
    denominator = [1 + alpha, -2 * cos, 1 - alpha]
    return np.array([[*numerator, *denominator]]) / denominator[0]


def swept_lowpass(x: Signal, cutoff: Signal, resonance: float = 0.9) -> Signal:
    """A low-pass with a variable cutoff (Hz, one value per sample): static filters half an octave apart, crossfaded.

    A recursive filter with changing coefficients would need a loop over samples.
    """
    low, high = float(np.log2(max(cutoff.min(), 20.0))), float(np.log2(max(cutoff.max(), 20.0)))
    bands = max(2, int(np.ceil((high - low) * 2)) + 1)
    if high - low < 0.1:
        return lowpass(x, 2**high, resonance)
    place = (np.log2(np.maximum(cutoff, 20.0)) - low) / (high - low) * (bands - 1)
    out = np.zeros_like(x)
    for band in range(bands):
        weight = np.maximum(0.0, 1.0 - np.abs(place - band)).astype(np.float32)
        if weight.any():
            out += weight * lowpass(x, 2 ** (low + (high - low) * band / (bands - 1)), resonance)
    return out
