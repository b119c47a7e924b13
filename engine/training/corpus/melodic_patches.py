"""Patches for leads, pads, plucks, stabs, bells and chips.

Each patch's parameters are drawn from the seed of its tone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np

from engine.training.corpus.oscillators import (
    SAMPLE_RATE,
    Signal,
    bandpass,
    lowpass,
    pulse,
    saw,
    sine,
    swept_lowpass,
    triangle,
)
from engine.training.corpus.tone import Tone, enveloped, filter_envelope


def _lead(tone: Tone, wave: Callable[[float, int], Signal]) -> Signal:
    rng = tone.character()
    samples, envelope = enveloped(
        tone, (float(rng.uniform(0.004, 0.03)), 0.6, 0.75, float(rng.uniform(0.08, 0.25)))
    )
    cutoff = filter_envelope(
        tone, samples, (float(rng.uniform(1200, 4000)), float(rng.uniform(0.5, 2)), 0.3)
    )
    return (
        0.7
        * swept_lowpass(wave(tone.frequency, samples), cutoff, float(rng.uniform(0.7, 2)))
        * envelope
    )


def _lead_saw(tone: Tone) -> Signal:
    return _lead(tone, lambda f, n: 0.5 * (saw(f, n) + saw(f * 1.005, n, 0.4)))


def _lead_square(tone: Tone) -> Signal:
    return _lead(tone, lambda f, n: pulse(f, n, 0.4) + 0.3 * pulse(f * 2.003, n, 0.5, 0.2))


def _lead_fm(tone: Tone) -> Signal:
    ratio = float(np.random.default_rng([0x59, tone.seed]).choice([1.0, 2.0, 3.0]))

    def wave(f: float, n: int) -> Signal:
        t = np.arange(n) / SAMPLE_RATE
        vibrato = 0.006 * f / 5.5 * np.sin(2 * np.pi * 5.5 * t) * np.minimum(1, t / 0.4)
        return np.sin(
            2 * np.pi * f * t + vibrato * 2 * np.pi + 1.6 * np.sin(2 * np.pi * f * ratio * t)
        ).astype(np.float32)

    return _lead(tone, wave)


def _supersaw(tone: Tone) -> Signal:
    rng = tone.character()
    times = (float(rng.uniform(0.003, 0.02)), 0.8, 0.8, float(rng.uniform(0.1, 0.35)))
    samples, envelope = enveloped(tone, times)
    spread = float(rng.uniform(0.006, 0.016))
    sides = [np.zeros(samples, np.float32), np.zeros(samples, np.float32)]
    for index, (detune, start) in enumerate(zip(np.linspace(-1, 1, 7), rng.random(7), strict=True)):
        voice = saw(tone.frequency * (1 + spread * float(detune)), samples, float(start))
        sides[index % 2] += voice
        sides[1 - index % 2] += 0.25 * voice
    cutoff = float(rng.uniform(5000, 12000)) * (0.6 + 0.4 * tone.velocity)
    return 0.3 * lowpass(np.stack(sides), cutoff) * envelope


def _pad(
    tone: Tone, wave: Callable[[float, int, float], Signal], span: tuple[float, float]
) -> Signal:
    rng = tone.character()
    attack = min(float(rng.uniform(0.08, 0.6)), tone.held / SAMPLE_RATE * 0.5)
    samples, envelope = enveloped(tone, (attack, 2.0, 0.85, float(rng.uniform(0.5, 1.4))))
    t = np.arange(samples) / SAMPLE_RATE
    motion = 0.4 * np.sin(2 * np.pi * t * float(rng.uniform(0.08, 0.3)))
    cutoff = (float(rng.uniform(*span)) * 2**motion).astype(np.float32)
    sides = np.stack([wave(tone.frequency, samples, detune) for detune in (0.997, 1.003)])
    return 0.55 * swept_lowpass(sides, cutoff, 0.9) * envelope


def _pad_warm(tone: Tone) -> Signal:
    return _pad(
        tone, lambda f, n, d: 0.5 * (saw(f * d, n, 0.2) + saw(f / d * 1.001, n, 0.7)), (500, 1800)
    )


def _pad_strings(tone: Tone) -> Signal:
    return _pad(
        tone,
        lambda f, n, d: 0.4 * (saw(f * d, n) + saw(f * d * 1.004, n, 0.3) + saw(f * 2 * d, n, 0.6)),
        (1800, 5000),
    )


def _pad_glass(tone: Tone) -> Signal:
    def wave(f: float, n: int, d: float) -> Signal:
        return (
            0.6 * sine(f * d, n)
            + 0.3 * sine(f * 2.001 * d, n)
            + 0.18 * sine(f * 3.003 / d, n)
            + 0.1 * sine(f * 5 * d, n)
        )

    return _pad(tone, wave, (3000, 9000))


def _pad_voice(tone: Tone) -> Signal:
    formants = ((700, 1100, 2600), (400, 900, 2500), (350, 2000, 2800), (500, 1700, 2500))
    chosen = formants[int(tone.character().integers(len(formants)))]

    def wave(f: float, n: int, d: float) -> Signal:
        source = saw(f * d, n, 0.1) + saw(f / d, n, 0.5)
        voiced = sum(
            bandpass(source, centre, 6.0) * level
            for centre, level in zip(chosen, (1.0, 0.7, 0.4), strict=True)
        )
        return cast(Signal, voiced) + 0.1 * source

    return _pad(tone, wave, (3000, 6000))


def _pluck_saw(tone: Tone) -> Signal:
    rng = tone.character()
    samples, envelope = enveloped(tone, (0.002, float(rng.uniform(0.15, 0.5)), 0.05, 0.15))
    shape = (float(rng.uniform(300, 900)), float(rng.uniform(2, 4)), float(rng.uniform(0.04, 0.15)))
    sides = np.stack([saw(tone.frequency * d, samples, s) for d, s in ((0.998, 0.0), (1.002, 0.5))])
    return swept_lowpass(sides, filter_envelope(tone, samples, shape), 1.2) * envelope


def _fm(tone: Tone, ratio: float, index: float, decay: float) -> Signal:
    samples = tone.samples(min(1.5, decay))
    t = np.arange(samples) / SAMPLE_RATE
    envelope = np.exp(-t / decay) * np.minimum(1, t / 0.002)
    modulation = (
        index
        * tone.velocity
        * np.exp(-t / (decay * 0.6))
        * np.sin(2 * np.pi * tone.frequency * ratio * t)
    )
    left = np.sin(2 * np.pi * tone.frequency * 0.9995 * t + modulation)
    right = np.sin(2 * np.pi * tone.frequency * 1.0005 * t + modulation)
    return (np.stack([left, right]) * envelope).astype(np.float32)


def _pluck_fm(tone: Tone) -> Signal:
    rng = tone.character()
    return _fm(
        tone,
        float(rng.choice([1, 2, 3, 1.41])),
        float(rng.uniform(1, 3)),
        float(rng.uniform(0.15, 0.4)),
    )


def _bell_fm(tone: Tone) -> Signal:
    rng = tone.character()
    return _fm(
        tone,
        float(rng.choice([3.5, 1.41, 2.76, 7.0])),
        float(rng.uniform(0.8, 2.2)),
        float(rng.uniform(0.6, 1.6)),
    )


def _stab_chord(tone: Tone) -> Signal:
    rng = tone.character()
    samples, envelope = enveloped(tone, (0.003, float(rng.uniform(0.15, 0.4)), 0.3, 0.1))
    shape = (float(rng.uniform(500, 1500)), float(rng.uniform(1, 2.5)), 0.12)
    sides = np.stack(
        [
            saw(tone.frequency * d, samples, s) + 0.5 * pulse(tone.frequency, samples)
            for d, s in ((0.997, 0.2), (1.003, 0.8))
        ]
    )
    return 0.7 * swept_lowpass(sides, filter_envelope(tone, samples, shape), 1.5) * envelope


def _stab_organ(tone: Tone) -> Signal:
    samples, envelope = enveloped(tone, (0.002, 0.4, 0.5, 0.06))
    levels = tone.character().uniform(0.1, 1.0, 4)
    partials = sum(
        float(a) * sine(tone.frequency * k, samples)
        for a, k in zip(levels, (1, 2, 3, 4), strict=True)
    )
    return np.tanh(cast(Signal, partials)) * envelope


def _brass_poly(tone: Tone) -> Signal:
    rng = tone.character()
    samples, envelope = enveloped(tone, (0.03, 0.8, 0.8, 0.2))
    t = np.arange(samples) / SAMPLE_RATE
    swell = np.minimum(1, t / float(rng.uniform(0.05, 0.2)))
    cutoff = (float(rng.uniform(500, 900)) * 2 ** (swell * float(rng.uniform(1.5, 2.5)))).astype(
        np.float32
    )
    sides = np.stack(
        [
            saw(tone.frequency * d, samples, s) + saw(tone.frequency, samples, 0.4)
            for d, s in ((0.996, 0.1), (1.004, 0.6))
        ]
    )
    return 0.5 * swept_lowpass(sides, cutoff, 1.1) * envelope


def _chip_pulse(tone: Tone) -> Signal:
    samples, envelope = enveloped(tone, (0.001, 0.3, 0.6, 0.02))
    return (
        0.6
        * pulse(tone.frequency, samples, float(tone.character().choice([0.125, 0.25, 0.5])))
        * envelope
    )


def _chip_triangle(tone: Tone) -> Signal:
    samples, envelope = enveloped(tone, (0.001, 1.0, 1.0, 0.01))
    return (np.round(triangle(tone.frequency, samples) * 7) / 7 * envelope).astype(np.float32)


MELODIC_PATCHES: dict[str, Callable[[Tone], Signal]] = {
    "lead_saw": _lead_saw,
    "lead_square": _lead_square,
    "lead_fm": _lead_fm,
    "supersaw": _supersaw,
    "pad_warm": _pad_warm,
    "pad_strings": _pad_strings,
    "pad_glass": _pad_glass,
    "pad_voice": _pad_voice,
    "pluck_saw": _pluck_saw,
    "pluck_fm": _pluck_fm,
    "bell_fm": _bell_fm,
    "stab_chord": _stab_chord,
    "stab_organ": _stab_organ,
    "brass_poly": _brass_poly,
    "chip_pulse": _chip_pulse,
    "chip_triangle": _chip_triangle,
}
"""The patches of this file by name."""
