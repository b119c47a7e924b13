"""One connection of the desk: lines that come, messages that wait to go out, and whether it still lives.

Never waits for its socket. Knows neither tokens nor what a message means, but for the `place`s that are not answered.
"""

from __future__ import annotations

import socket
from collections import deque

from bridge.delivery.carrier import GONE_AFTER
from bridge.delivery.messages import LARGEST, Message, to_json

MOST_UNSENT = 1 << 20
"""Bytes that may wait for a peer that does not read."""
A_SECOND, AT_ONCE = 200.0, 400.0
"""Lines that may come, in the long run and in a burst."""
BUSY = 100.0
"""Seconds that a DAW may be silent while it places: it reads the whole file first, and nothing runs meanwhile. Longer
than deliveries have patience, so that they decide."""


class Gone(Exception):
    """The peer has gone, or has to go; says why."""


class Peer:
    """A socket that does not block; times are of one clock, in seconds."""

    def __init__(self, sock: socket.socket, now: float) -> None:
        """Just connected; who it is (`daw`, `instance`) is not known yet."""
        self.sock = sock
        self.daw = ""
        self.instance = ""
        self.since = now
        self._heard = now
        self._begun = bytearray()
        self._unsent: deque[tuple[str, bytearray]] = deque()
        self._on_the_way = False
        self._places: dict[str, float] = {}
        self._may = AT_ONCE
        self._counted = now

    @property
    def waiting(self) -> bool:
        """Whether something waits to go out."""
        return bool(self._unsent)

    def silent(self, now: float) -> float:
        """Seconds since its last line."""
        return now - self._heard

    def there(self, now: float) -> bool:
        """Whether it lives: it spoke lately, or is placing something."""
        busy = any(now - since < BUSY for since in self._places.values())
        return busy or self.silent(now) <= GONE_AFTER

    def lines(self, now: float) -> list[bytes]:
        """The whole lines that have come.

        Raises:
            Gone: if it has ended, or sends more than it may.
        """
        try:
            came = self.sock.recv(LARGEST)
        except (BlockingIOError, InterruptedError):
            return []
        except OSError as error:
            raise Gone(str(error)) from error
        if not came:
            raise Gone("it has ended")
        *whole, rest = (bytes(self._begun) + came).split(b"\n")
        self._begun = bytearray(rest)
        if max(map(len, (*whole, rest))) > LARGEST:
            raise Gone(f"a line has more than {LARGEST} bytes")
        self._count(len(whole), now)
        if whole:
            self._heard = now
        return whole

    def put(self, message: Message, now: float) -> bool:
        """Lets a message wait to go out; False if too much waits already."""
        line = bytearray(to_json(message))
        if sum(len(rest) for _, rest in self._unsent) + len(line) > MOST_UNSENT:
            return False
        place = str(message["id"]) if message["kind"] == "place" else ""
        if place:
            self._places[place] = now
        self._unsent.append((place, line))
        return True

    def flush(self) -> None:
        """Sends what the socket takes now.

        Raises:
            Gone: if it has ended.
        """
        while self._unsent:
            _, rest = self._unsent[0]
            try:
                sent = self.sock.send(rest)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                raise Gone(str(error)) from error
            self._on_the_way = self._on_the_way or sent > 0
            del rest[:sent]
            if not rest:
                self._unsent.popleft()
                self._on_the_way = False

    def answered(self, place: str) -> None:
        """A `place` has its answer."""
        self._places.pop(place, None)

    def never_sent(self) -> set[str]:
        """The ids of `place`s of which no byte went out."""
        return {place for place, _ in list(self._unsent)[self._on_the_way :] if place}

    def withdraw(self, place: str) -> bool:
        """Takes a `place` out of what waits, if no byte of it went out."""
        if place not in self.never_sent():
            return False
        self._unsent = deque(each for each in self._unsent if each[0] != place)
        self.answered(place)
        return True

    def _count(self, lines: int, now: float) -> None:
        self._may = min(AT_ONCE, self._may + (now - self._counted) * A_SECOND) - lines
        self._counted = now
        if self._may < 0:
            raise Gone(f"it sends more than {A_SECOND:g} lines a second")
