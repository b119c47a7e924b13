"""Audio-to-audio (§4.6): does the result keep the rhythm of the recording, and does it no longer sound like it?

Rhythm is the F-measure of onsets within 50 ms (mir_eval); timbre is the mean and spread of MFCC, and how far it moved
is measured along the line from the recording (0) to what the prompt alone gives (1). Knows nothing of how the result
came about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.sounds import RATE
from engine.sound.audio import Samples

Times = Sequence[float] | NDArray[np.floating[Any]]
TOLERANCE = 0.05
TOGETHER = 0.03
"""Onsets nearer to each other than that, s, are one."""
KEPT, MOVED = 0.7, 0.5
"""What the default strength is to reach: onsets F1, and the way of the timbre."""


@dataclass(frozen=True, slots=True)
class Strength:
    """What a strength (init_noise_level) does: mean onset F1, and mean way of the timbre."""

    level: float
    onsets: float
    moved: float


def onset_times(samples: Samples) -> NDArray[np.floating[Any]]:
    """When something is struck in [2, N] at 44.1 kHz, s."""
    import librosa

    mono = np.ascontiguousarray(samples.mean(axis=0))
    return librosa.onset.onset_detect(y=mono, sr=RATE, hop_length=256, units="time")


def merged(times: Sequence[float]) -> NDArray[np.floating[Any]]:
    """Times in order, those that are heard as one taken together."""
    kept: list[float] = []
    for time in sorted(times):
        if not kept or time - kept[-1] > TOGETHER:
            kept.append(float(time))
    return np.array(kept)


def onset_f1(known: Times, found: Times) -> float:
    """F-measure of found onsets within 50 ms of the known ones, each used once; times in s."""
    from mir_eval.onset import f_measure

    if not len(known) or not len(found):
        return 0.0
    return float(f_measure(np.asarray(known), np.asarray(found), window=TOLERANCE)[0])


def timbre(samples: Samples) -> NDArray[np.floating[Any]]:
    """[38]: mean and spread of MFCC 1 to 19 over the frames of [2, N] that are not silent."""
    import librosa

    mono = np.ascontiguousarray(samples.mean(axis=0))
    cepstra = librosa.feature.mfcc(y=mono, sr=RATE, n_mfcc=20, n_fft=2048, hop_length=1024)
    heard = cepstra[1:, cepstra[0] > cepstra[0].max() - 400]
    return np.concatenate([heard.mean(axis=1), heard.std(axis=1)])


def way(source: NDArray[Any], result: NDArray[Any], goal: NDArray[Any]) -> float:
    """How far `result` is along the line from `source`, 0, to `goal`, 1."""
    line = goal - source
    return float((result - source) @ line / (line @ line))


def default_strength(curve: Sequence[Strength]) -> Strength:
    """Of those that move the timbre far enough, the one that keeps the rhythm best; else the best compromise."""
    moved = [strength for strength in curve if strength.moved >= MOVED]
    if moved:
        return max(moved, key=lambda strength: strength.onsets)
    return max(curve, key=lambda strength: min(strength.onsets / KEPT, strength.moved / MOVED))
