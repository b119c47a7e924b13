"""Whether the JACK server that a library is a client of still runs: by a client that only watches its clock.

RtMidi never learns that a server died: its lists stay as they were, also when another server runs. Knows nothing of
MIDI.
"""

from __future__ import annotations

import ctypes
from typing import Any

NO_START_SERVER = 1
LOOKS = 2
"""Looks in a row at a clock that stands, after which the server counts as gone."""


class JackPulse:
    """A client without ports; ask it every few seconds, from one thread."""

    def __init__(self, library: str, name: str) -> None:
        """Watches no server where there is none; `library` is the path of what is linked with JACK."""
        self._jack: Any = ctypes.CDLL(library)
        self._jack.jack_client_open.restype = ctypes.c_void_p
        self._jack.jack_last_frame_time.restype = ctypes.c_uint32
        status = ctypes.c_int()
        client = self._jack.jack_client_open(name.encode(), NO_START_SERVER, ctypes.byref(status))
        self._client = ctypes.c_void_p(client)
        self._last: int | None = None
        self._stood = 0

    def beats(self) -> bool:
        """Whether the server has gone on since it was asked last."""
        if not self._client:
            return False
        now = int(self._jack.jack_last_frame_time(self._client))
        self._stood = self._stood + 1 if now == self._last else 0
        self._last = now
        return self._stood < LOOKS

    def close(self) -> None:
        """Leaves the server; before another client is made, which would free this one if the server has died."""
        if self._client:
            self._jack.jack_client_close(self._client)
        self._client = ctypes.c_void_p()
