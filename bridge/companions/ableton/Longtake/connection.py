"""The socket to Longtake, on a thread of its own: it finds Longtake, comes back to it, and carries lines both ways.

What comes lies in `heard` until Live's main thread takes it; what is to go out is given to `say`. Touches nothing of
Live, so that it goes on while Live is busy.
"""

from __future__ import annotations

import collections
import contextlib
import json
import queue
import select
import socket
import threading
import time
from typing import Any

from . import finding

AGAIN = 2.0
"""Seconds between two looks for Longtake."""
ALIVE = 1.0
"""Seconds of silence after which a sign of life is sent."""
_WELCOME_WITHIN = 5.0
_LARGEST = 65536
_MOST_HEARD = 256


class Connection:
    """Begins with `start`; no call of it waits, but for `close`, which does so for half a second at most."""

    def __init__(self, hello: dict[str, Any]) -> None:
        """`hello` is the first message to each Longtake, without the token."""
        self.heard: queue.Queue[dict[str, Any]] = queue.Queue(_MOST_HEARD)
        self.connected = False
        self._hello = hello
        self._out: collections.deque[dict[str, Any]] = collections.deque(maxlen=_MOST_HEARD)
        self._wake, self._woken = socket.socketpair()
        for sock in (self._wake, self._woken):
            sock.setblocking(False)
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="Longtake", daemon=True)

    def start(self) -> None:
        """Begins to look for Longtake."""
        self._thread.start()

    def say(self, message: dict[str, Any]) -> None:
        """Sends a message; an `answer` waits until Longtake is there, anything else is of no use later."""
        if self.connected or message["kind"] == "answer":
            self._out.append(message)
            self._awake()

    def close(self) -> None:
        """Says bye and ends."""
        self._closing = True
        self._awake()
        if self._thread.is_alive():
            self._thread.join(0.5)

    # --- the thread ---

    def _run(self) -> None:
        while not self._closing:
            # Whatever is wrong with the file or with the other side, it may be right the next time.
            with contextlib.suppress(Exception), self._connect() as sock:
                self._talk(sock)
            self.connected = False
            if not self._closing:
                select.select([self._woken], [], [], AGAIN)
                self._sleep()
        for sock in (self._wake, self._woken):
            sock.close()

    def _connect(self) -> socket.socket:
        desk = finding.desk()
        sock = socket.create_connection(("127.0.0.1", desk["port"]), timeout=1.0)
        try:
            sock.sendall(_line(dict(self._hello, token=desk["token"])))
        except OSError:
            sock.close()
            raise
        sock.setblocking(False)
        answers = [each for each in self._out if each["kind"] == "answer"]
        self._out.clear()
        self._out.extend(answers)
        return sock

    def _talk(self, sock: socket.socket) -> None:
        """Carries lines until one side ends."""
        came, going = b"", b""
        began = spoke = time.monotonic()
        while True:
            if self.connected and not going:
                going = self._next(time.monotonic() - spoke)
            if self._closing and not going:
                return
            reading, writing, _ = select.select(
                [sock, self._woken], [sock] if going else [], [], ALIVE / 4
            )
            if self._woken in reading:
                self._sleep()
            if writing:
                going = going[sock.send(going) :]
                spoke = time.monotonic()
            if sock in reading:
                came = self._hear(came, sock.recv(_LARGEST))
            if not self.connected and time.monotonic() - began > _WELCOME_WITHIN:
                raise OSError("whoever answers there is not Longtake")

    def _next(self, silent: float) -> bytes:
        """What goes out next: what was said, a bye, or a sign of life."""
        if self._out:
            return _line(self._out.popleft())
        if self._closing:
            self.connected = False
            return _line({"kind": "bye"})
        return _line({"kind": "state"}) if silent > ALIVE else b""

    def _hear(self, begun: bytes, came: bytes) -> bytes:
        """Takes in what came; gives back the line that is not whole yet."""
        if not came:
            raise OSError("Longtake has ended")
        whole, _, rest = (begun + came).rpartition(b"\n")
        if len(rest) > _LARGEST:
            raise OSError("a line has no end")
        for line in filter(None, whole.split(b"\n")):
            message = json.loads(line.decode("utf-8"))
            if message["kind"] == "welcome":
                self.connected = True
            if message["kind"] != "progress" or self.heard.qsize() < _MOST_HEARD // 8:
                self.heard.put_nowait(message)
        return rest

    def _awake(self) -> None:
        with contextlib.suppress(OSError):
            self._wake.send(b".")

    def _sleep(self) -> None:
        with contextlib.suppress(OSError):
            self._woken.recv(4096)


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode("utf-8") + b"\n"
