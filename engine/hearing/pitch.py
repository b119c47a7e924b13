"""The pitch of one voice by pYIN (Mauch and Dixon 2014): many thresholds for YIN, and a path through what they say.

YIN's difference function (de Cheveigné and Kawahara 2002) comes by FFT; the thresholds' beta distribution is taken in
closed form, so that no threshold is tried; the path may glide, leap or pause. Knows nothing of notes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from engine.hearing.frames import RATE, Signal, count, loudness, lowpass, windows
from engine.sound.audio import Samples

LOWEST, HIGHEST = 55.0, 3000.0
CUTOFF = 3500.0
"""What is above it tells nothing more about the pitch, Hz."""
HOP = 512
"""11.6 ms."""
WINDOW = 2048
"""What is compared with itself one period later, 46 ms."""
LEVEL_WINDOW = 1024
"""What a level is measured over: a period of the lowest pitch."""
BINS_PER_SEMITONE = 5
REACH = 12
"""Bins that a pitch may glide from frame to frame: 2.4 semitones."""
LEAP, STOP = 12.0, 5.0
"""Cost of a new pitch without a glide, and of a voice's beginning or end, in nepers."""
BETA = 6
"""Of the thresholds' distribution, Beta(2, 6), whose mean is 0.25.

The paper has means of 0.1 to 0.2; higher ones keep a note's pitch while the one before still sounds in the room, where
what they have in common, octaves below both, repeats best.
"""
ANY_TROUGH = 0.01
"""Share of the thresholds below all troughs that takes the deepest one all the same."""
QUIET_DB = -40.0
"""Frames so far below the loud ones have no pitch."""
SILENCE_DB = -80.0
"""The least level of the loud moments, RMS, of a recording that is not silent."""
_LONGEST = int(1.02 * RATE / LOWEST) + 2
_SHORTEST = int(RATE / HIGHEST)
_FFT = 4096
_BINS = int(12 * BINS_PER_SEMITONE * np.log2(HIGHEST / LOWEST)) + 1
_GLIDE = -np.abs(np.arange(-REACH, REACH + 1)) / 8


@dataclass(frozen=True, slots=True)
class Contour:
    """What is heard at each frame of `HOP` samples, [T] each.

    `pitch` in fractional MIDI numbers, NaN without one; `noise`, how much of the sound does not repeat after a period,
    0..1 (1 without a pitch); `level`, RMS in dB of full scale.
    """

    pitch: Signal
    noise: Signal
    level: Signal


def contour(samples: Samples) -> Contour:
    """Follows the pitch of [C, N] at 44.1 kHz."""
    frames = count(samples, HOP)
    level = _levels(samples)
    pitch, noise = np.full(frames, np.nan, np.float32), np.ones(frames, np.float32)
    loud = loudness(level)
    if loud > SILENCE_DB:
        score, at = np.full(_BINS + 1, -np.log(_BINS + 1)), 0
        for block in windows(samples, WINDOW + _LONGEST, HOP, lowpass(CUTOFF, 63)):
            heard = level[at : at + len(block)] > loud + QUIET_DB
            lags, depths, chances = _candidates(_difference(block), heard)
            path, score = _path(lags, chances, score)
            here = slice(at, at + len(block))
            pitch[here], noise[here] = _along(path, lags, depths, chances)
            at += len(block)
    return Contour(pitch, noise, level)


def _levels(samples: Samples) -> Signal:
    powers = [
        (block - block.mean(axis=1, keepdims=True)).var(axis=1)
        for block in windows(samples, LEVEL_WINDOW, HOP)
    ]
    return (10 * np.log10(np.maximum(np.concatenate(powers), 1e-12))).astype(np.float32)


def _difference(block: Signal) -> Signal:
    """YIN's cumulative mean normalised difference (equation 8), [F, lags] from lag 0, of frames [F, WINDOW + lags]."""
    block = block - block.mean(axis=1, keepdims=True)
    # Live listens in every hop, and numpy's transform takes five to ten times as long.
    frames = torch.from_numpy(block)
    whole, first = torch.fft.rfft(frames, _FFT), torch.fft.rfft(frames[:, :WINDOW], _FFT)
    product = torch.fft.irfft(whole * first.conj(), _FFT)[:, :_LONGEST].numpy()
    squares, more = np.square(block, dtype=np.float64), _LONGEST - 1
    change = np.cumsum(squares[:, WINDOW : WINDOW + more] - squares[:, :more], axis=1)
    power = np.pad(change, ((0, 0), (1, 0))) + squares[:, :WINDOW].sum(axis=1, keepdims=True)
    difference = np.maximum(0, power[:, :1] + power - 2 * product)
    difference[:, 0] = 0
    mean = np.cumsum(difference, axis=1) / np.maximum(1, np.arange(_LONGEST))
    return np.where(mean > 1e-12, difference / np.maximum(mean, 1e-12), 1.0).astype(np.float32)


