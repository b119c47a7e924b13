"""Band-limited resampling, of a whole array or of blocks as they come. Knows nothing of files."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

Samples = NDArray[np.float32]


def resample(samples: Samples, rate: int, new_rate: int) -> Samples:
    """Band-limited resampling.

    Args:
        samples: [C, N].
        rate: its sample rate, Hz.
        new_rate: the target sample rate, Hz.

    Returns:
        [C, round(N * new_rate / rate)]; the same array if the rates are equal.
    """
    if rate == new_rate:
        return samples
    frames = round(samples.shape[1] * new_rate / rate)
    made = soxr.resample(np.ascontiguousarray(samples.T), rate, new_rate, quality="HQ").T[
        :, :frames
    ]
    # soxr rounds the length differently; a missing last frame is filled with silence.
    return np.ascontiguousarray(
        np.pad(made, ((0, 0), (0, frames - made.shape[1]))), dtype=np.float32
    )


class Resampling:
    """Blocks [C, N] at another rate, as they come; joined they equal `resample` of them all."""

    def __init__(self, rate: int, new_rate: int, channels: int = 2) -> None:
        self._rates, self._channels = (rate, new_rate), channels
        self._stream = (
            None
            if rate == new_rate
            else soxr.ResampleStream(rate, new_rate, channels, dtype="float32", quality="HQ")
        )
        self._read = self._made = 0

    def add(self, samples: Samples) -> Samples:
        """What of the result is known with this block; the block itself if the rates are equal."""
        if self._stream is None:
            return samples
        self._read += samples.shape[1]
        found = self._stream.resample_chunk(np.ascontiguousarray(samples.T)).T
        self._made += found.shape[1]
        return found

    def end(self) -> Samples:
        """The rest, once every block was added."""
        if self._stream is None or not self._read:
            return np.zeros((self._channels, 0), np.float32)
        end = self._stream.resample_chunk(np.zeros((0, self._channels), np.float32), last=True).T
        missing = max(round(self._read * self._rates[1] / self._rates[0]) - self._made, 0)
        return np.pad(end[:, :missing], ((0, 0), (0, max(missing - end.shape[1], 0))))
