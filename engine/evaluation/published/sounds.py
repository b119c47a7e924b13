"""Sounds as the published metrics read them: levelled by their peak, and resampled as their libraries do it.

Mono counts on both sides, the peak is that of all channels together, and OpenL3 hears 44.1 kHz that a second resampler
brought to 48. Knows nothing of networks.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np
import soxr
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import AudioError
from engine.sound.audio import Audio, read_audio

BAND_RATE, OPENL3_RATE = 44_100, 48_000
"""The bandwidth at which all are compared, and the rate of OpenL3, Hz."""
SHORTEST = 0.16
"""s of what PaSST can still hear: its patches are so many frames long."""
PEAK = 10 ** (-1 / 20)
"""-1 dBFS."""
UP, DOWN = 160, 147
"""48 kHz is so many parts of 44.1 kHz."""
ZEROS, STEPS, BETA, ROLLOFF = 64, 512, 14.769656459379492, 0.9475937167399596
"""The filter `kaiser_best` of resampy 0.2: zero crossings on a side, table entries between two, window, bandwidth."""

Mono = NDArray[np.float32]
Stereo = NDArray[np.float32]


def read_published(path: Path) -> Audio:
    """A file as it is, in memory.

    Raises:
        AudioError: if it cannot be read, is shorter than `SHORTEST`, or is silent: a silence has no peak to be
            levelled by.
    """
    audio = read_audio(path)
    if audio.seconds < SHORTEST:
        raise AudioError(
            f"{path} is {audio.seconds:.3f} s long; the published metrics hear no less than {SHORTEST:g} s."
        )
    if not np.abs(audio.samples).max() > 0:
        raise AudioError(
            f"{path} is silent throughout; the published metrics have no figures of silence."
        )
    return audio


def stereo_at_band(audio: Audio) -> Stereo:
    """[2, N] at 44.1 kHz, peaks at -1 dBFS; mono on both sides."""
    samples = audio.samples[:2] if len(audio.samples) > 1 else np.repeat(audio.samples, 2, axis=0)
    samples = _levelled(samples)
    if audio.sample_rate == BAND_RATE:
        return samples
    made = soxr.resample(np.ascontiguousarray(samples.T), audio.sample_rate, BAND_RATE)
    return np.ascontiguousarray(made.T, dtype=np.float32)


def mono_at(audio: Audio, rate: int) -> Mono:
    """[N] at a rate: the mean of all channels, resampled, peaks at -1 dBFS; as long as rounded up."""
    mono = audio.samples.mean(axis=0, dtype=np.float32)
    if audio.sample_rate != rate:
        frames = math.ceil(len(mono) * (rate / audio.sample_rate))
        made = soxr.resample(mono, audio.sample_rate, rate, quality="HQ")[:frames]
        mono = np.pad(made, (0, frames - len(made)))
    return _levelled(mono)


def for_openl3(samples: Stereo) -> Tensor:
    """[C, N] at 44.1 kHz as [C, N * 160 // 147] at 48 kHz: what resampy makes of it, one filter for each phase."""
    filters = _phases()
    taps = filters.shape[1]
    frames = int(samples.shape[1] * (OPENL3_RATE / BAND_RATE))
    steps = -(-frames // UP)
    # A period of output begins every 147 samples; its last phase reads up to 147 + 64 ahead.
    wide = F.pad(torch.from_numpy(samples)[:, None], (ZEROS, DOWN + ZEROS))
    needed = (steps - 1) * DOWN + taps
    wide = F.pad(wide, (0, max(needed - wide.shape[2], 0)))
    made = F.conv1d(wide, filters[:, None], stride=DOWN)
    return made[:, :, :steps].transpose(1, 2).reshape(len(samples), -1)[:, :frames]


def _levelled(samples: Mono) -> Mono:
    largest = np.abs(samples).max()
    if not largest > 0:
        raise AudioError(
            "The channels of a file cancel each other out: nothing is left of them in mono."
        )
    return samples * np.float32(PEAK / largest)


@cache
def _phases() -> Tensor:
    """The filters of the 160 phases of a period [160, taps], float32, over samples from -64 on."""
    table = _table()
    differences = np.diff(table, append=table[-1])
    filters = np.zeros((UP, DOWN + 2 * ZEROS + 1))
    for phase in range(UP):
        whole, rest = divmod(phase * DOWN, UP)
        # To the left from the sample before, to the right from the one after.
        for start, step, fraction in ((whole, -1, rest / UP), (whole + 1, 1, 1 - rest / UP)):
            offset = int(fraction * STEPS)
            between = fraction * STEPS - offset
            entries = np.arange(offset, offset + (len(table) - offset) // STEPS * STEPS, STEPS)
            places = ZEROS + start + step * np.arange(len(entries))
            filters[phase, places] += table[entries] + between * differences[entries]
    return torch.from_numpy(filters.astype(np.float32))


def _table() -> NDArray[np.float64]:
    """The right half of the filter."""
    count = ZEROS * STEPS
    window = np.kaiser(2 * count + 1, BETA)[count:]
    return window * ROLLOFF * np.sinc(ROLLOFF * np.linspace(0, ZEROS, count + 1))
