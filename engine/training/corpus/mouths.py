"""Mouths that differ: drum sounds, hums and whistles by rule, with every number drawn, to learn listening from.

Wider than `beatbox`, which has a few recipes and measures: a "b" may have a chest or be a click of the lips, a "k" may
be short or spat, a "ts" may be dull. Knows nothing of rhythm.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.training.corpus.oscillators import SAMPLE_RATE, Signal, bandpass, highpass, saw, sine

Mouth = Callable[[str, np.random.Generator], Signal]


def mouth(seed: int) -> Mouth:
    """One person: a function from a sound ("kick", "snare", "hat", "open") and a generator to [N] float32."""
    own = np.random.default_rng([0x3072, seed])
    habits = {name: own.random(8) for name in _SOUNDS}

    def sounded(sound: str, rng: np.random.Generator) -> Signal:
        drawn = np.clip(habits[sound] + rng.normal(0, 0.05, 8), 0, 1)
        made = _SOUNDS[sound](drawn, rng)
        return (made / max(1e-6, float(np.abs(made).max()))).astype(np.float32)

    return sounded


def hum(pitches: Signal, rng: np.random.Generator) -> Signal:
    """A voice that follows `pitches` (Hz, one for each sample): [N] float32, harmonics through two formants."""
    t = np.arange(len(pitches)) / SAMPLE_RATE
    vibrato = 1 + float(rng.uniform(0, 0.012)) * np.sin(
        2 * np.pi * float(rng.uniform(4.5, 6.5)) * t
    )
    phase = np.cumsum(pitches * vibrato) / SAMPLE_RATE
    closing = float(rng.uniform(1.0, 2.2))
    tone = sum(np.sin(2 * np.pi * k * phase) / k**closing for k in range(1, 13))
    breath = 0.01 * float(rng.random()) * rng.standard_normal(len(t))
    source = (np.asarray(tone) + breath).astype(np.float32)
    low, high = float(rng.uniform(250, 700)), float(rng.uniform(800, 2200))
    return (
        source * 0.2
        + bandpass(source, low, 2.0)
        + float(rng.random()) * bandpass(source, high, 3.0)
    )


def whistle(pitches: Signal, rng: np.random.Generator) -> Signal:
    """A whistle that follows `pitches`: nearly a sine, in the noise of the breath."""
    phase = np.cumsum(pitches) / SAMPLE_RATE
    tone = np.sin(2 * np.pi * phase) + 0.03 * np.sin(4 * np.pi * phase)
    breath = bandpass(
        rng.standard_normal(len(pitches)).astype(np.float32), float(pitches.mean()), 1.0
    )
    return (tone + float(rng.uniform(0.01, 0.08)) * breath).astype(np.float32)


def _between(part: float, low: float, high: float) -> float:
    """A geometric mean of two ends."""
    return low * (high / low) ** part


def _clock(seconds: float) -> Signal:
    return np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE


def _kick(x: Signal, rng: np.random.Generator) -> Signal:
    decay = _between(x[0], 0.015, 0.09)
    t = _clock(6 * decay + 0.03)
    base = _between(x[1], 50, 170)
    chest = sine(base * (1 + 2 * x[2] * np.exp(-t / 0.02)), len(t)) * np.exp(-t / decay)
    noise = rng.standard_normal(len(t)).astype(np.float32)
    lips = bandpass(noise, _between(x[3], 150, 1100), 0.8) * np.exp(
        -t / _between(x[4], 0.004, 0.025)
    )
    air = highpass(noise, 2500) * np.exp(-t / 0.006)
    loud = _between(x[5], 0.15, 3.0)
    return chest + loud * lips + 0.12 * x[6] * loud * air


def _snare(x: Signal, rng: np.random.Generator) -> Signal:
    decay = _between(x[0], 0.018, 0.11)
    t = _clock(5 * decay + 0.03)
    noise = rng.standard_normal(len(t)).astype(np.float32)
    front = bandpass(noise, _between(x[1], 900, 2600), _between(x[2], 0.5, 2.0))
    teeth = bandpass(noise, _between(x[3], 2800, 6500), 1.0)
    burst = (front + 1.2 * x[4] * teeth) * np.exp(-t / decay)
    vowel = saw(_between(x[5], 90, 260), len(t)) * np.exp(-t / 0.05) * np.minimum(1, t / 0.012)
    voiced = bandpass(vowel.astype(np.float32), 600, 1.0) * max(0.0, x[6] - 0.6)
    attack = np.minimum(1, t / _between(x[7], 0.0005, 0.008))
    return attack * burst + voiced


def _hat(x: Signal, rng: np.random.Generator) -> Signal:
    return _teeth(x, rng, _between(x[0], 0.008, 0.04))


def _open(x: Signal, rng: np.random.Generator) -> Signal:
    return _teeth(x, rng, _between(x[0], 0.09, 0.3))


def _teeth(x: Signal, rng: np.random.Generator, decay: float) -> Signal:
    t = _clock(5 * decay + 0.02)
    noise = rng.standard_normal(len(t)).astype(np.float32)
    hiss = highpass(noise, _between(x[1], 3200, 8500))
    hiss += x[2] * bandpass(noise, _between(x[3], 5000, 9500), 2.0)
    tick = bandpass(noise, 3500, 1.0) * np.exp(-t / 0.003)
    return (
        np.minimum(1, t / _between(x[4], 0.0005, 0.006)) * np.exp(-t / decay) * hiss
        + 0.5 * x[5] * tick
    )


_SOUNDS: dict[str, Callable[[Signal, np.random.Generator], Signal]] = {
    "kick": _kick,
    "snare": _snare,
    "hat": _hat,
    "open": _open,
}
