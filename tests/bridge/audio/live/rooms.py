"""Sounds and simulated rooms for the feedback guard."""

from __future__ import annotations

import numpy as np

RATE = 44_100


def drums(seed: int, seconds: float, every: float = 0.3) -> np.ndarray:
    """A pattern of kick, snare and hat, each stroke's noise its own."""
    rng, count = np.random.default_rng(seed), round(seconds * RATE)
    out, t = np.zeros(count + RATE), np.arange(RATE // 4) / RATE
    kick = np.sin(2 * np.pi * (50 * t + 2 * (1 - np.exp(-t * 30)))) * np.exp(-t * 18)
    for stroke, at in enumerate(range(0, count, round(every * RATE))):
        noise = rng.standard_normal(len(t))
        out[at : at + len(t)] += 0.1 * noise * np.exp(-t * 60)
        if stroke % 4 == 0:
            out[at : at + len(t)] += 0.8 * kick
        if stroke % 4 == 2:
            out[at : at + len(t)] += 0.4 * noise * np.exp(-t * 25)
    return out[:count]


def voice(seed: int, seconds: float) -> np.ndarray:
    """Something sung."""
    rng, t = np.random.default_rng(seed), np.arange(round(seconds * RATE)) / RATE
    pitch = 200 * 2 ** (0.1 * np.cumsum(rng.standard_normal(len(t))) / np.sqrt(RATE))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    sung = sum(np.sin(k * phase) / k for k in range(1, 20))
    return 0.1 * sung * (1 + np.sin(6 * np.pi * t)) + 0.003 * rng.standard_normal(len(t))


def chords(seed: int, seconds: float) -> np.ndarray:
    """A chord that is held."""
    rng, t = np.random.default_rng(seed), np.arange(round(seconds * RATE)) / RATE
    out = np.zeros(len(t))
    for step in (0, 4, 7, 12):
        for harmonic in range(1, 12):
            hertz = 110 * 2 ** (step / 12) * harmonic
            out += np.sin(2 * np.pi * hertz * t + rng.uniform(0, 6)) / harmonic
    return 0.05 * out


def impulse(delay: float, direct: float, length: float = 0.3) -> np.ndarray:
    """What a room makes of a click: the direct sound after a delay in s, so many dB above its reverberation."""
    t = np.arange(round(length * RATE)) / RATE
    echo = np.random.default_rng(7).standard_normal(len(t)) * np.exp(-t * 6.9 / length)
    echo *= 10 ** (-direct / 20) / np.sqrt(np.square(echo).sum())
    echo[0] = 1.0
    echo /= np.sqrt(np.square(echo).sum())
    return np.concatenate((np.zeros(round(delay * RATE)), echo))


def room(
    played: np.ndarray, gain: float = 1.0, delay: float = 0.01, direct: float = -3.0
) -> np.ndarray:
    """What a microphone hears of a speaker, neither of them good."""
    size = 1 << (len(played) + RATE - 1).bit_length()
    hertz = np.fft.rfftfreq(size, 1 / RATE)
    band = 1 / (1 + (120 / np.maximum(hertz, 1)) ** 2) / (1 + (hertz / 6000) ** 2)
    through = np.fft.rfft(impulse(delay, direct), size) * band
    return gain * np.fft.irfft(np.fft.rfft(played, size) * through, size)[: len(played)]


def later(sound: np.ndarray, count: int) -> np.ndarray:
    """The same, so many samples later."""
    return np.concatenate((np.zeros(count), sound))[: len(sound)]
