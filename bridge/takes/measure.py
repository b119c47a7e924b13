"""Tempo and key of a take, measured while its blocks go by, so that what is reported is what sounds.

Knows nothing of what was asked, but for the octave of the tempo: 62, 124 and 248 BPM are one pulse, and the one
nearest to the tempo asked for is named. Onsets are spectral flux (Bello et al. 2005), the tempo is the peak of the
onsets' autocorrelation, refined by their Fourier transform. The key is the best of the 24 profiles of Albrecht and
Shanahan (2013) over the spectrum's peaks, and is named only where it stands out: better no key than a wrong one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

WINDOW = 2048
HOP = 512
CHROMA_WINDOW = 16_384
LONGEST = 180.0  # s; more says nothing new and costs time
SHORTEST = 4.0  # s; less has too few beats
SLOWEST, QUICKEST = 50.0, 220.0  # BPM
PULSE = (
    0.1  # mean autocorrelation of a beat, two and four, under which there is no pulse to speak of
)
FLUX = 2e-5  # mean square of the onsets under which nothing is struck
TONAL, APART = 0.7, 0.05
"""Correlation with the best profile, and lead over the next one, under which no key is named."""
LOW, HIGH = 60.0, 1200.0  # Hz, the peaks that count for the key
QUIET = 10 ** (-45 / 20)  # peaks so far under a frame's strongest do not count

_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_MAJOR = np.array([238, 6, 111, 6, 137, 94, 16, 214, 9, 80, 8, 81]) / 1000
_MINOR = np.array([220, 6, 104, 123, 19, 103, 12, 214, 62, 22, 61, 52]) / 1000


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
        self._rest = np.zeros(0, np.float32)
        self._chroma_rest = np.zeros(0, np.float32)
        self._last: Array | None = None
        self._onsets: list[Array] = []
        self._chroma = np.zeros(12)
        self._frames = 0

    def add(self, samples: NDArray[np.float32]) -> None:
        """The next block [C, N]."""
        missing = max(round(LONGEST * self._rate) - self._frames, 0)
        samples = samples[:, :missing]
        self._frames += samples.shape[1]
        # A second at a time keeps memory small and lets other threads run between.
        for start in range(0, samples.shape[1], self._rate):
            self._add(samples[:, start : start + self._rate].mean(0, dtype=np.float32))

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
            np.concatenate((self._chroma_rest, mono)), CHROMA_WINDOW, CHROMA_WINDOW // 2
        )
        for frame in frames:
            self._chroma += _chroma(np.abs(np.fft.rfft(frame * self._chroma_window)), self._rate)

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
        fits: list[tuple[float, str]] = []
        for mode, profile in (("major", _MAJOR), ("minor", _MINOR)):
            centred = profile - profile.mean()
            for tonic, name in enumerate(_NAMES):
                rolled = np.roll(centred, tonic)
                fit = float(
                    chroma @ rolled / (np.linalg.norm(chroma) * np.linalg.norm(rolled) + 1e-12)
                )
                fits.append((fit, f"{name} {mode}"))
        (best, name), (second, _) = sorted(fits, reverse=True)[:2]
        return name if best >= TONAL and best - second >= APART else ""


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


def _chroma(level: Array, rate: int) -> Array:
    """[12]: how strong each pitch class is among the peaks of a spectrum, louder frames counting a little more."""
    peaks = np.flatnonzero((level[1:-1] > level[:-2]) & (level[1:-1] >= level[2:])) + 1
    hertz = peaks * rate / CHROMA_WINDOW
    peaks = peaks[(hertz > LOW) & (hertz < HIGH)]
    peaks = peaks[level[peaks] > QUIET * level[peaks].max(initial=0.0)]
    # A parabola through the log levels finds a peak between two bins (Smith and Serra 1987).
    left, here, right = (np.log(level[peaks + step] + 1e-9) for step in (-1, 0, 1))
    between = np.clip(0.5 * (left - right) / (left - 2 * here + right - 1e-12), -0.5, 0.5)
    pitch = 69.0 + 12.0 * np.log2(np.maximum(peaks + between, 1.0) * rate / CHROMA_WINDOW / 440.0)
    nearest = np.round(pitch)
    weight = np.cos(np.pi * (pitch - nearest)) ** 2 * np.sqrt(level[peaks])
    classes = np.bincount(nearest.astype(int) % 12, weight, 12)
    return classes / np.sqrt(classes.sum() + 1e-12)
