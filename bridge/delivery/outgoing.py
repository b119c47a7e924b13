"""A take as what is delivered of it. Knows no target."""

from __future__ import annotations

from bridge.delivery_state import Delivery, Placement
from bridge.state import Take


def delivery_of(take: Take, placement: Placement) -> Delivery:
    """A take with where it goes, without an id yet."""
    tempo = take.tempo or 0.0
    return Delivery(
        id="",
        take_id=take.id,
        path=take.path,
        name=take.name,
        placement=placement,
        seconds=take.seconds,
        tempo=tempo,
        beats=_beats(take, tempo),
        loop=take.loop,
    )


def _beats(take: Take, tempo: float) -> float:
    """A take's length in quarter notes: whole beats where it was made in bars, since its frames are rounded."""
    beats = take.seconds * tempo / 60.0
    return float(round(beats)) if abs(beats - round(beats)) < 1e-3 * max(beats, 1.0) else beats
