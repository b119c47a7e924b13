"""Our own synthesisers: every patch by name, and how a note of one is sounded.

A patch is a function from a `Tone` to sound; its character is drawn from the voice's seed, so that two songs with the
same instrument do not share a timbre. Knows nothing of parts or mixes.
"""

from __future__ import annotations

import numpy as np

from engine.training.corpus.bass_patches import BASS_PATCHES
from engine.training.corpus.melodic_patches import MELODIC_PATCHES
from engine.training.corpus.oscillators import Signal
from engine.training.corpus.tone import Tone

PATCHES = {**BASS_PATCHES, **MELODIC_PATCHES}


def synth_note(patch: str, tone: Tone) -> Signal:
    """Sounds one note: [2, N] float32."""
    sound = PATCHES[patch](tone)
    if sound.ndim == 1:
        sound = np.stack([sound, sound])
    fade = min(sound.shape[1], 220)
    sound[:, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return sound
