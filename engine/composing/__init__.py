"""The composer: a seed, or a request, becomes an arrangement: notes and metadata, without any sound (§3.1)."""

from engine.composing.arrangement import Arrangement, is_held_out
from engine.composing.composer import compose

__all__ = ["Arrangement", "compose", "is_held_out"]
