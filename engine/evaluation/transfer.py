"""Audio-to-audio (§4.6): does the result keep the recording's rhythm, and change its timbre?

Rhythm is the F-measure of onsets within 50 ms (mir_eval). Timbre is the mean and standard deviation of MFCC; its change
is measured along the line from the recording (0) to the prompt's result without it (1). Knows nothing of how results
are made.
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
KEPT, MOVED = 0.7, 0.5
"""Targets of the default strength: onsets F1, and change of timbre."""


@dataclass(frozen=True, slots=True)
class Strength:
    """The effect of a strength (init_noise_level): mean onset F1, and mean change of timbre."""

    level: float
    onsets: float
    moved: float


def onset_times(samples: Samples) -> NDArray[np.floating[Any]]:
    """Onsets in [2, N] at 44.1 kHz, s."""
    import librosa

    mono = np.ascontiguousarray(samples.mean(axis=0))
    return librosa.onset.onset_detect(y=mono, sr=RATE, hop_length=256, units="time")


def onset_f1(known: Times, found: Times) -> float:
    """F-measure of detected onsets within 50 ms of the known ones, matched one to one; times in s."""
    from mir_eval.onset import f_measure

    if not len(known) or not len(found):
        return 0.0
    return float(f_measure(np.asarray(known), np.asarray(found), window=TOLERANCE)[0])


def timbre(samples: Samples) -> NDArray[np.floating[Any]]:
    """[38]: mean and standard deviation of MFCC 1 to 19 over the non-silent frames of [2, N]."""
    import librosa

    mono = np.ascontiguousarray(samples.mean(axis=0))
    cepstra = librosa.feature.mfcc(y=mono, sr=RATE, n_mfcc=20, n_fft=2048, hop_length=1024)
    heard = cepstra[1:, cepstra[0] > cepstra[0].max() - 400]
    return np.concatenate([heard.mean(axis=1), heard.std(axis=1)])


def way(source: NDArray[Any], result: NDArray[Any], goal: NDArray[Any]) -> float:
    """Position of `result` along the line from `source`, 0, to `goal`, 1."""
    line = goal - source
    return float((result - source) @ line / (line @ line))


def default_strength(curve: Sequence[Strength]) -> Strength:
    """The strength that keeps the rhythm best among those that change the timbre enough; else the best compromise."""
    moved = [strength for strength in curve if strength.moved >= MOVED]
    if moved:
        return max(moved, key=lambda strength: strength.onsets)
    return max(curve, key=lambda strength: min(strength.onsets / KEPT, strength.moved / MOVED))
