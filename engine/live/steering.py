"""What the last seconds of a stream's input play, for models with a score: strokes, and the tune of one voice.

Knows nothing of latents.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.composing.score import Score
from engine.hearing.listening import heard
from engine.latent_diffusion import LatentDiffusion
from engine.live.asking import Asking
from engine.registry import SAMPLE_RATE
from engine.sound.audio import Samples

LISTENED = 6.0
"""What is listened to, s."""


class Steering:
    """Listens to a stream."""

    def __init__(self, model: LatentDiffusion, asking: Asking) -> None:
        self._plays = model.spec.dit.grid
        self._asking = asking
        self._sound: Samples = np.zeros((2, 0), np.float32)
        self._end = 0

    def hear(self, samples: Samples) -> None:
        """The next input [2, any]."""
        if self._plays:
            self._end += samples.shape[1]
            sound = np.concatenate([self._sound, samples], axis=1)
            self._sound = sound[:, -round(LISTENED * SAMPLE_RATE) :].copy()

    def score(self, sample: int) -> Score | None:
        """What is played from the window's first input sample on, placed as `Asking.music_start` places it."""
        if not self._plays:
            return None
        metre, first = self._asking.metre, self._end - self._sound.shape[1]
        found = heard(self._sound, metre.tempo if metre else None)
        if found is None:
            return None
        start = self._asking.music_start(sample) + (first - sample) / SAMPLE_RATE
        notes = found.notes.copy()
        notes["start"] += start * found.tempo / 60
        return replace(found, notes=notes[notes["start"] >= 0])
