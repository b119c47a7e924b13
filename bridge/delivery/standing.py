"""Where a DAW stands, as its companion told last: tempo, metre, position, selection. Knows no carrier."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from bridge.delivery.messages import Message
from bridge.state import TransportChange, TransportState


class Standing:
    """The last `state` of one DAW; `now` counts on while it plays."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """Knows nothing yet; `clock` gives seconds."""
        self._clock = clock
        self._told: TransportState | None = None
        self._at = 0.0
        self.project = ""
        self.folder = ""
        self.selected = -math.inf
        """When its selection was another one last, by the clock."""

    def hear(self, message: Message) -> None:
        """Takes a `state` in."""
        said = changed(message)
        before = self._told or TransportState(source="daw")
        if "selection" in said and said["selection"] != before.selection:
            self.selected = self._clock()
        known = before.tempo_known or "tempo" in said
        self._told = replace(before, tempo_known=known, **cast(dict[str, Any], said))
        self._at = self._clock()
        self.project = str(message.get("project", self.project))
        self.folder = str(message.get("folder", self.folder))

    def now(self) -> TransportState | None:
        """Where it stands; None if it has said nothing."""
        told = self._told
        if told is None or not told.playing:
            return told
        return replace(told, beat=told.beat + (self._clock() - self._at) * told.tempo / 60.0)


def changed(message: Message) -> TransportChange:
    """What a `state` says about the transport."""
    told: dict[str, Any] = dict(message)
    said: TransportChange = {}
    for name in ("tempo", "playing", "beat", "key"):
        if name in message:
            said[name] = told[name]
    if "numerator" in message and "denominator" in message:
        said["signature"] = int(message["numerator"]), int(message["denominator"])
    if "selection_start" in message and "selection_end" in message:
        start, end = float(message["selection_start"]), float(message["selection_end"])
        said["selection"] = (start, end) if start < end else None
    return said
