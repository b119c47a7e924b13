"""Training material: a rule-based composer, a renderer, and real recordings (§3.1).

`compose(seed)` writes an arrangement with metadata, `render(arrangement)` renders it to audio. Both are pure functions.
"""

from engine.training.corpus.arrangement import Arrangement, is_held_out
from engine.training.corpus.composer import compose
from engine.training.corpus.renderer import render

__all__ = ["Arrangement", "compose", "is_held_out", "render"]
