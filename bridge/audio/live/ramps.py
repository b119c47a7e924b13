"""Values that do not jump: gains that move a little with each sample, and signals that cross-fade into others."""

from __future__ import annotations

import numpy as np

from bridge.audio.live.timeline import Frames


class Ramp:
    """A gain that goes to its target by at most 1 / `length` a sample."""

    def __init__(self, length: int, value: float = 0.0) -> None:
        """Stands at a value."""
        self._length = length
        self.value = value

    def to(self, target: float, count: int) -> Frames | float:
        """The next [count, 1] on the way to a target; one number where it is there already."""
        if self.value == target or not count:
            return self.value
        begin, step = self.value, 1.0 / self._length
        way = np.arange(1, count + 1) * step
        out = (
            begin + np.minimum(way, target - begin)
            if target > begin
            else np.maximum(begin - way, target)
        )
        self.value = float(out[-1])
        return out.astype(np.float32)[:, None]


def crossed(before: Frames, after: Frames, begin: int, length: int) -> Frames:
    """Two signals [N, 2], from sample `begin` of a cross-fade of so many samples on."""
    way = np.arange(begin + 1, begin + len(after) + 1) / (length + 1.0)
    gain = np.minimum(way, 1.0).astype(np.float32)[:, None]
    return np.asarray(before * (1.0 - gain) + after * gain, np.float32)
