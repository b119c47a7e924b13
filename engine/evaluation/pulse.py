"""Tempo and key, requested against measured (alignment in musical terms, §4.1).

Tempo is librosa's, on a grid fine enough for differences of 3 %; the key is the best match of what is heard of each
pitch class with the 24 profiles of Albrecht and Shanahan (2013). Both make mistakes on real music as well; their
results on held-out pieces are the ceiling. Knows nothing of prompts.
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
"""Half of librosa's default hop, with which lags at 170 BPM would be 6 % apart."""
NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
FLATS = {"Db": "C#", "Eb": "D#", "Gb": "F#", "Ab": "G#", "Bb": "A#"}
PROFILES = {
    "major": np.array([238, 6, 111, 6, 137, 94, 16, 214, 9, 80, 8, 81]) / 1000,
    "minor": np.array([220, 6, 104, 123, 19, 103, 12, 214, 62, 22, 61, 52]) / 1000,
}


def tempo(samples: Samples) -> float:
    """Tempo of [2, N] at 44.1 kHz, BPM; 0 if there are no onsets."""
    import librosa

    onsets = librosa.onset.onset_strength(y=_analysed(samples), sr=ANALYSIS_RATE, hop_length=HOP)
    if not onsets.any():
        return 0.0
    found = librosa.feature.tempo(onset_envelope=onsets, sr=ANALYSIS_RATE, hop_length=HOP)
    return float(np.atleast_1d(found)[0])


def tempo_fault(requested: float, measured: float) -> float:
    """Relative deviation of a measured tempo from the requested one, its half or its double."""
    return min(abs(measured / (requested * factor) - 1) for factor in (0.5, 1.0, 2.0))


def followed(requested: float, measured: float) -> bool:
    """Whether a measured tempo is the requested one, its half or its double."""
    return tempo_fault(requested, measured) <= TOLERANCE


def best_key(chroma: NDArray[np.floating[Any]]) -> str:
    """The key whose profile best matches the chroma vector [12], from C upwards."""
    fits = {
        f"{NAMES[tonic]} {mode}": float(np.corrcoef(np.roll(profile, tonic), chroma)[0, 1])
        for mode, profile in PROFILES.items()
        for tonic in range(12)
    }
    return max(fits, key=lambda name: fits[name])


def pitch_class(name: str) -> int:
    """Of a tonic in any spelling, from C upwards: 'Eb' is 3."""
    return NAMES.index(FLATS.get(name, name))


def same_key(one: str, two: str) -> bool:
    """Whether two keys are equal, in any spelling: 'Eb minor' and 'D# minor'."""
    return _spelt(one) == _spelt(two)


def relatives(one: str, two: str) -> bool:
    """Whether two keys are equal or relative major and minor, which share all notes and are easily confused."""
    return _signature(one) == _signature(two)


def _spelt(name: str) -> str:
    tonic, mode = name.split()[0], name.split()[-1]
    return f"{FLATS.get(tonic, tonic)} {mode.lower()}"


def _signature(name: str) -> int:
    tonic, mode = _spelt(name).split()
    return (pitch_class(tonic) + (3 if mode == "minor" else 0)) % 12


def _analysed(samples: Samples) -> NDArray[np.float32]:
    import soxr

    return soxr.resample(samples.mean(axis=0), RATE, ANALYSIS_RATE).astype(np.float32)
