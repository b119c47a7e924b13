"""Sounds whose pitch and strokes are known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.hearing.frames import RATE, Signal


def clock(seconds: float) -> NDArray[np.float64]:
    return np.arange(round(seconds * RATE)) / RATE


def tone(
    hertz: float | NDArray[np.float64], seconds: float, harmonics: tuple[int, ...] = (1,)
) -> Signal:
    """[1, N] of a pitch, constant or one for each sample, with these harmonics at 1/k."""
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(hertz, clock(seconds).shape)) / RATE
    waves = np.stack([np.sin(k * phase) / k for k in harmonics])
    return 0.2 * waves.sum(axis=0, keepdims=True).astype(np.float32)


def melody(pitches: list[int], seconds: float = 0.4, rest: float = 0.1) -> Signal:
    """[1, N]: notes with soft edges and five harmonics, and a rest after each; the first begins after a rest."""
    silence = np.zeros((1, round(rest * RATE)), np.float32)
    parts = [silence]
    for pitch in pitches:
        note = tone(440 * 2 ** ((pitch - 69) / 12), seconds, (1, 2, 3, 4, 5))
        ramp = np.minimum(1, np.arange(note.shape[1]) / 400)
        parts += [note * (ramp * ramp[::-1]).astype(np.float32), silence]
    return np.concatenate(parts, axis=1)


def clicks(times: list[float], seconds: float, decay: float = 0.02) -> Signal:
    """[1, N]: bursts of noise that begin at these times."""
    rng = np.random.default_rng(5)
    audio = np.zeros(round(seconds * RATE), np.float32)
    burst = np.exp(-clock(0.2) / decay)
    for time in times:
        first = round(time * RATE)
        length = min(len(burst), len(audio) - first)
        audio[first : first + length] += 0.3 * burst[:length] * rng.standard_normal(length)
    return audio[None].astype(np.float32)


def noise(seconds: float, level: float = 0.1) -> Signal:
    return (level * np.random.default_rng(6).standard_normal((1, round(seconds * RATE)))).astype(
        np.float32
    )
