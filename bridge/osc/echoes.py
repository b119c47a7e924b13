"""Values that come back from where they were told: from a program that passes on all it hears, or another bridge.

Some are only somebody who sets the same values again and again, as a gate does that opens and closes with the music:
so what comes back is always heard. Many without a pause may be an echo, which would go round for ever: these are not
told there any more, until it pauses. Knows nothing of commands or sockets.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bridge.osc.clients import Target

RECENT = 0.5
"""Seconds within which a message that comes back may be an echo."""
TURNS = 100
"""So many of them are told again nevertheless, and as many after a pause."""
PAUSE = 1.0
MAX_TARGETS = 256
MAX_MESSAGES = 256


@dataclass(slots=True)
class _Told:
    """One message: when it was told last, how often it came back without a pause, and when last."""

    at: float
    turns: int = 0
    back: float = 0.0


class Echoes:
    """What was told of late, by whom it was told to."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Reads seconds from `clock`."""
        self._clock = clock
        self._targets: OrderedDict[Target, OrderedDict[int, _Told]] = OrderedDict()

    def tell(self, target: Target, address: str, values: tuple[Any, ...]) -> None:
        """Remembers that a message was sent to a target."""
        messages = self._targets.setdefault(target, OrderedDict())
        self._targets.move_to_end(target)
        now = self._clock()
        messages.setdefault(hash((address, values)), _Told(now)).at = now
        if len(messages) > MAX_MESSAGES:
            messages.popitem(last=False)
        if len(self._targets) > MAX_TARGETS:
            self._targets.popitem(last=False)

    def hear(self, source: Target, address: str, values: tuple[Any, ...]) -> None:
        """Counts a message that comes from there, if it was told there of late."""
        told = self._told(source, address, values)
        now = self._clock()
        if told and (now - told.at <= RECENT or told.turns > TURNS):
            told.turns = 1 if now - told.back > PAUSE else told.turns + 1
            told.back = now

    def goes_round(self, target: Target, address: str, values: tuple[Any, ...]) -> bool:
        """Whether a message comes back from there without end, and is not to be told there now."""
        told = self._told(target, address, values)
        return told is not None and told.turns > TURNS and self._clock() - told.back <= PAUSE

    def _told(self, target: Target, address: str, values: tuple[Any, ...]) -> _Told | None:
        messages = self._targets.get(target)
        return messages.get(hash((address, values))) if messages else None
