"""Training material: a renderer for what the composer writes, and real recordings (§3.1).

`render(arrangement)` renders to audio. It is a pure function.
"""

from engine.training.corpus.renderer import render

__all__ = ["render"]
