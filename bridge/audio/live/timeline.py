"""A ring in shared memory that is addressed by the output device's frame position: what is late cannot shift time.

The device adds it to what it plays and zeroes what it read; it always goes on by what it plays. The writer writes, and
writes over, whatever lies ahead of the device. Knows nothing of rates, clocks or what sounds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bridge.shared_file import SharedFile

Frames = NDArray[np.float32]
CAPACITY = 1 << 17
_POSITION = 0
_HEADER = 64


class Timeline:
    """`capacity` frames of two channels; `position` is the next frame that the device plays, counted for ever."""

    def __init__(self, capacity: int = CAPACITY, file: SharedFile | None = None) -> None:
        """Makes the memory, or takes the one that was made; `capacity` is a power of two.

        Raises:
            ValueError: if it is none.
        """
        if capacity & (capacity - 1):
            raise ValueError(f"The capacity of a ring is a power of two; it is {capacity}.")
        self.capacity = capacity
        self.file = file or SharedFile.create(_HEADER + capacity * 8)
        self._header: NDArray[np.int64] = np.ndarray(8, np.int64, self.file.map)
        self._frames: Frames = np.ndarray((capacity, 2), np.float32, self.file.map, _HEADER)

    @property
    def position(self) -> int:
        """The next frame that the device plays."""
        return int(self._header[_POSITION])

    def add_into(self, out: Frames) -> None:
        """Adds what lies at the position to [N, 2], N <= capacity, zeroes it and goes on by N.

        Made for the audio callback: allocates no memory for samples, takes no lock.
        """
        position = int(self._header[_POSITION])
        # First: what a writer finds behind the position now, it clears itself.
        self._header[_POSITION] = position + len(out)
        start = position & (self.capacity - 1)
        first = min(len(out), self.capacity - start)
        for part, there in (
            (out[:first], self._frames[start : start + first]),
            (out[first:], self._frames[: len(out) - first]),
        ):
            np.add(part, there, out=part)
            there[:] = 0.0

    def write(self, position: int, frames: Frames) -> int:
        """Writes [N, 2] to `position` and on, over what was there; gives how many frames of it came too late.

        What lies behind the device is not written, nor what lies `capacity` or more ahead of it.
        """
        stop = position + len(frames)
        begin = min(max(position, self.position), stop)
        end = max(begin, min(stop, self.position + self.capacity))
        self._put(begin, frames[begin - position : end - position])
        played = min(max(self.position, begin), end)
        if (
            played > begin
        ):  # It went on meanwhile: what it may not have found must not wait there for the next turn.
            self._put(begin, np.zeros((played - begin, 2), np.float32))
        return played - position

    def clear(self) -> None:
        """Silence from here on."""
        self.write(self.position, np.zeros((self.capacity, 2), np.float32))

    def _put(self, position: int, frames: Frames) -> None:
        start = position & (self.capacity - 1)
        first = min(len(frames), self.capacity - start)
        self._frames[start : start + first] = frames[:first]
        self._frames[: len(frames) - first] = frames[first:]
