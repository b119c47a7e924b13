"""A ring of audio frames in shared memory between two processes: one writes, one reads, nobody waits.

Knows nothing of devices. Positions are counted up for ever and wrapped only to index, so that "full" and "empty"
differ and a position names a frame for good. The samples are copied before the position that makes them visible is
stored; both are single aligned stores, which x86-64 keeps in order and which on ARM lie many instructions of the
interpreter apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.shared_file import SharedFile

CHANNELS = 2
_HEADER = 16
WRITTEN, READ, UNDERRUNS, SILENT, CALLS, EXPECTING, RATE = range(7)
# What `mark` notes, valid while MARKS is even and the same before and after it was read.
MARKS, DEVICE, AT, TIME = range(7, 11)
LOST, FILLED, OVERFLOWS = range(11, 14)


@dataclass(frozen=True, slots=True)
class Moment:
    """Where ring and device are at the edge between two callbacks.

    Attributes:
        frame: frames that the device has passed since its ring began to be read or written, missing ones too.
        position: the ring's position of the next frame.
        time: when that frame passes the plug, in seconds of `time.perf_counter`, which all processes share.
    """

    frame: int
    position: int
    time: float


class RingBuffer:
    """`capacity` frames of `CHANNELS` float32; one process creates it and hands `file` to the other.

    Counters, readable by both sides:
        written, read: frames ever.
        underruns: reads that found too few frames while the writer meant to be heard.
        silent: frames of silence played for them.
        calls: of the device so far, whether it reads or writes; standing still means that it has stopped.
        lost: frames that a full ring had no room for.
        filled: how many of them the reader knows of. Until it knows of all, nothing more is written: so the gap
            always lies behind what waits, and time stays right when the reader puts silence there.
        overflows: times the device said that it lost something itself.
    """

    def __init__(self, capacity: int = 1 << 17, file: SharedFile | None = None) -> None:
        """Creates a ring, or attaches to the one of that memory and capacity (a power of two)."""
        if capacity & (capacity - 1):
            raise ValueError(f"The capacity of a ring is a power of two; it is {capacity}.")
        self.capacity = capacity
        self.file = file or SharedFile.create(_HEADER * 8 + capacity * CHANNELS * 4)
        buffer = self.file.map
        self._times: NDArray[np.float64] = np.ndarray(_HEADER, np.float64, buffer)
        self._header: NDArray[np.int64] = np.ndarray(_HEADER, np.int64, buffer)
        self._frames: NDArray[np.float32] = np.ndarray(
            (capacity, CHANNELS), np.float32, buffer, _HEADER * 8
        )

    def counter(self, which: int) -> int:
        """One of the counters above."""
        return int(self._header[which])

    @property
    def written(self) -> int:
        """Frames ever written."""
        return int(self._header[WRITTEN])

    @property
    def read(self) -> int:
        """Frames ever read."""
        return int(self._header[READ])

    @property
    def arrived(self) -> int:
        """Frames ever given to be written, lost ones too: what an input's positions count."""
        return int(self._header[WRITTEN] + self._header[LOST])

    @property
    def taken(self) -> int:
        """The position of the next frame that `take` gives, among those that arrived."""
        return int(self._header[READ] + self._header[FILLED])

    @property
    def fill(self) -> int:
        """Frames that wait to be read."""
        return int(self._header[WRITTEN] - self._header[READ])

    @property
    def free(self) -> int:
        """Frames that can be written."""
        return self.capacity - self.fill

    def moment(self) -> Moment | None:
        """Where the device is, as its last callback said; None before the first, or while it is just saying so."""
        before = int(self._header[MARKS])
        frame, position = int(self._header[DEVICE]), int(self._header[AT])
        time = float(self._times[TIME])
        if before == 0 or before % 2 or before != int(self._header[MARKS]):
            return None
        return Moment(frame, position, time)

    # --- the device's side, whether it reads or writes ---

    def mark(self, frames: int, position: int, time: float) -> None:
        """Says after a callback of so many frames which position comes next, and when that passes the plug."""
        header = self._header
        saying = int(header[MARKS]) | 1  # Odd already where a process was killed as it spoke.
        header[MARKS] = saying
        header[DEVICE] += frames
        header[AT] = position
        self._times[TIME] = time
        header[MARKS] = saying + 1

    # --- the writer's side ---

    def write(self, frames: NDArray[np.float32]) -> int:
        """Writes [N, CHANNELS]; gives how many frames there was room for."""
        count = min(len(frames), self.free)
        position = int(self._header[WRITTEN])
        start = position & (self.capacity - 1)
        first = min(count, self.capacity - start)
        self._frames[start : start + first] = frames[:first]
        self._frames[: count - first] = frames[first:count]
        self._header[WRITTEN] = position + count
        return count

    def record(self, frames: NDArray[np.float32], overflow: bool = False) -> None:
        """Writes what a device heard; what there is no room for is lost, and counted.

        `overflow` says whether the device lost something itself.
        Made for the audio callback: copies and counts, allocates no memory for samples, takes no lock.
        """
        header = self._header
        header[CALLS] += 1
        header[OVERFLOWS] += overflow
        count = 0 if header[LOST] != header[FILLED] else self.write(frames)
        if count < len(frames):
            header[LOST] += len(frames) - count

    def expect(self, on: bool) -> None:
        """Says whether an empty ring is an underrun (something is playing) or just silence."""
        self._header[EXPECTING] = int(on)

    def set_rate(self, sample_rate: int) -> None:
        """Says at which rate the frames that follow are meant to be heard."""
        self._header[RATE] = sample_rate

    def clear(self) -> None:
        """Drops what waits; only while nobody reads, or from the reader's side."""
        self._header[FILLED] = self._header[LOST]
        self._header[READ] = self._header[WRITTEN]

    # --- the reader's side ---

    def read_into(self, out: NDArray[np.float32]) -> int:
        """Fills [N, CHANNELS], with silence where frames are missing; gives how many were there.

        Made for the audio callback: copies and counts, allocates no memory for samples, takes no lock.
        """
        header = self._header
        wanted = len(out)
        count = self._copy(out)
        out[count:] = 0.0
        header[CALLS] += 1
        if count < wanted and header[EXPECTING]:
            header[UNDERRUNS] += 1
            header[SILENT] += wanted - count
        return count

    def take(self) -> tuple[NDArray[np.float32], int]:
        """All frames that wait, as a new array [N, CHANNELS], and how many were lost behind them."""
        lost = int(self._header[LOST])  # First: what is lost later lies behind what is taken now.
        out: NDArray[np.float32] = np.empty((self.fill, CHANNELS), np.float32)
        count = self._copy(out)
        behind = lost - int(self._header[FILLED])
        self._header[FILLED] = lost
        return out[:count], behind

    def _copy(self, out: NDArray[np.float32]) -> int:
        """Moves as many frames into [N, CHANNELS] as wait and fit."""
        position = int(self._header[READ])
        count = min(len(out), int(self._header[WRITTEN]) - position)
        start = position & (self.capacity - 1)
        first = min(count, self.capacity - start)
        out[:first] = self._frames[start : start + first]
        out[first:count] = self._frames[: count - first]
        self._header[READ] = position + count
        return count
