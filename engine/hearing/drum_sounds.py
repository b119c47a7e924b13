"""What a stroke is like: kick, snare or clap, closed hat, open hat or cymbal, tom, several of them at once, or none.

A perceptron of one hidden layer over the mel bands of four moments around an onset, without what sounded before it.
`longtake train hearing` makes its weights. Knows nothing of when strokes are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load

from engine.hearing.frames import RATE, Signal, clip, mel_filters
from engine.sound.audio import Samples

SOUNDS = {"kick": 36, "snare": 38, "hat": 42, "open": 46, "tom": 45}
"""Sound -> its General MIDI pitch."""
WEIGHTS = "drum_sounds.safetensors"
LENGTH = 1024
BANDS = 24
MOMENTS = (-0.004, 0.012, 0.032, 0.09)
"""Where the windows begin, s from the onset; the one before it ends with the first's beginning."""
FEATURES = (len(MOMENTS) + 1) * BANDS
_FLOOR = -6.0


@dataclass(frozen=True, slots=True)
class DrumSounds:
    """The perceptron: `hidden` [FEATURES + 1, H] and `output` [H + 1, len(SOUNDS)], whose last rows are biases."""

    hidden: Signal
    output: Signal

    @classmethod
    def of(cls, weights: Mapping[str, Signal]) -> DrumSounds:
        """From tensors by name."""
        return cls(weights["hidden"], weights["output"])

    def likelihoods(self, found: Signal) -> Signal:
        """Of each sound, [S, len(SOUNDS)] in 0..1, independent of each other, from features [S, FEATURES]."""
        inner = np.tanh(found @ self.hidden[:-1] + self.hidden[-1])
        return 1 / (1 + np.exp(-(inner @ self.output[:-1] + self.output[-1])))


@cache
def drum_sounds() -> DrumSounds:
    """The classifier that comes with the wing."""
    return DrumSounds.of(load((resources.files("engine.hearing") / WEIGHTS).read_bytes()))


def features(samples: Samples, times: NDArray[np.float64]) -> Signal:
    """[S, FEATURES] of the onsets (s) in [C, N] at 44.1 kHz, the same for every level.

    Band powers of each moment above the window before the onset, in powers of ten below the loudest, divided by 2;
    and that window's own.
    """
    starts = [-LENGTH / RATE + MOMENTS[0], *MOMENTS]
    window, filters = np.hanning(LENGTH).astype(np.float32), _filters()
    power = np.empty((len(times), len(starts), BANDS), np.float32)
    for row, time in zip(power, times, strict=True):
        first = round((float(time) + starts[0]) * RATE)
        mono = clip(samples, first, first + round((starts[-1] - starts[0]) * RATE) + LENGTH + 1)
        at = [round((start - starts[0]) * RATE) for start in starts]
        cut = np.stack([mono[place : place + LENGTH] for place in at]) * window
        spectrum = np.fft.rfft(cut, axis=1)
        row[:] = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) @ filters
    before = power[:, :1]
    power[:, 1:] = np.maximum(power[:, 1:] - before, 1e-2 * before)
    top = np.maximum(power[:, 1:3].max(axis=(1, 2), keepdims=True), 1e-20)
    levels = np.log10(np.maximum(power / top, 10**_FLOOR)) / 2 + 1
    return np.clip(levels, _FLOOR / 2 + 1, 2).reshape(len(times), FEATURES).astype(np.float32)


@cache
def _filters() -> Signal:
    return mel_filters(BANDS, LENGTH, 30.0, 17_000.0)
