"""Training material made by rule (section 3.1 of the paper): a composer, a renderer, and real recordings.

`compose(seed)` writes an arrangement with known facts, `render(arrangement)` makes it sound. Both are pure functions.
"""

from engine.training.corpus.arrangement import Arrangement, is_held_out
from engine.training.corpus.composer import compose
from engine.training.corpus.renderer import render

__all__ = ["Arrangement", "compose", "is_held_out", "render"]
