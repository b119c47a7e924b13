"""The last seconds of a signal by its positions; silence where there is nothing. Knows nothing of what it holds."""

from __future__ import annotations

import numpy as np

from bridge.audio.live.timeline import Frames


class History:
    """`capacity` frames, a power of two; `stop` is the position behind the newest."""

    def __init__(self, capacity: int, position: int = 0) -> None:
        """Nothing yet; what comes first lies at `position`."""
        self.capacity = capacity
        self.start = self.stop = position
        self._frames: Frames = np.zeros((capacity, 2), np.float32)

    @property
    def span(self) -> tuple[int, int]:
        """From where to where there is something."""
        return max(self.start, self.stop - self.capacity), self.stop

    def write(self, frames: Frames) -> None:
        """Takes the next [N, 2]."""
        kept = frames[-self.capacity :]
        start = (self.stop + len(frames) - len(kept)) & (self.capacity - 1)
        first = min(len(kept), self.capacity - start)
        self._frames[start : start + first] = kept[:first]
        self._frames[: len(kept) - first] = kept[first:]
        self.stop += len(frames)

    def skip(self, count: int) -> None:
        """So many frames of silence come next."""
        while count > 0:
            part = min(count, self.capacity)
            self.write(np.zeros((part, 2), np.float32))
            count -= part

    def read(self, start: int, stop: int) -> Frames:
        """A copy of [stop - start, 2], silent outside of `span`."""
        first, last = self.span
        begin, end = max(start, first), min(stop, last)
        if (begin, end) == (start, stop):
            return self._frames[np.arange(start, stop) & (self.capacity - 1)]
        out: Frames = np.zeros((max(0, stop - start), 2), np.float32)
        if begin < end:
            out[begin - start : end - start] = self._frames[
                np.arange(begin, end) & (self.capacity - 1)
            ]
        return out
