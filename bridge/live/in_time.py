"""The transport and the stream: where its beat is among the samples heard, and when a new prompt is due.

Pure functions of both. Knows nothing of threads or processes.
"""

from __future__ import annotations

from collections.abc import Callable

from bridge.audio.live.memory import RATE, Board
from bridge.state import TransportState
from bridge.transport import next_boundary, quantum
from engine.live_settings import Metre

When = Callable[[float | None], TransportState]
"""The transport at a time of `time.perf_counter`; now for None."""
NEAR = 0.01
"""Seconds by which the beat may lie elsewhere than was told before it is told anew."""


def metre(board: Board, transport: When, before: Metre | None) -> Metre | None:
    """Where the beat is, None while the transport stands; as before while the input tells no time."""
    plug = board.plug()
    at, time = plug or (0, None)
    state = transport(time)
    if not state.playing:
        return None
    return (
        before
        if plug is None
        else Metre(state.tempo, quantum("bar", state.signature), state.beat, at)
    )


def moved(before: Metre | None, after: Metre | None) -> bool:
    """Whether the second says something else than the first."""
    if before is None or after is None:
        return before is not after
    if (before.tempo, before.beats_per_bar) != (after.tempo, after.beats_per_bar):
        return True
    apart = after.beat - before.beat_at(after.at, RATE)
    return abs(apart) * 60.0 / after.tempo > NEAR


class Boundary:
    """The place of the transport's launch grid at which a change is to be heard: the first for which there is time."""

    def __init__(self, now: TransportState, early: float) -> None:
        """Chooses it; the change is made `early` seconds before it is heard."""
        self._beat = self._next(now, early)

    @staticmethod
    def _next(now: TransportState, early: float) -> float:
        return next_boundary(now.beat + early * now.tempo / 60.0, now.quantize, now.signature)

    def due(self, now: TransportState, early: float) -> bool:
        """Whether it is to be made now; always where there is no grid."""
        step = quantum(now.quantize, now.signature)
        if not now.playing or not step:
            return True
        left = self._beat - (now.beat + early * now.tempo / 60.0)
        if left > step:  # The transport went back, or has another grid.
            self._beat = self._next(now, early)
            return False
        return left <= 0.0
