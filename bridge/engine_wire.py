"""Between the bridge and the engine process: messages as lines of JSON, arrays through shared memory.

Knows nothing of processes or engines. Both ends map the same file; a message names the slot its array lies in, and
the reader gives the slot back. With all slots out the writer waits, so memory stays bounded whoever is slower.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import tempfile
import threading
import weakref
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

SLOTS = 4
SLOT_BYTES = 2 * 2**20
SLOT_FLOATS = SLOT_BYTES // 4

Message = dict[str, Any]


class SharedSlots:
    """`SLOTS` places for float32 arrays in memory that two processes share.

    The file behind it loses its name at once where the system lets it, so that no death leaves it behind; the child
    then inherits the open file. Elsewhere (Windows) it is found by name, which goes with the last of these objects.
    """

    def __init__(self, handle: int, path: Path | None = None) -> None:
        """Maps an open file of the right size."""
        self._handle = handle
        self._path = path
        self._map = mmap.mmap(handle, SLOTS * SLOT_BYTES)
        # Not closed by hand: what a child that died left in a slot may still be read.
        weakref.finalize(self, _release, self._map, handle, path)

    @classmethod
    def create(cls) -> SharedSlots:
        """Makes the file, in memory where the system has a place for that, and maps it."""
        place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        handle, name = tempfile.mkstemp(prefix="longtake-", dir=place)
        os.ftruncate(handle, SLOTS * SLOT_BYTES)
        if os.name == "nt":
            return cls(handle, Path(name))
        os.unlink(name)
        return cls(handle)

    @classmethod
    def of(cls, place: str) -> SharedSlots:
        """In the child: what `place` of the parent names."""
        return cls(int(place)) if place.isdecimal() else cls(os.open(place, os.O_RDWR), Path(place))

    @property
    def place(self) -> str:
        """What the child needs to map the same: a file's name, or the number of an inherited open file."""
        return str(self._path or self._handle)

    @property
    def inherited(self) -> tuple[int, ...]:
        """Open files the child must inherit."""
        return () if self._path else (self._handle,)

    def put(self, slot: int, array: NDArray[np.float32]) -> None:
        """Copies an array of at most `SLOT_FLOATS` values into a slot."""
        self._view(slot, array.shape)[...] = array

    def take(self, slot: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """A copy of what lies in a slot."""
        return self._view(slot, shape).copy()

    def _view(self, slot: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
        count = int(np.prod(shape))
        flat = np.frombuffer(self._map, np.float32, count, offset=slot * SLOT_BYTES)
        return flat.reshape(shape)


def _release(memory: mmap.mmap, handle: int, path: Path | None) -> None:
    memory.close()
    os.close(handle)
    if path:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


class Wire:
    """Two pipes that carry one JSON object a line; any thread may send, one may receive."""

    def __init__(self, reader: IO[bytes], writer: IO[bytes]) -> None:
        """Takes the two ends that belong to this process."""
        self._reader = reader
        self._writer = writer
        self._lock = threading.Lock()

    def send(self, **message: Any) -> None:
        """Sends a message.

        Raises:
            OSError: if the other end is gone.
        """
        line = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            self._writer.write(line)
            self._writer.flush()

    def receive(self) -> Message | None:
        """The next message, or None when the other end is gone."""
        try:
            line = self._reader.readline()
        except (OSError, ValueError):
            return None
        if not line.endswith(b"\n"):  # the other end died in the middle of a message
            return None
        return cast(Message, json.loads(line))

    def close(self) -> None:
        """Closes both ends."""
        for end in (self._writer, self._reader):
            with contextlib.suppress(OSError):
                end.close()
