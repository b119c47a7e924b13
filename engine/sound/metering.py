"""Peak, true peak and integrated loudness (ITU-R BS.1770-4) of a stream.

Knows nothing of files or models. Levels are in dB relative to full scale; silence is -120, so that every level is a
finite number.
"""

from __future__ import annotations

import math

import numpy as np
import soxr
from numpy.typing import NDArray

from engine.sound.audio import Samples

SILENCE = -120.0
OVERSAMPLING = 4
HOP = 0.1
"""Gating blocks of 400 ms start every 100 ms (BS.1770-4, annex 1)."""
HOPS_PER_BLOCK = 4
ABSOLUTE_GATE = -70.0
RELATIVE_GATE = -10.0


class Meter:
    """Measures a stream of blocks [C, N]; the readings are for everything added so far."""

    def __init__(self, sample_rate: int, channels: int = 2) -> None:
        """Starts empty; `sample_rate` in Hz."""
        self.channels = channels
        self._rate = sample_rate
        self._hop = round(HOP * sample_rate)
        self._weighting = KWeighting(sample_rate, channels)
        self._oversampler = soxr.ResampleStream(
            sample_rate, OVERSAMPLING * sample_rate, channels, dtype="float32"
        )
        self._rest = np.zeros((channels, 0), np.float32)
        self._energies: list[float] = []
        self._peak = 0.0
        self._true_peak = 0.0

    def add(self, samples: Samples) -> None:
        """Adds the next block [C, N]."""
        self._peak = max(self._peak, float(np.abs(samples).max(initial=0.0)))
        self._oversampled(samples)
        joined = np.concatenate([self._rest, samples], axis=1)
        hops = joined.shape[1] // self._hop
        self._rest = joined[:, hops * self._hop :]
        if hops:
            weighted = self._weighting(joined[:, : hops * self._hop])
            power = np.square(weighted).reshape(weighted.shape[0], hops, self._hop)
            self._energies += power.mean(axis=2).sum(axis=0).tolist()

    @property
    def peak(self) -> float:
        """The largest sample, dBFS."""
        return decibels(self._peak)

    @property
    def true_peak(self) -> float:
        """The largest value after fourfold oversampling, dBTP. Ends the stream."""
        self._oversampled(np.zeros((self._rest.shape[0], 0), np.float32), last=True)
        return decibels(max(self._peak, self._true_peak))

    @property
    def loudness(self) -> float:
        """Integrated loudness, LUFS, from gated blocks of 400 ms; a shorter sound is a single block."""
        energies = np.array(self._energies or self._short())
        if energies.size == 0:
            return SILENCE
        width = min(HOPS_PER_BLOCK, energies.size)
        blocks = np.convolve(energies, np.full(width, 1.0 / width), mode="valid")
        loud = blocks[blocks > 10 ** ((ABSOLUTE_GATE + 0.691) / 10)]
        if loud.size:
            loud = loud[loud > loud.mean() * 10 ** (RELATIVE_GATE / 10)]
        return -0.691 + decibels(math.sqrt(loud.mean())) if loud.size else SILENCE

    def _short(self) -> list[float]:
        """The energy of what is shorter than a hop, which a take or a stroke may be."""
        if not self._rest.size:
            return []
        weighted = KWeighting(self._rate, self.channels)(self._rest)
        return [float(np.square(weighted).mean(axis=1).sum())]

    def _oversampled(self, samples: Samples, last: bool = False) -> None:
        between = self._oversampler.resample_chunk(np.ascontiguousarray(samples.T), last=last)
        self._true_peak = max(self._true_peak, float(np.abs(between).max(initial=0.0)))


def true_peak(samples: Samples, sample_rate: int) -> float:
    """True peak of [C, N], dBTP."""
    return _measured(samples, sample_rate).true_peak


def loudness(samples: Samples, sample_rate: int) -> float:
    """Integrated loudness of [C, N], LUFS."""
    return _measured(samples, sample_rate).loudness


def decibels(level: float) -> float:
    """A linear level in dB, no less than `SILENCE`."""
    return max(20.0 * math.log10(level), SILENCE) if level > 0 else SILENCE


def _measured(samples: Samples, sample_rate: int) -> Meter:
    meter = Meter(sample_rate, samples.shape[0])
    for start in range(0, samples.shape[1], 10 * sample_rate):
        meter.add(samples[:, start : start + 10 * sample_rate])
    return meter


class KWeighting:
    """The K filter of BS.1770, a high shelf and a high pass, by overlap-save convolution.

    Both decay within `MEMORY` seconds; keeping that much of the past makes the result exact across blocks.
    """

    MEMORY = 0.25

    def __init__(self, sample_rate: int, channels: int) -> None:
        """Starts from silence; `sample_rate` in Hz."""
        self._rate = sample_rate
        self._past = np.zeros((channels, round(self.MEMORY * sample_rate)), np.float32)
        self._responses: dict[int, NDArray[np.complex64]] = {}

    def __call__(self, samples: Samples) -> NDArray[np.floating]:
        """The next samples [C, N], filtered."""
        joined = np.concatenate([self._past, samples], axis=1)
        memory = self._past.shape[1]
        self._past = joined[:, -memory:]
        size = 1 << (joined.shape[1] - 1).bit_length()
        if size not in self._responses:
            frequencies = np.fft.rfftfreq(size, 1 / self._rate)
            self._responses[size] = k_response(frequencies, self._rate).astype(np.complex64)
        filtered = np.fft.irfft(np.fft.rfft(joined, size) * self._responses[size], size)
        return filtered[:, memory : joined.shape[1]]


def k_response(frequencies: NDArray[np.floating], sample_rate: int) -> NDArray[np.complex128]:
    """The K filter's complex response at frequencies in Hz, for any sample rate.

    BS.1770 gives coefficients for 48 kHz; these are the analogue prototypes behind them, bilinearly transformed.
    """
    z = np.exp(-2j * np.pi * frequencies / sample_rate)
    k, damping = _warped(1681.974450955533, 0.7071752369554196, sample_rate)
    gain = 10 ** (3.999843853973347 / 20)
    middle = gain**0.4996667741545416 * damping
    shelf = (gain + middle + k * k) + 2 * (k * k - gain) * z + (gain - middle + k * k) * z**2
    shelf /= _poles(k, damping, z)
    k, damping = _warped(38.13547087602444, 0.5003270373238773, sample_rate)
    high_pass = (1 - z) ** 2 * (1 + damping + k * k) / _poles(k, damping, z)
    return shelf * high_pass


def _warped(frequency: float, quality: float, sample_rate: int) -> tuple[float, float]:
    """The bilinear transform's K = tan(pi f / rate), and K / Q."""
    k = math.tan(math.pi * frequency / sample_rate)
    return k, k / quality


def _poles(k: float, damping: float, z: NDArray[np.complex128]) -> NDArray[np.complex128]:
    return (1 + damping + k * k) + 2 * (k * k - 1) * z + (1 - damping + k * k) * z**2
