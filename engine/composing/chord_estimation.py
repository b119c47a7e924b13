"""Chords from notes: which triads and sevenths are heard in each half bar, as the likeliest path through them.

Templates are compared with the durations of pitch classes; a change has its price, in the middle of a bar a higher
one. Knows nothing of files, parts or sound.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.composing.score import CHORD, chord_row
from engine.composing.theory import Chord, parse_chord

_SHAPES = (
    "I",
    "i",
    "idim",
    "Iaug",
    "Isus2",
    "Isus4",
    "I7",
    "Imaj7",
    "i7",
    "im7b5",
    "idim7",
    "I7sus4",
)
_CHORDS = [Chord(root, parse_chord(name, 0).intervals) for name in _SHAPES for root in range(12)]
_TONES = np.array([[c in chord.pitch_classes for c in range(12)] for chord in _CHORDS], float)
_ROOTS = np.array([chord.root for chord in _CHORDS])
_RARE = np.array([0.0, 0.0, 0.05, 0.06, 0.05, 0.04, 0.0, 0.0, 0.0, 0.03, 0.06, 0.04]).repeat(12)
"""What is taken off the likeness of shapes that are rarely meant."""
_ROOT_BONUS, _TONE_BONUS = 0.15, 0.05
"""For a lowest tone that is the root, or another tone of the chord."""
_CONTEXT = 0.12
"""Share of the whole piece's pitch classes in each window: they decide what is left open."""
_CHANGE, _CHANGE_IN_BAR = 0.1, 0.25
_LOW_SHARE = 0.15
"""The lowest pitch sounds for at least this share of the time of the one that sounds longest."""
_CLEAR_TONE, _CLEAR_SHARE = 0.08, 0.75
"""A bar is clear if three pitch classes have at least this share of its sound, and its chords that share of it."""
_CLEAR_BARS = 0.5


def estimate_chords(
    pitches: NDArray[np.integer],
    spans: NDArray[np.floating],
    weights: NDArray[np.floating],
    beats_per_bar: float,
) -> NDArray[np.void]:
    """Chords, each at most a bar long, from the first to the last bar with notes; none if they are not clear.

    Args:
        pitches: [N] of the notes, without drums.
        spans: [N, 2] where they begin and end, in quarter notes.
        weights: [N] how much each counts; passing notes of a tune count less than an accompaniment.
        beats_per_bar: in quarter notes.

    Returns:
        CHORD records; none if in most bars fewer than three pitch classes are heard, or more than one chord explains.
    """
    if not len(pitches):
        return np.empty(0, CHORD)
    halves = 2 if beats_per_bar % 2 == 0 else 1
    step = beats_per_bar / halves
    first = int(spans[:, 0].min() // beats_per_bar) * halves
    last = max(int(np.ceil(spans[:, 1].max() / beats_per_bar - 1e-3)) * halves, first + halves)
    edges = np.arange(first, last + 1) * step
    roll = _roll(pitches, spans, weights, edges)
    chroma = np.stack([roll[:, c::12].sum(axis=1) for c in range(12)], axis=1)
    lowest = _lowest(roll)
    path = _path(_likeness(chroma, lowest), halves)
    if not _is_clear(chroma, path, halves):
        return np.empty(0, CHORD)
    return _records(path, lowest, edges, halves)


def _roll(
    pitches: NDArray[np.integer],
    spans: NDArray[np.floating],
    weights: NDArray[np.floating],
    edges: NDArray[np.floating],
) -> NDArray[np.float64]:
    """[W, 128] how long each pitch sounds in each window."""
    roll = np.zeros((len(edges) - 1, 128))
    for pitch in np.unique(pitches):
        chosen = pitches == pitch
        begun, ended = (_ramp(spans[chosen, i], weights[chosen], edges) for i in (0, 1))
        roll[:, pitch] = np.diff(begun - ended)
    return roll.clip(0)


def _ramp(
    times: NDArray[np.floating], weights: NDArray[np.floating], edges: NDArray[np.floating]
) -> NDArray[np.floating]:
    """At each edge, the sum of weight * (edge - time) over the times before it."""
    order = np.argsort(times)
    before = np.searchsorted(times[order], edges)
    total, moment = (
        np.concatenate([[0.0], np.cumsum(each[order])]) for each in (weights, weights * times)
    )
    return edges * total[before] - moment[before]


def _lowest(roll: NDArray[np.float64]) -> NDArray[np.int64]:
    """[W] pitch class of the lowest tone, -1 in silence."""
    loud = roll > np.maximum(_LOW_SHARE * roll.max(axis=1, keepdims=True), 1e-6)
    return np.where(loud.any(axis=1), loud.argmax(axis=1) % 12, -1)


def _likeness(chroma: NDArray[np.float64], lowest: NDArray[np.int64]) -> NDArray[np.float64]:
    """[W, K] of windows and chords; 0 in silence."""
    size = np.linalg.norm(chroma, axis=1, keepdims=True)
    whole = chroma.sum(axis=0)
    mixed = chroma + _CONTEXT * size * whole / np.linalg.norm(whole)
    mixed /= np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-9)
    likeness = mixed @ (_TONES / np.linalg.norm(_TONES, axis=1, keepdims=True)).T - _RARE
    likeness += _TONE_BONUS * _TONES[:, lowest].T
    likeness += (_ROOT_BONUS - _TONE_BONUS) * (lowest[:, None] == _ROOTS)
    return np.where(size > 1e-6, likeness, 0.0)


def _path(likeness: NDArray[np.float64], halves: int) -> NDArray[np.int64]:
    """[W] the chords with the greatest sum of likeness less the price of changes (Viterbi)."""
    came = np.zeros(likeness.shape, int)
    best = likeness[0]
    for window in range(1, len(likeness)):
        top = int(best.argmax())
        moved = best[top] - (_CHANGE_IN_BAR if window % halves else _CHANGE)
        came[window] = np.where(best >= moved, np.arange(len(best)), top)
        best = np.maximum(best, moved) + likeness[window]
    path = [int(best.argmax())]
    for window in range(len(likeness) - 1, 0, -1):
        path.append(int(came[window, path[-1]]))
    return np.array(path[::-1])


def _is_clear(chroma: NDArray[np.float64], path: NDArray[np.int64], halves: int) -> bool:
    bars = chroma.reshape(-1, halves, 12).sum(axis=1)
    inside = (chroma * _TONES[path]).sum(axis=1).reshape(-1, halves).sum(axis=1)
    sound = bars.sum(axis=1)
    tones = (bars > _CLEAR_TONE * sound[:, None]).sum(axis=1)
    clear = (tones >= 3) & (inside >= _CLEAR_SHARE * sound)
    return bool(clear.sum() >= _CLEAR_BARS * (sound > 1e-6).sum())


def _records(
    path: NDArray[np.int64], lowest: NDArray[np.int64], edges: NDArray[np.floating], halves: int
) -> NDArray[np.void]:
    rows: list[tuple[float, float, int, int, int]] = []
    begins = [w for w in range(len(path)) if not w % halves or path[w] != path[w - 1]]
    for begin, end in zip(begins, [*begins[1:], len(path)], strict=True):
        chord, low = _CHORDS[path[begin]], int(lowest[begin])
        bass = low if low in chord.pitch_classes else None
        rows.append(chord_row(edges[begin], edges[end] - edges[begin], replace(chord, bass=bass)))
    return np.array(rows, CHORD)
