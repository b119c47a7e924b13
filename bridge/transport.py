"""The one musical time of the program: tempo, metre, key, position, and when the next bar begins.

Knows nothing of OSC, MIDI or Link: each of them, and the musician's hand, calls `change` with what it heard. Which
of them is followed is decided here. Positions are quarter notes, tempo is quarter notes a minute.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from bridge.errors import BridgeError
from bridge.events import Publish, TransportChanged
from bridge.state import (
    QUANTIZES,
    SYNC_SOURCES,
    Quantize,
    SyncSource,
    TransportChange,
    TransportState,
)
from engine.errors import choices
from engine.spec import PARAMETERS

SILENT_AFTER = 3.0
"""Seconds after which a source that says nothing more gives way to a weaker one."""
JUMP = 0.25
"""Quarter notes by which a new position must differ from the expected one to count as a jump."""

STEADY = 4.0
"""Seconds of reports over OSC whose least delay counts: they come late by a network and by a DAW's own period."""

_STRENGTH: dict[SyncSource, int] = {"manual": 0, "osc": 1, "daw": 2, "midi": 3, "link": 4}
_LED = ("tempo", "playing", "beat")
_BARS: dict[Quantize, int] = {"bar": 1, "2bar": 2, "4bar": 4}


def quantum(quantize: Quantize, signature: tuple[int, int]) -> float:
    """Length of one step of the launch grid in quarter notes; 0 for `none`."""
    beats, value = signature
    if quantize == "beat":
        return 4.0 / value
    return _BARS.get(quantize, 0) * beats * 4.0 / value


def next_boundary(beat: float, quantize: Quantize, signature: tuple[int, int]) -> float:
    """The first position of the launch grid at or after `beat`, both in quarter notes."""
    step = quantum(quantize, signature)
    if step == 0:
        return beat
    # A launch that is late by a rounding error still means that boundary.
    return max(beat, math.ceil(beat / step - 1e-6) * step)


class Transport:
    """Holds where the DAW is and lets one source lead.

    Until somebody chooses a source, the strongest one that has spoken in the last seconds leads: Link, then MIDI
    clock, then our script inside a DAW, then OSC, then the hand. A chosen source leads alone. Signature, key and
    selection are taken from any source, since most know only some of them.
    """

    def __init__(self, publish: Publish, clock: Callable[[], float] = time.perf_counter) -> None:
        """Starts at 120 BPM, standing at bar 1; `clock` gives seconds, by which devices and MIDI are stamped too."""
        self._publish = publish
        self._clock = clock
        self._lock = threading.Lock()
        self._state = TransportState()
        self._at = clock()
        self._heard = -math.inf
        self._reports: deque[tuple[float, float]] = deque()
        self._chosen = False

    def state(self, at: float | None = None) -> TransportState:
        """Where it is now, or will be at a time of its clock, with `beat` extrapolated to then."""
        with self._lock:
            return self._when(self._clock() if at is None else at)

    def change(self, source: SyncSource, change: TransportChange, at: float | None = None) -> None:
        """Applies what `source` says; tempo, playing and beat only while that source leads.

        Args:
            source: who says it.
            change: what.
            at: when it was or will be so, by the clock; None is now. Only the position depends on it.

        Raises:
            BridgeError: `out_of_range`, naming the value and its limits.
        """
        said = _checked(change)
        with self._lock:
            now = self._clock()
            at = now if at is None else at
            before = self._when(at)
            if self._leads(source):
                self._heard = now
                said["source"] = source
                said["tempo_known"] = before.tempo_known or "tempo" in said
            else:
                for name in _LED:
                    said.pop(name, None)
            if source in ("osc", "daw") and "beat" in said:
                said["beat"] = self._undelayed(replace(before, **said), before, at)
            after = self._settle(replace(before, **said), at)
            self._tell(before, after)

    def set_source(self, source: SyncSource) -> None:
        """Lets one source lead alone.

        Raises:
            BridgeError: `out_of_range` when there is no such source.
        """
        _known("source", source, SYNC_SOURCES)
        with self._lock:
            self._chosen = True
            now = self._clock()
            before = self._when(now)
            after = self._settle(replace(before, source=source), now)
            self._tell(before, after)

    def set_quantize(self, quantize: Quantize) -> None:
        """Sets when launches take effect.

        Raises:
            BridgeError: `out_of_range` when there is no such grid.
        """
        _known("quantize", quantize, QUANTIZES)
        with self._lock:
            now = self._clock()
            before = self._when(now)
            after = self._settle(replace(before, quantize=quantize), now)
            self._tell(before, after)

    def _leads(self, source: SyncSource) -> bool:
        leader = self._state.source
        if source == leader:
            return True
        if self._chosen:
            return False
        silent = self._clock() - self._heard > SILENT_AFTER
        return silent or _STRENGTH[source] > _STRENGTH[leader]

    def _undelayed(self, said: TransportState, before: TransportState, at: float) -> float:
        """The position that the least delayed of the last reports means for now; a jump or a new tempo begins anew.

        Reports can be late, never early, so the one furthest ahead is right.
        """
        known = replace(said, beat=before.beat)
        if known != before or not said.playing or abs(said.beat - before.beat) > JUMP:
            self._reports.clear()
        began = at - said.beat * 60.0 / said.tempo
        self._reports.append((at, began))
        while at - self._reports[0][0] > STEADY:
            self._reports.popleft()
        if not said.playing:
            return said.beat
        return (at - min(began for _, began in self._reports)) * said.tempo / 60.0

    def _when(self, at: float) -> TransportState:
        state = self._state
        if not state.playing:
            return state
        return replace(state, beat=state.beat + (at - self._at) * state.tempo / 60.0)

    def _settle(self, state: TransportState, at: float) -> TransportState:
        self._state, self._at = state, at
        return state

    def _tell(self, before: TransportState, after: TransportState) -> None:
        jumped = abs(after.beat - before.beat) > JUMP
        if jumped or replace(after, beat=0.0) != replace(before, beat=0.0):
            self._publish(TransportChanged(after))


def _checked(change: TransportChange) -> dict[str, Any]:
    said = cast(dict[str, Any], dict(change))
    if "tempo" in said:
        limits = PARAMETERS["tempo"]
        _within("tempo", said["tempo"], limits.low, limits.high, "BPM")
    if "beat" in said:
        _within("beat", said["beat"], -1e6, 1e6, "quarter notes")
    if "signature" in said:
        beats, value = said["signature"]
        _within("signature", beats, 1, 32, "beats")
        if value not in (1, 2, 4, 8, 16, 32):
            raise BridgeError(
                "out_of_range", f"A beat is a 1, 2, 4, 8, 16 or 32th note; it is {value}."
            )
    if said.get("selection") is not None:
        start, end = said["selection"]
        if not (math.isfinite(start) and math.isfinite(end) and start < end):
            raise BridgeError(
                "out_of_range", f"A selection starts before it ends; it is {start:g}-{end:g}."
            )
    return said


def _within(name: str, value: float, low: float | None, high: float | None, unit: str) -> None:
    if low is None or high is None or not low <= value <= high:
        raise BridgeError(
            "out_of_range", f"{name} is from {low:g} to {high:g} {unit}; it is {value:g}."
        )


def _known(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise BridgeError("out_of_range", f"Unknown {name} {value!r}; choose {choices(known)}.")
