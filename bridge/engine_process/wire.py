"""Between the bridge and the engine process: messages as lines of JSON, arrays through shared memory.

Knows nothing of processes or engines. Both ends map the same file; a message names the slot its array lies in, and the
reader gives the slot back. When all slots are taken the writer waits, so memory stays bounded whichever side is slower.
"""

from __future__ import annotations

import contextlib
import json
import threading
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from bridge.shared_file import SharedFile

SLOTS = 4
SLOT_BYTES = 2 * 2**20
SLOT_FLOATS = SLOT_BYTES // 4

Message = dict[str, Any]


class SharedSlots:
    """`SLOTS` places for float32 arrays in memory that two processes share; `file` is that memory."""

    def __init__(self, file: SharedFile | None = None) -> None:
        """Makes the memory, or takes the one the parent made."""
        # Not closed by hand: what a child that died left in a slot may still be read.
        self.file = file or SharedFile.create(SLOTS * SLOT_BYTES)

    def put(self, slot: int, array: NDArray[np.float32]) -> None:
        """Copies an array of at most `SLOT_FLOATS` values into a slot."""
        self._view(slot, array.shape)[...] = array

    def take(self, slot: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """A copy of what lies in a slot."""
        return self._view(slot, shape).copy()

    def _view(self, slot: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
        count = int(np.prod(shape))
        flat = np.frombuffer(self.file.map, np.float32, count, offset=slot * SLOT_BYTES)
        return flat.reshape(shape)


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
