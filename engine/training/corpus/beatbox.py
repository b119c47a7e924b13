"""Synthetic beatboxing and clapping with known onsets, to evaluate audio-to-audio (§4.6): is the rhythm kept?

"p", "k" and "ts" are noise bursts through formants, or syllables spoken by espeak-ng. No recordings of people.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from engine.training.corpus.oscillators import (
    SAMPLE_RATE,
    Signal,
    bandpass,
    highpass,
    sine,
)
from engine.training.corpus.syllables import syllable

Voice = Literal["formants", "spoken"]
Onset = tuple[float, str]
"""When (s from the start) and which sound: "kick", "snare", "hat" or "clap"."""

_PATTERNS: tuple[dict[str, str], ...] = (
    {"kick": "x.......x.x.....", "snare": "....x.......x...", "hat": "..x...x...x...x."},
    {"kick": "x..x......x.....", "snare": "....x.......x..x", "hat": "x.x.x.x.x.x.x.x."},
    {"kick": "x.....x...x.....", "snare": "....x.......x...", "hat": "x.xxx.xxx.xxx.xx"},
    {"kick": "x...x...x...x...", "snare": "....x.......x...", "hat": "..x...x...x...x."},
    {"kick": "x.x....x..x.....", "snare": "....x..x....x...", "hat": "..x...x.x.x...x."},
)
_CLAPS = ("x...x...x...x...", "..x...x...x...x.", "x..x..x...x.x...", "x...x..xx...x..x")


def beatbox(
    seed: int, tempo: float, bars: int, voice: Voice = "formants"
) -> tuple[Signal, list[Onset]]:
    """A beatboxed groove in 4/4.

    Args:
        seed: determines pattern, voice and human timing.
        tempo: BPM.
        bars: length in bars.
        voice: "formants" is built in, "spoken" needs espeak-ng.

    Returns:
        Audio [2, N] float32 at 44.1 kHz, peak at -3 dBFS, and all onsets in order of time.
    """
    rng = np.random.default_rng([0xBB, seed])
    pattern = _PATTERNS[int(rng.integers(len(_PATTERNS)))]
    size = float(rng.uniform(0.85, 1.2))

    def formants(sound: str) -> Signal:
        return _SOUNDS[sound](size, rng)

    def spoken(sound: str) -> Signal:
        return syllable(sound, seed)

    return _perform(pattern, spoken if voice == "spoken" else formants, (tempo, bars), rng)


def hand_claps(seed: int, tempo: float, bars: int) -> tuple[Signal, list[Onset]]:
    """Hand claps in 4/4; arguments and result as for `beatbox`."""
    rng = np.random.default_rng([0xC1, seed])
    pattern = {"clap": _CLAPS[int(rng.integers(len(_CLAPS)))]}
    return _perform(pattern, lambda sound: _SOUNDS[sound](1.0, rng), (tempo, bars), rng)


def _perform(
    pattern: dict[str, str],
    sounded: Callable[[str], Signal],
    grid: tuple[float, int],
    rng: np.random.Generator,
) -> tuple[Signal, list[Onset]]:
    tempo, bars = grid
    step = 60 / tempo / 4
    audio = _silence(bars * 16 * step)
    onsets: list[Onset] = []
    for index in range(bars * 16):
        for sound, line in pattern.items():
            if line[index % 16] == "x":
                when = max(0.0, index * step + float(np.clip(rng.normal(0, 0.004), -0.01, 0.01)))
                level = np.float32((1.0 if index % 4 == 0 else 0.75) * rng.uniform(0.85, 1.0))
                _add(audio, sounded(sound) * level, when)
                onsets.append((when, sound))
    return _finished(audio), sorted(onsets)


def _silence(seconds: float) -> Signal:
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)


def _add(audio: Signal, sound: Signal, when: float) -> None:
    start = round(when * SAMPLE_RATE)
    stop = min(len(audio), start + len(sound))
    audio[start:stop] += sound[: stop - start]


def _finished(audio: Signal) -> Signal:
    """Dual mono, as from one microphone, with a peak of -3 dBFS."""
    audio = highpass(audio, 40)
    return np.tile(audio * np.float32(0.7 / max(1e-6, float(np.abs(audio).max()))), (2, 1))


def _clock(seconds: float) -> Signal:
    return np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE


def _noise(samples: int, rng: np.random.Generator) -> Signal:
    return rng.standard_normal(samples).astype(np.float32)


def _kick(voice: float, rng: np.random.Generator) -> Signal:
    """A "b": lips pop, the chest follows."""
    t = _clock(0.16)
    chest = sine(70 * voice * (1 + 1.2 * np.exp(-t / 0.02)), len(t)) * np.exp(-t / 0.045)
    lips = bandpass(_noise(len(t), rng), 500 * voice, 0.8) * np.exp(-t / 0.008)
    return (chest + 0.7 * lips).astype(np.float32)


def _snare(voice: float, rng: np.random.Generator) -> Signal:
    """A "pf" or "k": noise at the front of the mouth."""
    t = _clock(0.2)
    noise = _noise(len(t), rng)
    mouth = bandpass(noise, 1700 * voice, 1.2) + 0.6 * bandpass(noise, 3600 * voice, 1.5)
    return (0.9 * mouth * np.minimum(1, t / 0.001) * np.exp(-t / 0.05)).astype(np.float32)


def _hat(voice: float, rng: np.random.Generator) -> Signal:
    """A "ts": the tongue behind the teeth."""
    t = _clock(0.09)
    return (0.45 * highpass(_noise(len(t), rng), 5500 * voice) * np.exp(-t / 0.022)).astype(
        np.float32
    )


def _clap(voice: float, rng: np.random.Generator) -> Signal:
    t = _clock(0.15)
    body = bandpass(_noise(len(t), rng), float(rng.uniform(900, 1500)) * voice, 1.0)
    return (body * np.exp(-t / 0.018)).astype(np.float32)


_SOUNDS: dict[str, Callable[[float, np.random.Generator], Signal]] = {
    "kick": _kick,
    "snare": _snare,
    "hat": _hat,
    "clap": _clap,
}
