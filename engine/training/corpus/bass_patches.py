"""Patches for basses: saw, square, FM, sub, 808, reese, wobble and acid.

Each patch's parameters are drawn from the seed of its tone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.training.corpus.oscillators import (
    SAMPLE_RATE,
    Signal,
    adsr,
    highpass,
    pulse,
    saw,
    sine,
    swept_lowpass,
)
from engine.training.corpus.tone import Tone, enveloped, filter_envelope

_LOWEST = 20.0
"""Hz; the lowest audible frequency."""


def _bass(tone: Tone, wave: Callable[[float, int], Signal]) -> Signal:
    rng = tone.character()
    samples, envelope = enveloped(
        tone, (0.003, float(rng.uniform(0.2, 0.8)), float(rng.uniform(0.4, 0.9)), 0.06)
    )
    cutoff = filter_envelope(
        tone,
        samples,
        (float(rng.uniform(150, 700)), float(rng.uniform(1, 3.5)), float(rng.uniform(0.08, 0.3))),
    )
    body = wave(tone.frequency, samples) + 0.5 * sine(tone.frequency, samples)
    return np.tanh(1.4 * swept_lowpass(body, cutoff, float(rng.uniform(0.8, 2.0)))) * envelope


def _bass_saw(tone: Tone) -> Signal:
    return _bass(tone, lambda f, n: 0.6 * saw(f, n) + 0.4 * saw(f * 1.006, n, 0.3))


def _bass_square(tone: Tone) -> Signal:
    width = float(np.random.default_rng([0x58, tone.seed]).uniform(0.25, 0.5))
    return _bass(tone, lambda f, n: pulse(f, n, width))


def _bass_fm(tone: Tone) -> Signal:
    rng = tone.character()
    samples, envelope = enveloped(tone, (0.002, 0.5, 0.6, 0.06))
    t = np.arange(samples) / SAMPLE_RATE
    index = rng.uniform(1.0, 3.0) * tone.velocity * np.exp(-t / rng.uniform(0.08, 0.4)) + 0.2
    modulator = index * np.sin(2 * np.pi * tone.frequency * float(rng.choice([1, 2, 3])) * t)
    return (np.sin(2 * np.pi * tone.frequency * t + modulator) * envelope).astype(np.float32)


def _bass_sub(tone: Tone) -> Signal:
    samples, envelope = enveloped(tone, (0.006, 0.6, 0.85, 0.08))
    drive = float(tone.character().uniform(1.0, 2.5))
    return np.tanh(drive * sine(tone.frequency, samples)) / np.tanh(drive) * envelope


def _bass_808(tone: Tone) -> Signal:
    rng = tone.character()
    samples = tone.samples(0.12)
    t = np.arange(samples) / SAMPLE_RATE
    glide = tone.frequency * (1 + rng.uniform(1.0, 3.0) * np.exp(-t / rng.uniform(0.012, 0.03)))
    envelope = adsr((0.002, float(rng.uniform(0.8, 2.5)), 0.25, 0.1), tone.held, samples)
    drive = float(rng.uniform(1.2, 3.5))
    return (np.tanh(drive * sine(glide, samples)) / np.tanh(drive) * envelope).astype(np.float32)


def _bass_reese(tone: Tone) -> Signal:
    rng = tone.character()
    samples, envelope = enveloped(tone, (0.01, 1.0, 0.9, 0.08))
    detune = float(rng.uniform(0.004, 0.012))
    pair = [
        saw(tone.frequency * (1 - detune), samples, 0.1)
        + saw(tone.frequency * (1 + sign * detune), samples, 0.6)
        for sign in (1.0, 1.3)
    ]
    t = np.arange(samples) / SAMPLE_RATE
    cutoff = (
        float(rng.uniform(300, 700)) * 2 ** (np.sin(2 * np.pi * t / (tone.beat * 4)) * 0.8)
    ).astype(np.float32)
    sub = 0.7 * sine(tone.frequency, samples)
    return np.stack([np.tanh(swept_lowpass(x * 0.6, cutoff, 1.2) + sub) * envelope for x in pair])


def _bass_wobble(tone: Tone) -> Signal:
    rng = tone.character()
    samples, envelope = enveloped(tone, (0.005, 1.0, 0.95, 0.05))
    rate = float(rng.choice([1, 2, 3, 4])) / tone.beat
    t = np.arange(samples) / SAMPLE_RATE
    wave = 0.5 - 0.5 * np.cos(2 * np.pi * rate * t)
    cutoff = (120 * 2 ** (float(rng.uniform(3.5, 5)) * wave)).astype(np.float32)
    body = (
        saw(tone.frequency, samples)
        + pulse(tone.frequency * 1.005, samples, 0.4)
        + 0.5 * saw(tone.frequency * 2, samples)
    )
    driven = np.tanh(1.5 * swept_lowpass(body, cutoff, 2.0) + 0.6 * sine(tone.frequency, samples))
    # Distortion of an asymmetric wave leaves a DC offset.
    return 0.8 * highpass(driven, _LOWEST) * envelope


def _bass_acid(tone: Tone) -> Signal:
    rng = tone.character()
    samples, envelope = enveloped(tone, (0.002, 0.5, 0.7, 0.03))
    accent = 1.0 if tone.velocity > 0.8 else 0.6
    shape = (
        float(rng.uniform(200, 500)),
        float(rng.uniform(2.5, 4)) * accent,
        float(rng.uniform(0.06, 0.25)),
    )
    wave = saw(tone.frequency, samples) if rng.random() < 0.6 else pulse(tone.frequency, samples)
    filtered = swept_lowpass(wave, filter_envelope(tone, samples, shape), float(rng.uniform(4, 9)))
    return highpass(np.tanh(1.6 * filtered), _LOWEST) * envelope


BASS_PATCHES: dict[str, Callable[[Tone], Signal]] = {
    "bass_saw": _bass_saw,
    "bass_square": _bass_square,
    "bass_fm": _bass_fm,
    "bass_sub": _bass_sub,
    "bass_808": _bass_808,
    "bass_reese": _bass_reese,
    "bass_wobble": _bass_wobble,
    "bass_acid": _bass_acid,
}
"""The patches of this file by name."""
