"""Band-limited resampling, of a whole array or of blocks as they come. Knows nothing of files."""

from __future__ import annotations

import math

import numpy as np
import soxr
from numpy.typing import NDArray

Samples = NDArray[np.float32]
_AROUND = 4096
"""Frames before and after a loop that its ends can hear."""


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


def resample_loop(samples: Samples, frames: int) -> Samples:
    """A loop in so many frames: its end leads into its beginning as it did, so that it repeats without a seam.

    Args:
        samples: [C, N], all of the loop.
        frames: of the result; the rates follow from both lengths, so that no part of a sample is left over.

    Returns:
        [C, frames].
    """
    length = samples.shape[1]
    # What stands around the loop is itself, in whole steps of the ratio: what is cut off is exact.
    step = length // math.gcd(length, frames)
    around = -(-_AROUND // step) * step
    places = np.arange(-around, length + around)
    made = soxr.resample(samples.T.take(places, axis=0, mode="wrap"), length, frames, quality="HQ")
    start = around * frames // length
    return np.ascontiguousarray(made[start : start + frames].T, dtype=np.float32)


class Resampling:
    """Blocks [C, N] at another rate, as they come; joined they equal `resample` of them all.

    A loop comes all at the end: its beginning follows its end.
    """

    def __init__(
        self, rate: float, new_rate: float, channels: int = 2, *, loop: bool = False
    ) -> None:
        self._rates, self._channels = (rate, new_rate), channels
        self._stream = (
            None
            if rate == new_rate
            else soxr.ResampleStream(rate, new_rate, channels, dtype="float32", quality="HQ")
        )
        self._loop: list[Samples] | None = [] if loop and self._stream else None
        self._read = self._made = 0

    def add(self, samples: Samples) -> Samples:
        """What of the result is known with this block; the block itself if the rates are equal."""
        if self._stream is None:
            return samples
        self._read += samples.shape[1]
        if self._loop is not None:
            self._loop.append(samples)
            return samples[:, :0]
        found = self._stream.resample_chunk(np.ascontiguousarray(samples.T)).T
        self._made += found.shape[1]
        return found

    def end(self, frames: int | None = None) -> Samples:
        """The rest, once every block was added; `frames` is how long all of it is to be, by a frame at the most."""
        if self._stream is None or not self._read:
            return np.zeros((self._channels, 0), np.float32)
        whole = round(self._read * self._rates[1] / self._rates[0]) if frames is None else frames
        if self._loop is not None:
            return resample_loop(np.concatenate(self._loop, axis=1), whole)
        end = self._stream.resample_chunk(np.zeros((0, self._channels), np.float32), last=True).T
        missing = max(whole - self._made, 0)
        return np.pad(end[:, :missing], ((0, 0), (0, max(missing - end.shape[1], 0))))
