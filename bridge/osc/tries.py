"""How often a host that has yet to show the token may try: a few packets a second, and guesses ever further apart.

Knows no token and no socket.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.allowance import Allowance
from bridge.rare_log import RareLog

PACKETS = 4.0
"""Packets a second."""
SLIPS = 3
"""Wrong guesses that cost nothing: people mistype."""
LONGEST = 60.0
"""Seconds between two guesses at most; after each further wrong one they are twice as many, from 1 on."""
MAX_HOSTS = 1024


@dataclass(slots=True)
class _Host:
    packets: Allowance = field(default_factory=lambda: Allowance(PACKETS, PACKETS))
    wrong: int = 0
    next: float = 0.0


class Tries:
    """What hosts have tried; the one that was silent for longest is forgotten first."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Reads seconds from `clock`."""
        self._clock = clock
        self._hosts: OrderedDict[str, _Host] = OrderedDict()
        self._log = RareLog(logging.getLogger(__name__))

    def may_send(self, host: str) -> bool:
        """Counts a packet; False when the host has had its share."""
        return self._at(host).packets.take(self._clock())

    def wait(self, host: str) -> float:
        """Seconds until a host may guess again; 0 when it may now."""
        return max(self._at(host).next - self._clock(), 0.0)

    def tried(self, host: str, right: bool) -> None:
        """Counts a guess, and logs a wrong one."""
        known = self._at(host)
        if right:
            known.wrong, known.next = 0, 0.0
            return
        known.wrong = min(known.wrong + 1, 16)
        if known.wrong >= SLIPS:
            known.next = self._clock() + min(2.0 ** (known.wrong - SLIPS), LONGEST)
        self._log.warn("A wrong token came:", f"from {host}")

    def _at(self, host: str) -> _Host:
        known = self._hosts.setdefault(host, _Host())
        self._hosts.move_to_end(host)
        if len(self._hosts) > MAX_HOSTS:
            self._hosts.popitem(last=False)
        return known