def _candidates(difference: Signal, heard: NDArray[np.bool_]) -> tuple[Signal, Signal, Signal]:
    """Troughs that are deeper than all at shorter lags, [F, C] each: their lags, depths and chances; 0 where none.

    A threshold takes the first trough below it, so that each of these is taken by the thresholds between its depth and
    that of the one before it.
    """
    centre, left, right = difference[:, 1:-1], difference[:, :-2], difference[:, 2:]
    bend = left + right - 2 * centre
    shift = np.where(bend > 1e-9, (left - right) / np.maximum(2 * bend, 1e-9), 0)
    depth = np.maximum(0, centre - bend * shift**2 / 2)
    trough = (centre < left) & (centre <= right) & heard[:, None]
    trough[:, : _SHORTEST - 1] = False
    depth = np.where(trough, depth, 2)
    deepest = np.minimum.accumulate(depth, axis=1)
    before = np.concatenate([np.full((len(depth), 1), 2, np.float32), deepest[:, :-1]], axis=1)
    records = depth < before
    frame, place = np.nonzero(records)
    column = np.cumsum(records, axis=1)[frame, place] - 1
    shape = (len(depth), max(1, int(records.sum(axis=1).max(initial=0))))
    lags, depths, chances = (np.zeros(shape, np.float32) for _ in range(3))
    lags[frame, column] = place + 1 + shift[frame, place]
    depths[frame, column] = depth[frame, place]
    chances[frame, column] = _below(before[frame, place]) - _below(depth[frame, place])
    last = records.sum(axis=1) - 1
    some = np.flatnonzero(last >= 0)
    chances[some, last[some]] += ANY_TROUGH * _below(deepest[some, -1])
    return lags, depths, chances


def _below(threshold: Signal) -> Signal:
    """Share of the thresholds below a value: the cumulative distribution of Beta(2, BETA)."""
    x = np.clip(threshold, 0, 1)
    return 1 - (1 - x) ** BETA * (1 + BETA * x)


def _bins(lags: Signal) -> NDArray[np.intp]:
    pitch = 12 * BINS_PER_SEMITONE * np.log2(RATE / np.maximum(lags, 1) / LOWEST)
    return np.clip(np.round(pitch), 0, _BINS - 1).astype(np.intp)


def _path(
    lags: Signal, chances: Signal, score: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The likeliest state of each frame, a bin or `_BINS` for none, and the scores at the end (Viterbi)."""
    frames = len(lags)
    seen = np.full((frames, _BINS), 1e-4)
    rows = np.repeat(np.arange(frames), lags.shape[1])
    np.maximum.at(seen, (rows, _bins(lags).ravel()), np.where(lags > 0, chances, 0).ravel())
    voiced = np.log(seen)
    silent = np.log(np.maximum(1e-4, 1 - chances.sum(axis=1)))
    origin = np.empty((frames, _BINS + 1), np.int16)
    padded = np.full(_BINS + 2 * REACH, -np.inf)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * REACH + 1)
    bins = np.arange(_BINS)
    for frame in range(frames):
        padded[REACH:-REACH] = score[:-1]
        glides = around + _GLIDE
        step = glides.argmax(axis=1)
        best = glides[bins, step]
        source = bins + step - REACH
        loudest = int(score[:-1].argmax())
        leap, start = score[loudest] - LEAP, score[-1] - STOP
        new, other = (leap, loudest) if leap > start else (start, _BINS)
        origin[frame, :-1] = np.where(best >= new, source, other)
        stop = score[loudest] - STOP
        origin[frame, -1] = loudest if stop > score[-1] else _BINS
        ended = max(stop, score[-1]) + silent[frame]
        score = np.append(np.maximum(best, new) + voiced[frame], ended)
        score -= score.max()
    return _traced(origin, int(score.argmax())), score


def _traced(origin: NDArray[np.int16], state: int) -> NDArray[np.intp]:
    path = np.empty(len(origin), np.intp)
    for frame in range(len(origin) - 1, -1, -1):
        path[frame] = state
        state = int(origin[frame, state])
    return path


def _along(
    path: NDArray[np.intp], lags: Signal, depths: Signal, chances: Signal
) -> tuple[Signal, Signal]:
    """Pitch and noise of the candidate nearest to the path at each frame; without one, no pitch."""
    away = np.where(lags > 0, np.abs(_bins(lags) - path[:, None]), _BINS)
    nearest = away.argmin(axis=1)
    rows = np.arange(len(path))
    good = (path < _BINS) & (away[rows, nearest] <= 2)
    lag = np.where(good, lags[rows, nearest], 1)
    pitch = np.where(good, 69 + 12 * np.log2(RATE / lag / 440), np.nan)
    noise = np.where(good, np.minimum(1, depths[rows, nearest]), 1)
    return pitch.astype(np.float32), noise.astype(np.float32)
