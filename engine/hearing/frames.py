"""Windows of a recording, mono and centred, in blocks, so that ten minutes need no more memory than one.

Knows nothing of what is heard in them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engine.sound.audio import Samples

Signal = NDArray[np.float32]
RATE = 44_100
"""Of everything that is listened to, Hz."""
BLOCK = 1024
"""Frames that are in memory at a time."""
SILENT_DB = -40.0
"""What is so far below the loudest moment is silence."""


def clip(samples: Samples, start: int, stop: int) -> Signal:
    """Samples `start` to `stop` of [C, N] as mono [stop - start]; silence beyond the ends and where not finite."""
    inside = samples[:, max(0, start) : max(0, stop)]
    mono = np.nan_to_num(inside.mean(axis=0, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    before = min(max(0, -start), stop - start)
    return np.pad(mono, (before, stop - start - before - len(mono)))


def count(samples: Samples, hop: int) -> int:
    """Frames of a recording [C, N]: one at every multiple of `hop` from 0 to N."""
    return samples.shape[1] // hop + 1


def windows(
    samples: Samples, length: int, hop: int, filter: Signal | None = None
) -> Iterator[Signal]:
    """Blocks [<= BLOCK, length] of the windows centred on 0, `hop`, 2 `hop` ... of a recording [C, N].

    `filter` is an impulse response of an odd length, which delays nothing, that is applied before.
    """
    total = count(samples, hop)
    kernel = np.ones(1, np.float32) if filter is None else filter
    margin = len(kernel) // 2
    for first in range(0, total, BLOCK):
        frames = min(BLOCK, total - first)
        start = first * hop - length // 2
        stop = start + (frames - 1) * hop + length
        mono = np.convolve(clip(samples, start - margin, stop + margin), kernel, "valid")
        yield np.lib.stride_tricks.sliding_window_view(mono, length)[::hop]


def loudness(levels: Signal) -> float:
    """The level of the loud moments among these (dB): 95 of 100 that are not silent beside the loudest are below it."""
    return float(np.quantile(levels[levels >= levels.max() + SILENT_DB], 0.95))


def mel_filters(bands: int, length: int, low: float, high: float) -> Signal:
    """Triangles [length // 2 + 1, bands] that sum a power spectrum to bands, evenly spaced in mel, `low` to `high` Hz.

    Where a triangle is narrower than a bin, the nearest bin is its own.
    """
    mel = np.linspace(_mel(low), _mel(high), bands + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    bins = np.arange(length // 2 + 1)[:, None] * RATE / length
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    filters = np.maximum(0, np.minimum(rising, falling))
    nearest = np.abs(bins - edges[1:-1]).argmin(axis=0)
    filters[nearest, np.arange(bands)] = np.maximum(1e-3, filters[nearest, np.arange(bands)])
    return (filters / filters.sum(axis=0)).astype(np.float32)


def lowpass(cutoff: float, taps: int) -> Signal:
    """An impulse response of `taps`, an odd number, that passes what is below `cutoff` Hz (a windowed sinc)."""
    times = (np.arange(taps) - taps // 2) * 2 * cutoff / RATE
    response = np.sinc(times) * np.blackman(taps)
    return (response / response.sum()).astype(np.float32)


def _mel(frequency: float) -> float:
    return 2595 * float(np.log10(1 + frequency / 700))
