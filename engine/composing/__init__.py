"""The composer: a seed, or a request, becomes an arrangement: notes and metadata, without any sound (§3.1)."""

from engine.composing.arrangement import Arrangement, is_held_out
from engine.composing.composer import compose
from engine.composing.lead_sheet import written
from engine.composing.wish import Wish

__all__ = ["Arrangement", "Wish", "compose", "is_held_out", "written"]
