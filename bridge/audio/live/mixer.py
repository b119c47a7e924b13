"""What is heard at 44.1 kHz: what the engine made of each sample of input, or the input itself where that is not there.

A position of what is played and one of `heard` lie a `shift` apart. Nothing ever jumps: what is missing, comes back,
moves to another place in time or is set anew is faded. Pure: knows memory by position, nothing of devices or time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bridge.audio.live.freeze import Freeze
from bridge.audio.live.ramps import Ramp, crossed
from bridge.audio.live.timeline import Frames

FADE = 221
"""Samples in which what is missing fades out, before its last one, and in again: it has to be there so long before."""
MOVE = 1323
"""Samples of a move to another place in time."""
EASE = 882
"""Samples in which a gain goes from 0 to 1."""
LOUDEST = 100.0
"""What is louder, or no number, is an error of whoever made it, and silence."""
Gain = Frames | float
"""[N, 1], or one for all."""


class Placed(Protocol):
    """Samples by their position: `memory.Made`, or a history."""

    @property
    def span(self) -> tuple[int, int]:
        """From where to where there are any."""
        ...

    def read(self, start: int, stop: int) -> Frames:
        """[stop - start, 2] within it."""
        ...


@dataclass(frozen=True, slots=True)
class Mix:
    """What is wanted now.

    Attributes:
        shift: what is played at p is made of sample p - shift of `heard`; None plays nothing.
        since: sample of `heard` before which nothing is played, since it is of another time.
        wet: 0 is the input, 1 what was made.
        dry_if_late: whether the input is heard where what was made is missing.
        frozen: samples that are repeated, 0 for none.
        loud: whether anything is heard.
        monitored: whether it is heard here, and not only recorded.
    """

    shift: int | None
    since: int = 0
    wet: float = 1.0
    dry_if_late: bool = True
    frozen: int = 0
    loud: bool = True
    monitored: bool = True


class Faded:
    """Reads a source on and on, with a gain that is 0 where it has nothing, and gets there in time.

    Attributes:
        there: whether it had all of what was read last.
        gaps: times that it ran out.
    """

    def __init__(self, source: Placed) -> None:
        """Has read nothing."""
        self._source = source
        self._gain = 0.0
        self._ahead: Frames = np.zeros((0, 2), np.float32)
        self.there = False
        self.gaps = 0

    def read(self, start: int, count: int, since: int = 0) -> tuple[Frames, Gain]:
        """[count, 2] from `start` on, which is where the last one ended, and their gains [count, 1] or one for all."""
        frames, before = self._found(start, count + FADE, since)
        had, self.there = self.there, len(frames) >= count and not before
        self.gaps += had and not self.there
        self._ahead = frames[count:] if before < count else frames[:0]
        if self._gain == 1.0 and len(frames) == count + FADE:
            return frames[:count], 1.0
        place = np.arange(count)
        gain = np.minimum(self._gain + (place - before + 1) / FADE, (len(frames) - place) / FADE)
        gain = np.clip(gain, 0.0, 1.0).astype(np.float32)
        self._gain = float(gain[-1]) if count else self._gain
        out: Frames = np.zeros((count, 2), np.float32)
        out[: len(frames)] = frames[:count]
        return out, gain[:, None]

    def _found(self, start: int, count: int, since: int) -> tuple[Frames, int]:
        """What there is from `start` on, at most [count, 2], and how many of its first are missing."""
        first, last = self._source.span
        begin, end = max(start, first, since), min(start + count, last)
        if begin >= end or (begin > start and self._gain > 0.0):
            return self._ahead, 0  # It was there a moment ago: enough to fade out.
        before = begin - start
        found = self._source.read(begin, end)
        found[~(np.abs(found) < LOUDEST)] = 0.0
        return (
            np.concatenate((np.zeros((before, 2), np.float32), found)) if before else found
        ), before


class _Head:
    """Reads input and music of one place in time."""

    def __init__(self, shift: int, made: Placed, input: Placed) -> None:
        self.shift = shift
        self.made, self.input = Faded(made), Faded(input)

    def read(self, position: int, count: int, since: int, gains: list[Gain]) -> Frames:
        made, there = self.made.read(position - self.shift, count, since)
        dry, heard = self.input.read(position - self.shift, count, since)
        wet, fill = gains
        # Each factor that is exactly 0 or 1 leaves the other part exact.
        input = dry * (heard * (1.0 - wet + wet * fill * (1.0 - there)))
        return np.asarray(input + made * (wet * there), np.float32)


class Mixer:
    """Gives one sample after the other.

    Attributes:
        position: of the next sample.
        late: times that the engine's music ran out.
        made: whether it is heard now.
    """

    def __init__(self, made: Placed, input: Placed, freeze: Freeze | None = None) -> None:
        """Mixes what was made with the input that it was made of, both by positions of `heard`."""
        self._sources = made, input
        self._freeze = freeze or Freeze()
        self._head: _Head | None = None
        self._before: _Head | None = None
        self._moved = MOVE
        self._ramps = {name: Ramp(EASE) for name in ("wet", "fill", "loud", "monitored")}
        self._begun = False
        self.late = 0

    @property
    def position(self) -> int:
        """Of the next sample."""
        return self._freeze.heard.stop

    @property
    def made(self) -> bool:
        """Whether music of the engine is there now."""
        return self._head is not None and self._head.made.there

    @property
    def frozen(self) -> bool:
        """Whether a loop is heard."""
        return self._freeze.frozen

    def skip(self, count: int) -> None:
        """So many samples are left out; the place in time of what follows stays."""
        self._freeze.heard.skip(count)
        self._head = self._head and _Head(self._head.shift, *self._sources)
        self._before, self._moved = None, MOVE

    def mix(self, count: int, mix: Mix) -> tuple[Frames, Frames]:
        """The next [count, 2]: what is heard, and the same as it leaves here, silent where it is not monitored."""
        *gains, loud, monitored = self._eased(mix, count)
        heard = self._freeze.play(self._live(count, mix, gains), mix.frozen) * loud
        return heard, heard * monitored

    def _eased(self, mix: Mix, count: int) -> list[Gain]:
        wanted = {
            "wet": mix.wet,
            "fill": float(mix.dry_if_late),
            "loud": float(mix.loud),
            "monitored": float(mix.monitored),
        }
        if not self._begun:  # It fades in by `loud` alone.
            self._begun = True
            for name in ("wet", "fill", "monitored"):
                self._ramps[name].value = wanted[name]
        return [self._ramps[name].to(value, count) for name, value in wanted.items()]

    def _live(self, count: int, mix: Mix, gains: list[Gain]) -> Frames:
        if self._moved >= MOVE and mix.shift != (self._head.shift if self._head else None):
            self._before = self._head
            self._head = None if mix.shift is None else _Head(mix.shift, *self._sources)
            self._moved = 0
        out = self._part(self._head, count, mix, gains)
        if self._moved < MOVE:
            before = self._part(self._before, count, mix, gains)
            out = crossed(before, out, self._moved, MOVE)
            self._moved += count
        return out

    def _part(self, head: _Head | None, count: int, mix: Mix, gains: list[Gain]) -> Frames:
        if head is None:
            return np.zeros((count, 2), np.float32)
        gaps = head.made.gaps
        out = head.read(self.position, count, mix.since, gains)
        if head is self._head:
            self.late += head.made.gaps - gaps
        return out
