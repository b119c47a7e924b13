"""When something begins: peaks of the spectral flux of mel bands (Dixon 2006), deaf to vibrato (Böck and Widmer 2013).

A peak is good to a frame; the envelope around it says where exactly the sound rises. Knows nothing of what begins.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.hearing.frames import RATE, Signal, clip, count, loudness, mel_filters, windows
from engine.sound.audio import Samples

HOP = 256
WINDOW = 1024
BANDS = 40
LAG = 2
"""Frames back to what the flux is measured against: half a window, which a sound needs to be in full in one."""
SILENCE_DB = -90.0
"""The least level of a band, as a power spectrum has it, in a recording that is not silent."""
RANGE_DB = 60.0
"""What is further below the loud moments than this counts as silence."""
RISE = 0.06
"""Least mean rise of all bands over the loudness around, in parts of the range: 3.6 dB."""
BEFORE, AFTER, APART = 0.1, 0.07, 0.035
"""The surroundings of a peak, and the least time between two, s."""
FAINT_DB = -32.0
"""What begins so far below the loud onsets is the room."""
HEARD = 0.05
"""How long an onset is listened to for its level, s."""
CUT, CUT_DB = 0.01, -12.0
"""A sound is cut off if it is so much quieter so soon after as before, s and dB."""
_STEP = 32
_REACH = 0.02


def onsets(samples: Samples) -> NDArray[np.float64]:
    """Times in [C, N] at 44.1 kHz at which something begins, s, ascending; none in silence."""
    rises = flux(samples)
    peaks = _peaks(rises)
    times = np.array([_refined(samples, int(peak) * HOP) for peak in peaks], np.float64)
    times = _apart(times, rises[peaks])
    if not times.size:
        return times
    loud = levels(samples, times)
    # Where a sound is cut off, all bands rise too.
    cut = levels(samples, times + CUT, CUT) < levels(samples, times - 1.2 * CUT, CUT) + CUT_DB
    return times[(loud > np.quantile(loud, 0.9) + FAINT_DB) & ~cut]


def levels(samples: Samples, times: NDArray[np.float64], seconds: float = HEARD) -> Signal:
    """How loud it is for so long after each time (s), RMS in dB of full scale."""
    length = round(seconds * RATE)
    powers = [
        float((clip(samples, first, first + length) ** 2).mean())
        for first in np.round(times * RATE).astype(int).tolist()
    ]
    return (10 * np.log10(np.maximum(powers, 1e-12))).astype(np.float32)


def flux(samples: Samples) -> Signal:
    """How much the bands rise at each frame of `HOP` samples, [T], in parts of the range."""
    filters = mel_filters(BANDS, WINDOW, 30.0, 17_000.0)
    window = np.hanning(WINDOW).astype(np.float32)
    bands = np.empty((count(samples, HOP), BANDS), np.float32)
    at = 0
    for block in windows(samples, WINDOW, HOP):
        spectrum = np.fft.rfft(block * window, axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        bands[at : at + len(block)] = power.astype(np.float32) @ filters
        at += len(block)
    decibels = 10 * np.log10(np.maximum(bands, 1e-12))
    loud = loudness(decibels.max(axis=1))
    if loud < SILENCE_DB:
        return np.zeros(len(bands), np.float32)
    level = np.maximum(0, (decibels - loud) / RANGE_DB + 1)
    before = np.pad(level, ((LAG, 0), (1, 1)))[:-LAG]
    ground = np.maximum(np.maximum(before[:, :-2], before[:, 2:]), before[:, 1:-1])
    return np.maximum(0, level - ground).mean(axis=1)


def _peaks(rises: Signal) -> NDArray[np.intp]:
    """Frames that are the highest for `APART` around, and `RISE` above the mean around."""
    near = round(APART / 2 * RATE / HOP)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(rises, near), 2 * near + 1)
    before, after = round(BEFORE * RATE / HOP), round(AFTER * RATE / HOP)
    sums = np.cumsum(np.pad(rises.astype(np.float64), (before + 1, after)))
    mean = (sums[before + after + 1 :] - sums[: -before - after - 1]) / (before + after + 1)
    return np.flatnonzero((rises >= around.max(axis=1)) & (rises > mean + RISE))


def _refined(samples: Samples, around: int) -> float:
    """Where the envelope next to a peak of the flux rises, s: at a fifth of the way up, in amplitude."""
    reach = round(_REACH * RATE) // _STEP * _STEP
    start = around - 2 * reach
    mono = clip(samples, start - 1, around + reach)
    # The slope weighs high frequencies like low ones, whose periods would look like rises.
    slope = np.abs(np.diff(mono)).reshape(-1, _STEP).max(axis=1)
    body = np.abs(mono[1:]).reshape(-1, _STEP).max(axis=1)
    steps = np.arange(len(slope))
    found: list[tuple[float, int]] = []
    for envelope in (slope, body):
        held = np.maximum.reduce([np.roll(envelope, shift) for shift in range(4)])
        top = float(envelope[steps >= len(steps) // 3].max())
        ground = float(np.median(held[: len(steps) // 3]))
        if top > 1.5 * ground:
            above = np.flatnonzero(envelope > ground + 0.2 * (top - ground))
            above = above[above >= len(steps) // 6]
            found.append((top / (ground + 1e-9), int(above[0])))
    at = max(found)[1] * _STEP if found else 2 * reach
    return max(0.0, (start + at) / RATE)


def _apart(times: NDArray[np.float64], rises: Signal) -> NDArray[np.float64]:
    """The times without those that a stronger one is too near to."""
    kept: list[int] = []
    for at in np.argsort(times, kind="stable"):
        if not kept or times[at] - times[kept[-1]] >= APART:
            kept.append(int(at))
        elif rises[at] > rises[kept[-1]]:
            kept[-1] = int(at)
    return times[kept]
