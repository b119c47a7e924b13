"""Peaks: lows and highs of a sound in buckets, from a file or from arriving blocks; waveforms are drawn from them.

Arrays and files only; knows nothing of Qt. A bucket holds the extremes over all channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

BUCKET = 256
"""Frames in a bucket: fine enough to see a drum's attack, small enough for an hour."""


@dataclass(frozen=True, slots=True, eq=False)
class Peaks:
    """Extremes of a sound.

    Attributes:
        low, high: [buckets] float32.
        sample_rate: frames in a second.
        frames: length of the sound, or of what there is of it so far.
    """

    low: Samples
    high: Samples
    sample_rate: int
    frames: int

    @property
    def seconds(self) -> float:
        """Length of the sound."""
        return self.frames / self.sample_rate

    def columns(self, start: float, end: float, width: int) -> tuple[Samples, Samples]:
        """Lows and highs for `width` pixels from `start` to `end` seconds; past the end there is silence.

        Returns:
            Two arrays [width] float32.
        """
        edges = np.linspace(start, end, width + 1) * self.sample_rate / BUCKET
        first = np.clip(np.floor(edges[:-1]).astype(np.intp), 0, None)
        low, high = np.zeros(width, np.float32), np.zeros(width, np.float32)
        inside = int(np.searchsorted(first, len(self.low)))
        if inside:
            low[:inside] = np.minimum.reduceat(self.low, first[:inside])
            high[:inside] = np.maximum.reduceat(self.high, first[:inside])
            # The last column reaches to the end of the array; it must not show what lies beyond `end`.
            last = slice(first[inside - 1], max(int(np.ceil(edges[inside])), first[inside - 1] + 1))
            low[inside - 1], high[inside - 1] = self.low[last].min(), self.high[last].max()
        return low, high


def bucketed(samples: Samples) -> tuple[Samples, Samples]:
    """Lows and highs of [C, N] samples in buckets; the last bucket may be shorter."""
    frames = samples.shape[1]
    count = -(-frames // BUCKET)
    starts: NDArray[np.intp] = np.arange(0, count * BUCKET, BUCKET, dtype=np.intp)
    low = np.minimum.reduceat(samples.min(axis=0), starts) if count else np.zeros(0, np.float32)
    high = np.maximum.reduceat(samples.max(axis=0), starts) if count else np.zeros(0, np.float32)
    return low.astype(np.float32), high.astype(np.float32)


def read_peaks(path: Path) -> Peaks:
    """Reads an audio file in blocks, so that a long one costs little memory.

    Raises:
        AudioError: if it cannot be read as audio, or is longer than an hour.
    """
    # The panel opens faster without libsndfile.
    from engine.sound.reading import blocks, checked_length, opened

    lows, highs = list[Samples](), list[Samples]()
    with opened(path) as file:
        checked_length(file)
        frames = 0
        for block in blocks(file, BUCKET):
            low, high = bucketed(block)
            lows.append(low)
            highs.append(high)
            frames += block.shape[1]
        nothing = np.zeros(0, np.float32)
        return Peaks(
            np.concatenate([nothing, *lows]),
            np.concatenate([nothing, *highs]),
            int(file.samplerate),
            frames,
        )


class GrowingPeaks:
    """Peaks of a take whose blocks still arrive."""

    def __init__(self, sample_rate: int, frames: int) -> None:
        """Makes room for a take of `frames` frames; more than that makes more room."""
        self.sample_rate = sample_rate
        self._frames = 0
        buckets = -(-frames // BUCKET)
        self._low, self._high = np.zeros(buckets, np.float32), np.zeros(buckets, np.float32)

    def add(self, start: int, samples: Samples) -> None:
        """Takes a block [C, N] that starts at frame `start`; it need not begin on a bucket's edge."""
        end = start + samples.shape[1]
        needed = -(-end // BUCKET)
        if needed > len(self._low):
            more = np.zeros(needed - len(self._low), np.float32)
            self._low, self._high = (
                np.concatenate([self._low, more]),
                np.concatenate([self._high, more]),
            )
        lead = start % BUCKET
        padded = np.pad(samples, ((0, 0), (lead, 0))) if lead else samples
        low, high = bucketed(padded)
        place = slice(start // BUCKET, start // BUCKET + len(low))
        self._low[place] = np.minimum(self._low[place], low)
        self._high[place] = np.maximum(self._high[place], high)
        self._frames = max(self._frames, end)

    def peaks(self) -> Peaks:
        """What there is so far."""
        count = -(-self._frames // BUCKET)
        return Peaks(self._low[:count], self._high[:count], self.sample_rate, self._frames)
