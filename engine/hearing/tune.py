"""Notes from the pitch of one voice: steady stretches on the semitones of the recording's own tuning.

A path over semitones takes vibrato for a note and a glide for the way from one to the next, because a change costs more
than a short deviation. Knows nothing of how pitch is found.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.hearing.frames import RATE, Signal
from engine.hearing.pitch import HOP, Contour
from engine.hearing.strokes import velocities

TONE = np.dtype([("time", "f8"), ("seconds", "f8"), ("pitch", "u1"), ("velocity", "u1")])
CHANGE = 4.0
"""Cost of another semitone, in frames that are a semitone or more away."""
SHORTEST = 0.07
"""Less is no note, s."""
GAP = 3
"""Frames without a pitch that a note goes on over."""
NOISY = 0.25
"""What repeats itself less exactly on average is no note."""
REPEATED_DB = 1.5
"""How much louder a voice gets at an onset when it repeats a note."""
NEAR = 0.06
"""Onsets so near to a note's beginning are it, s."""


def tones(heard: Contour, onsets: NDArray[np.float64]) -> NDArray[np.void]:
    """Records `TONE`, in order and without overlap.

    Args:
        heard: the pitch.
        onsets: times (s) at which something other than a drum may begin: notes begin there, or again.
    """
    runs = _runs(~np.isnan(heard.pitch))
    found: list[tuple[int, int, int]] = []
    offset = tuning(heard.pitch, _stretches(heard.pitch, runs))
    for begin, end, pitch in _stretches(heard.pitch - offset, runs):
        for start, stop in _repeated(heard.level, begin, end, onsets):
            noise = heard.noise[start:stop]
            if (stop - start) * HOP >= SHORTEST * RATE and noise.mean() < NOISY:
                found.append((start, stop, pitch))
    return _records(found, heard.level, onsets)


def tuning(pitch: Signal, stretches: list[tuple[int, int, int]]) -> float:
    """How far a voice is from the semitones of A = 440 Hz, in -0.5..0.5: the circular mean of the stretches' medians.

    Not that of all moments, which a wide vibrato spends away from the note.
    """
    medians = np.array([np.nanmedian(pitch[begin:end]) for begin, end, _ in stretches])
    lengths = np.array([end - begin for begin, end, _ in stretches])
    return float(np.angle((lengths * np.exp(2j * np.pi * medians)).sum()) / (2 * np.pi))


def _runs(voiced: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Stretches with a pitch, over gaps of up to `GAP` frames."""
    frames = np.flatnonzero(voiced)
    if not frames.size:
        return []
    breaks = np.flatnonzero(np.diff(frames) > GAP + 1)
    firsts = frames[np.concatenate([[0], breaks + 1])]
    lasts = frames[np.concatenate([breaks, [len(frames) - 1]])]
    return [(int(first), int(last) + 1) for first, last in zip(firsts, lasts, strict=True)]


def _stretches(semitones: Signal, runs: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """First frame, the one after the last, and pitch of each steady stretch of all runs."""
    return [
        (first + begin, first + end, pitch)
        for first, last in runs
        for begin, end, pitch in _steady(semitones[first:last])
    ]


def _steady(semitones: Signal) -> list[tuple[int, int, int]]:
    """The stretches of one run, by a path over semitones (Viterbi)."""
    low, high = int(np.nanmin(semitones)) - 1, int(np.nanmax(semitones)) + 2
    states = np.arange(low, high + 1)
    away = np.minimum(1, np.abs(semitones[:, None] - states))
    away = np.nan_to_num(away, nan=0.5)
    origin = np.empty(away.shape, np.int16)
    cost = np.zeros(len(states))
    for frame, own in enumerate(away):
        best = int(cost.argmin())
        changed = cost[best] + CHANGE < cost
        origin[frame] = np.where(changed, best, np.arange(len(states)))
        cost = np.minimum(cost, cost[best] + CHANGE) + own
    path = np.empty(len(away), np.intp)
    state = int(cost.argmin())
    for frame in range(len(away) - 1, -1, -1):
        path[frame] = state
        state = int(origin[frame, state])
    edges = [0, *(np.flatnonzero(np.diff(path)) + 1).tolist(), len(path)]
    return [(a, b, int(states[path[a]])) for a, b in pairwise(edges)]


def _repeated(
    level: Signal, first: int, last: int, onsets: NDArray[np.float64]
) -> list[tuple[int, int]]:
    """A stretch, divided at onsets inside it where the voice gets louder."""
    near, edges = round(NEAR * RATE / HOP), [first]
    for frame in np.round(onsets * RATE / HOP).astype(int).tolist():
        if edges[-1] + near < frame < last - near:
            rise = (
                level[frame : frame + near].max() - level[frame - near // 2 - 1 : frame + 1].min()
            )
            if rise > REPEATED_DB:
                edges.append(frame)
    return list(zip(edges, [*edges[1:], last], strict=True))


def _records(
    found: list[tuple[int, int, int]], level: Signal, onsets: NDArray[np.float64]
) -> NDArray[np.void]:
    made = np.zeros(len(found), TONE)
    if not found:
        return made
    starts, stops, pitches = np.array(found).T
    times = _snapped(starts * HOP / RATE, onsets)
    ends = np.minimum(stops * HOP / RATE, np.append(times[1:], np.inf))
    made["time"], made["seconds"] = times, np.maximum(0.02, ends - times)
    made["pitch"] = np.clip(pitches, 0, 127)
    loud = np.array([level[a:b].max() for a, b, _ in found], np.float32)
    made["velocity"] = velocities(loud)
    return made


def _snapped(times: NDArray[np.float64], onsets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each time, or the onset nearest to it if it is `NEAR`."""
    if not onsets.size:
        return times
    nearest = onsets[np.abs(times[:, None] - onsets).argmin(axis=1)]
    return np.maximum.accumulate(np.where(np.abs(nearest - times) < NEAR, nearest, times))
