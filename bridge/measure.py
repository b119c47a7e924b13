"""Tempo and key of a take, measured while its blocks go by, so that what is reported is what sounds.

Knows nothing of what was asked, but for the octave of the tempo: 62, 124 and 248 BPM are one pulse, and the one
nearest to the tempo asked for is named. Onsets are spectral flux (Bello et al. 2005), the tempo is the peak of the
onsets' autocorrelation, refined by their Fourier transform; the key is the best of Krumhansl's 24 profiles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

WINDOW = 2048
HOP = 512
CHROMA_WINDOW = 8192
LONGEST = 180.0  # s; more says nothing new and costs time
SHORTEST = 4.0  # s; less has too few beats
SLOWEST, QUICKEST = 50.0, 220.0  # BPM
PULSE = (
    0.1  # mean autocorrelation of a beat, two and four, under which there is no pulse to speak of
)
FLUX = 2e-5  # mean square of the onsets under which nothing is struck
TONAL = 0.6  # correlation with the best profile under which there is no key to speak of

_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
_MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])


@dataclass(frozen=True, slots=True)
class Measured:
    """Tempo in BPM to a tenth, or None without a pulse; key as 'A minor', or empty without one."""

    tempo: float | None = None
    key: str = ""


class Measuring:
    """Takes blocks [C, N] one after the other and gives `Measured` at the end."""

    def __init__(self, sample_rate: int) -> None:
        """Starts before the first sample."""
        self._rate = sample_rate
        self._window = np.hanning(WINDOW).astype(np.float32)
        self._chroma_window = np.hanning(CHROMA_WINDOW).astype(np.float32)
        self._fold = _chroma_fold(sample_rate)
        self._rest = np.zeros(0, np.float32)
        self._chroma_rest = np.zeros(0, np.float32)
        self._last: Array | None = None
        self._onsets: list[Array] = []
        self._chroma = np.zeros(12)
        self._frames = 0

    def add(self, samples: NDArray[np.float32]) -> None:
        """The next block [C, N]."""
        if self._frames > LONGEST * self._rate:
            return
        self._frames += samples.shape[1]
        mono = samples.mean(0, dtype=np.float32)
        # A second at a time keeps memory small and lets other threads run between.
        for start in range(0, len(mono), self._rate):
            self._add(mono[start : start + self._rate])

    def result(self, near: float | None = None) -> Measured:
        """What was heard; `near` (BPM) only chooses among half, whole and double time."""
        if self._frames < SHORTEST * self._rate:
            return Measured()
        return Measured(self._tempo(near), self._key())

    def _add(self, mono: NDArray[np.float32]) -> None:
        frames, self._rest = _frames(np.concatenate((self._rest, mono)), WINDOW, HOP)
        if len(frames):
            level = np.log1p(100.0 * np.abs(np.fft.rfft(frames * self._window)))
            before = np.vstack((level[:1] if self._last is None else self._last, level[:-1]))
            self._onsets.append(np.maximum(level - before, 0.0).mean(1))
            self._last = level[-1:]
        frames, self._chroma_rest = _frames(
            np.concatenate((self._chroma_rest, mono)), CHROMA_WINDOW, CHROMA_WINDOW
        )
        if len(frames):
            level = np.abs(np.fft.rfft(frames * self._chroma_window))
            self._chroma += np.sqrt(level @ self._fold).sum(0)

    def _tempo(self, near: float | None) -> float | None:
        rate = self._rate / HOP
        onsets = np.concatenate(self._onsets)
        onsets = np.maximum(onsets - _smooth(onsets, round(rate)), 0.0)
        onsets = onsets - onsets.mean()
        power = float(onsets @ onsets)
        if power < FLUX * len(onsets):
            return None
        spectrum = np.fft.rfft(onsets, 2 * len(onsets))
        echo = np.fft.irfft(np.abs(spectrum) ** 2)[: len(onsets)] / power
        tempos = np.geomspace(SLOWEST, QUICKEST, 600)
        lags = rate * 60.0 / tempos
        # One lag and its multiples: a bar of four beats lends its strength to the beat.
        places = np.arange(len(echo))
        combs = [np.interp(lags * k, places, echo, right=0.0) for k in (1, 2, 4)]
        likely = np.exp(-0.5 * (np.log2(tempos / 120.0) / 0.9) ** 2)
        pulse = np.mean(combs, 0)
        best = int(np.argmax(pulse * likely))
        if pulse[best] < PULSE:
            return None
        tempo = _refined(onsets, rate, float(tempos[best]))
        if near is not None:
            tempo = min((tempo / 2, tempo, tempo * 2), key=lambda each: abs(np.log2(each / near)))
        return round(tempo, 1)

    def _key(self) -> str:
        if self._chroma.max() <= 1e-6:
            return ""
        chroma = self._chroma - self._chroma.mean()
        best, name = 0.0, ""
        for mode, profile in (("major", _MAJOR), ("minor", _MINOR)):
            centred = profile - profile.mean()
            for tonic in range(12):
                rolled = np.roll(centred, tonic)
                fit = float(
                    chroma @ rolled / (np.linalg.norm(chroma) * np.linalg.norm(rolled) + 1e-12)
                )
                if fit > best:
                    best, name = fit, f"{_NAMES[tonic]} {mode}"
        return name if best >= TONAL else ""


def _refined(onsets: Array, rate: float, tempo: float) -> float:
    """The tempo near the given one at which the onsets' Fourier transform is strongest, harmonics included."""
    times = np.arange(len(onsets)) / rate
    span = 0.04
    for _ in range(3):
        tempos = tempo * np.linspace(1.0 - span, 1.0 + span, 41)
        power = np.zeros(len(tempos))
        for harmonic in (1, 2, 4):
            turns = np.exp(-2j * np.pi * harmonic * np.outer(tempos / 60.0, times))
            power += np.abs(turns @ onsets)
        tempo = float(tempos[int(np.argmax(power))])
        span /= 8.0
    return tempo


def _frames(
    signal: NDArray[np.float32], window: int, hop: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """All whole frames [frames, window] and what is left for the next call."""
    count = max(0, (len(signal) - window) // hop + 1)
    if not count:
        return np.zeros((0, window), np.float32), signal
    frames = np.lib.stride_tricks.sliding_window_view(signal, window)[: count * hop : hop]
    return frames, signal[count * hop :].copy()


def _smooth(signal: Array, width: int) -> Array:
    return np.convolve(signal, np.full(width, 1.0 / width), mode="same")


def _chroma_fold(sample_rate: int) -> Array:
    """[bins, 12]: which pitch class a bin of the long window belongs to, 130 Hz to 2 kHz."""
    hertz = np.fft.rfftfreq(CHROMA_WINDOW, 1.0 / sample_rate)
    fold = np.zeros((len(hertz), 12))
    audible = np.flatnonzero((hertz >= 130.0) & (hertz <= 2000.0))
    classes = np.round(69.0 + 12.0 * np.log2(hertz[audible] / 440.0)).astype(int) % 12
    fold[audible, classes] = 1.0
    return fold
