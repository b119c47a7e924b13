"""Writes a signal into the timeline so that no stall is heard as a click: each piece ends in a tail that fades out.

The next piece overwrites the tail. Where the device was there first, the signal fades in over what is left of it, at
its own place in time. Knows nothing of what the signal is.
"""

from __future__ import annotations

import numpy as np

from bridge.audio.live.timeline import Frames, Timeline

TAIL = 0.005
"""Seconds of every fade."""


class Outlet:
    """`position` is where in the timeline the next piece belongs."""

    def __init__(self, timeline: Timeline, rate: int) -> None:
        """Begins at the device's place."""
        self._timeline = timeline
        self.fade = max(2, round(TAIL * rate))
        self._out: Frames = np.linspace(1.0, 0.0, self.fade + 1, dtype=np.float32)[
            1:, None
        ]  # From just below 1 to 0.
        self._last: Frames = np.zeros((self.fade, 2), np.float32)
        self._tail = self._over = np.zeros((0, 2), np.float32)
        self._rising = 0
        self.position = timeline.position

    @property
    def behind(self) -> int:
        """Frames that the device has played beyond what was written; they are lost."""
        return max(0, self._timeline.position - self.position)

    def skip(self, count: int) -> None:
        """Leaves out so many frames, at least those that are `behind`; what follows fades in over the tail."""
        self._over, self._tail = self._tail[count:], self._tail[:0]
        self._rising = self.fade
        self._last[:] = 0.0
        self.position += count

    def write(self, frames: Frames) -> None:
        """The next piece [N, 2]."""
        if not len(frames):
            return
        tail = self._tail
        late = self._put(self._faded_in(frames))
        if (
            late
        ):  # The device came to the old tail while it was written over: once more, from there on.
            self.position -= max(0, len(frames) - late)
            self._tail = tail
            self.skip(0)
            self._over = tail[min(late, len(frames)) :]
            self._put(self._faded_in(frames[late:]))

    def _put(self, frames: Frames) -> int:
        self._last = np.concatenate((self._last, frames))[-self.fade :]
        if len(frames):  # What was just heard, backwards: it begins where that ended.
            self._tail = self._last[::-1] * self._out
        else:
            self._tail = np.concatenate((self._over, np.zeros_like(self._last)))
        late = self._timeline.write(self.position, np.concatenate((frames, self._tail)))
        self.position += len(frames)
        return late

    def _faded_in(self, frames: Frames) -> Frames:
        """The frames, risen from where they were left out, over the tail of what was heard before."""
        if not self._rising:
            return frames
        frames = frames.copy()
        count, over = min(len(frames), self._rising), self._over[: len(frames)]
        done = self.fade - self._rising
        frames[:count] *= self._out[::-1][done : done + count]
        frames[: len(over)] += over
        self._over = self._over[len(over) :]
        self._rising -= count
        return frames
