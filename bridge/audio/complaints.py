"""What a child process writes to its standard error: each line once in the log, so many a minute, the last kept.

The libraries of audio systems write pages there where a system has no sound card; a crash writes its reason. Knows
nothing of what the child does.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections import deque
from multiprocessing.connection import Connection

MOST = 30
"""Lines a minute that go into the log."""
REMEMBERED = 200
"""Different lines after which one may come again."""
LAST = 8
_LONGEST = 500

_log = logging.getLogger(__name__)


def complain_to(pipe: Connection) -> None:
    """In the child: standard error goes into the pipe from now on, whoever writes it."""
    if sys.platform == "win32":
        import msvcrt

        file = msvcrt.open_osfhandle(pipe.fileno(), os.O_WRONLY)
    else:
        file = pipe.fileno()
    os.dup2(file, 2)


class Complaints:
    """Reads the pipe of one child, in a thread of its own, until all who hold its other end are gone."""

    def __init__(self, pipe: Connection) -> None:
        """Begins to read."""
        self._pipe = pipe
        self._seen: deque[str] = deque(maxlen=REMEMBERED)
        self._last: deque[str] = deque(maxlen=LAST)
        self._minute, self._count = 0.0, 0
        self._thread = threading.Thread(target=self._read, name="audio-complaints", daemon=True)
        self._thread.start()

    def last(self) -> list[str]:
        """The last lines of a child that has ended."""
        self._thread.join(timeout=1)
        return list(self._last)

    def _read(self) -> None:
        rest = b""
        try:
            while data := self._next():
                *lines, rest = (rest + data).split(b"\n")
                rest = rest[:_LONGEST]
                for line in lines:
                    self._take(line)
        except (EOFError, OSError):
            pass
        self._take(rest)
        self._pipe.close()

    def _next(self) -> bytes:
        # What is written was not sent by a `Connection`: on POSIX it has no lengths between.
        return (
            self._pipe.recv_bytes()
            if sys.platform == "win32"
            else os.read(self._pipe.fileno(), 4096)
        )

    def _take(self, data: bytes) -> None:
        line = data[:_LONGEST].decode(errors="replace").strip()
        if not line:
            return
        self._last.append(line)
        now = time.monotonic()
        if now - self._minute > 60.0:
            self._minute, self._count = now, 0
        if line in self._seen or self._count >= MOST:
            return
        self._seen.append(line)
        self._count += 1
        _log.debug("The audio process says: %s", line)
