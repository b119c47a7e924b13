"""Drum strokes: which drum each onset is like, and how loud it is.

Knows nothing of whether the recording is a beat at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.hearing.drum_sounds import SOUNDS, drum_sounds, features
from engine.hearing.frames import Signal
from engine.hearing.onsets import levels, onsets
from engine.sound.audio import Samples

STROKE = np.dtype([("time", "f8"), ("pitch", "u1"), ("velocity", "u1")])
LIKELY = 0.5
"""An onset is a stroke of every sound that is likelier than this."""
CONCEIVABLE = 0.15
"""Where none is likely, it is one of the likeliest sound, if that is likelier than this."""
LOUD_VELOCITY = 110
"""Of what is as loud as the loud ones."""
DECIBELS = 26.0
"""To a tenth of the velocity: loudness goes with its power of 1.3."""
_PITCHES = np.array(list(SOUNDS.values()), np.uint8)


@dataclass(frozen=True, slots=True)
class Onsets:
    """Times (s), ascending; likelihoods of `SOUNDS` [S, len(SOUNDS)] in 0..1; levels, dB of full scale."""

    times: NDArray[np.float64]
    likelihoods: Signal
    levels: Signal

    @property
    def drums(self) -> NDArray[np.bool_]:
        """Which of them are likely strokes."""
        return self.likelihoods.max(axis=1, initial=0) > LIKELY


def listened(samples: Samples) -> Onsets:
    """The onsets of [C, N] at 44.1 kHz, and what each is like."""
    times = onsets(samples)
    likelihoods = drum_sounds().likelihoods(features(samples, times))
    return Onsets(times, likelihoods, levels(samples, times))


def strokes(found: Onsets) -> NDArray[np.void]:
    """Records `STROKE`, in order of time; several at one time where sounds begin together."""
    best = found.likelihoods.max(axis=1, keepdims=True, initial=0)
    chosen = (found.likelihoods > LIKELY) | (
        (best <= LIKELY) & (best > CONCEIVABLE) & (found.likelihoods == best)
    )
    onset, sound = np.nonzero(chosen)
    made = np.empty(len(onset), STROKE)
    made["time"], made["pitch"] = found.times[onset], _PITCHES[sound]
    for each in range(len(SOUNDS)):
        own = sound == each
        made["velocity"][own] = velocities(found.levels[onset[own]])
    return made


def velocities(levels: Signal) -> NDArray[np.uint8]:
    """MIDI velocities of levels in dB, against the loud ones among them."""
    if not levels.size:
        return np.zeros(0, np.uint8)
    below = levels - np.quantile(levels, 0.9)
    return np.clip(np.round(LOUD_VELOCITY * 10 ** (below / DECIBELS)), 1, 127).astype(np.uint8)
