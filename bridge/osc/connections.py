"""Which TCP connections may stay: places for those in use, and a few for newcomers, who must soon be in use too.

Whoever connects and sends nothing gives way to the next ones: a performer's first press may come long after the
connection. Who has begun to send, or needs the token, has a few seconds. Knows sockets only as something to keep.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.osc.access import Access
from bridge.osc.clients import Target
from bridge.osc.framing import Frames

MAX_IN_USE = 64
MAX_NEWCOMERS = 16
MAX_UNKNOWN = 4
"""Newcomers at once from hosts that have not shown the token."""
NEWCOMER_FOR = 10.0
"""Seconds within which a newcomer that has begun must have sent a packet, and its token whoever needs one."""


@dataclass(slots=True, eq=False)
class Connection:
    """One connection, with what has come and not been read, and what has not been sent."""

    sock: socket.socket
    peer: Target
    frames: Frames = field(default_factory=Frames)
    unsent: bytearray = field(default_factory=bytearray)
    heard: float = field(default_factory=time.monotonic)
    """When it was made, or last sent a good packet (monotonic seconds)."""


class Connections:
    """All connections; tells which of them have to go."""

    def __init__(self, access: Access, needed: Callable[[], set[Target]]) -> None:
        """Never gives up one of the peers that are `needed`, since they wait for something."""
        self._access = access
        self._needed = needed
        self._newcomers: dict[Target, Connection] = {}
        self._in_use: dict[Target, Connection] = {}

    def at(self, peer: Target) -> Connection | None:
        """The connection of a peer."""
        return self._in_use.get(peer) or self._newcomers.get(peer)

    def all(self) -> list[Connection]:
        """Every connection."""
        return [*self._newcomers.values(), *self._in_use.values()]

    def room_for(self, host: str) -> bool:
        """Whether a host may connect now; one that has not shown the token takes nobody's place."""
        entry = self._access.entry(host)
        if entry == "token":
            unknown = [p for p in self._newcomers if self._access.entry(p[1]) == "token"]
            return len(unknown) < MAX_UNKNOWN and len(self._newcomers) < MAX_NEWCOMERS
        return entry == "in"

    def add(self, connection: Connection) -> list[Connection]:
        """Adds a newcomer; returns who has to go for it."""
        self._newcomers[connection.peer] = connection
        return list(self._newcomers.values())[:-MAX_NEWCOMERS]

    def approve(self, peer: Target) -> list[Connection]:
        """Counts a connection as in use; returns who has to go for it."""
        connection = self.at(peer)
        if connection is None or self._access.entry(peer[1]) != "in":
            return []
        connection.heard = time.monotonic()
        if peer in self._in_use:
            return []
        gone: list[Connection] = []
        if len(self._in_use) >= MAX_IN_USE:
            needed = self._needed()
            idle = [one for one in self._in_use.values() if one.peer not in needed]
            if not idle:
                return []  # It stays among the newcomers, for as long as it talks and no others come.
            gone = [min(idle, key=lambda one: one.heard)]
        self._in_use[peer] = self._newcomers.pop(peer)
        return gone

    def overdue(self) -> list[Connection]:
        """Newcomers that have had their time; one that may talk and is silent has as much as it likes."""
        since = time.monotonic() - NEWCOMER_FOR
        return [
            one
            for one in self._newcomers.values()
            if one.heard < since and (one.frames.begun or self._access.entry(one.peer[1]) != "in")
        ]

    def remove(self, connection: Connection) -> bool:
        """Forgets a connection; False if it was forgotten already."""
        known = self._in_use if connection.peer in self._in_use else self._newcomers
        return known.pop(connection.peer, None) is not None
