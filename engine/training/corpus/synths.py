"""Our synthesisers: all patches by name, and how to render a note.

A patch maps a `Tone` to audio; its parameters are drawn from the voice's seed, so that the same instrument sounds
different in every song. Knows nothing of parts or mixes.
"""

from __future__ import annotations

import numpy as np

from engine.training.corpus.bass_patches import BASS_PATCHES
from engine.training.corpus.melodic_patches import MELODIC_PATCHES
from engine.training.corpus.oscillators import Signal
from engine.training.corpus.tone import Tone

PATCHES = {**BASS_PATCHES, **MELODIC_PATCHES}


def synth_note(patch: str, tone: Tone) -> Signal:
    """Renders one note: [2, N] float32."""
    sound = PATCHES[patch](tone)
    if sound.ndim == 1:
        sound = np.stack([sound, sound])
    fade = min(sound.shape[1], 220)
    sound[:, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return sound
