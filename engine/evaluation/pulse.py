"""Tempo and key, asked against measured (§4.1's alignment, in the terms of a musician).

Tempo is librosa's, on a grid fine enough to tell 3 % apart; the key is the best of the 24 profiles of Albrecht and
Shanahan (2013) over librosa's chroma. Both are wrong at times about true music too: what they say of held-out pieces is
the ceiling. Knows nothing of prompts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.sounds import RATE
from engine.sound.audio import Samples

TOLERANCE = 0.03
ANALYSIS_RATE = 22_050
HOP = 256
"""Half of librosa's usual hop: at 170 BPM its lags would lie 6 % apart."""
NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
FLATS = {"Db": "C#", "Eb": "D#", "Gb": "F#", "Ab": "G#", "Bb": "A#"}
PROFILES = {
    "major": np.array([238, 6, 111, 6, 137, 94, 16, 214, 9, 80, 8, 81]) / 1000,
    "minor": np.array([220, 6, 104, 123, 19, 103, 12, 214, 62, 22, 61, 52]) / 1000,
}


def tempo(samples: Samples) -> float:
    """Of [2, N] at 44.1 kHz, in BPM; 0 where nothing is struck."""
    import librosa

    onsets = librosa.onset.onset_strength(y=_analysed(samples), sr=ANALYSIS_RATE, hop_length=HOP)
    if not onsets.any():
        return 0.0
    found = librosa.feature.tempo(onset_envelope=onsets, sr=ANALYSIS_RATE, hop_length=HOP)
    return float(np.atleast_1d(found)[0])


def tempo_fault(asked: float, measured: float) -> float:
    """How far a measured tempo is from the one asked for, its half or its double, as a fraction of it."""
    return min(abs(measured / (asked * factor) - 1) for factor in (0.5, 1.0, 2.0))


def key(samples: Samples) -> str:
    """Of [2, N] at 44.1 kHz, as 'A minor'."""
    import librosa

    chroma = librosa.feature.chroma_cqt(y=_analysed(samples), sr=ANALYSIS_RATE, hop_length=2048)
    return best_key(chroma.sum(axis=1))


def best_key(chroma: NDArray[np.floating[Any]]) -> str:
    """The key whose profile is most like [12], how much of each pitch class there is from C upwards."""
    fits = {
        f"{NAMES[tonic]} {mode}": float(np.corrcoef(np.roll(profile, tonic), chroma)[0, 1])
        for mode, profile in PROFILES.items()
        for tonic in range(12)
    }
    return max(fits, key=lambda name: fits[name])


def same_key(one: str, two: str) -> bool:
    """Whether two keys are one, however they are spelt: 'Eb minor' and 'D# minor'."""
    return _spelt(one) == _spelt(two)


def relatives(one: str, two: str) -> bool:
    """Whether two keys are one, or relative major and minor: they share all notes, and often cannot be told apart."""
    return _signature(one) == _signature(two)


def _spelt(name: str) -> str:
    tonic, mode = name.split()[0], name.split()[-1]
    return f"{FLATS.get(tonic, tonic)} {mode.lower()}"


def _signature(name: str) -> int:
    tonic, mode = _spelt(name).split()
    return (NAMES.index(tonic) + (3 if mode == "minor" else 0)) % 12


def _analysed(samples: Samples) -> NDArray[np.float32]:
    import soxr

    return soxr.resample(samples.mean(axis=0), RATE, ANALYSIS_RATE).astype(np.float32)
