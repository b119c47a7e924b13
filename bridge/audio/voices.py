"""One sound on its way to the device: where it is, its loop, its fades, and the device's rate.

A voice that starts at the first frame of a take and ends at its last is not touched: its samples leave as they are,
since a fade there would blunt the first beat. Wherever sound is cut - a seek, a stop, a pause, the seam of a loop
range - it is faded over a few milliseconds. Knows nothing of devices or threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import soxr  # pyright: ignore[reportMissingTypeStubs]

from bridge.audio.sources import Frames, Source

FADE = 0.005
"""Seconds of every fade."""
HEADWAY = 0.5
"""Seconds that must have come before a voice that ran dry goes on."""
CHUNK = 1024


class Voice:
    """Plays a source at `rate` Hz from frame `start` of it, after `delay` frames of silence.

    Attributes:
        loop: whether it starts again at its end.
        span: the frames between which it loops, or None for the whole of it.
        position: the next frame of the source.
        done: nothing more will come.
        dry: the source has nothing now but will have more.
        sounded: a frame of it was given already.
    """

    def __init__(self, source: Source, rate: int, *, start: int = 0, delay: int = 0) -> None:
        """A voice that begins within a take is faded in."""
        self.source = source
        self.rate = rate
        self.position = start
        self.loop = False
        self.span: tuple[int, int] | None = None
        self.done = False
        self.dry = False
        self._delay = delay
        self._fading_in = start > 0
        self.sounded = False
        self._fading_out: int | None = None
        self._ready: Frames = np.zeros((0, 2), np.float32)
        self._resampler: Any = None
        self._flushed = False
        if source.sample_rate != rate:
            self._resampler = soxr.ResampleStream(
                source.sample_rate, rate, 2, dtype="float32", quality="HQ"
            )

    @property
    def fade(self) -> int:
        """Frames of a fade at the device's rate."""
        return max(1, round(FADE * self.rate))

    @property
    def ending(self) -> bool:
        """Whether it has been told to fade out."""
        return self._fading_out is not None

    def ahead(self) -> float:
        """Seconds that were read from the source and not rendered yet."""
        return len(self._ready) / self.rate

    def end(self, after: int = 0) -> None:
        """Fades out, after so many frames."""
        if self._fading_out is None:
            self._fading_out = after

    def render(self, count: int) -> Frames:
        """The next [count, 2]; silence where there is none yet or no more."""
        out: Frames = np.zeros((count, 2), np.float32)
        begin = min(self._delay, count)
        self._delay -= begin
        if begin < count and not self.done:
            self._fill(out[begin:])
        if self._fading_out is not None:
            self._fade_out(out)
        return out

    def _fill(self, out: Frames) -> None:
        # One fade more than is asked for is kept ready, so that running dry can be faded too.
        wanted = len(out) + self.fade
        if self.dry:
            wanted = max(wanted, round(HEADWAY * self.rate))
        while len(self._ready) < wanted and self._pull():
            pass
        ended = self._flushed if self._resampler else self._at_end()
        if self.dry and len(self._ready) < wanted and not self.source.whole:
            return
        self.dry = False
        enough = len(self._ready) >= wanted or ended
        given = min(len(out), len(self._ready)) if enough else max(0, len(self._ready) - self.fade)
        given = min(given, len(out))
        out[:given], self._ready = self._ready[:given], self._ready[given:]
        self.sounded |= given > 0
        if self._fading_in and given:
            length = min(self.fade, given)
            out[:length] *= _rise(length)
            self._fading_in = False
        if given < len(out):
            self._stop_short(out, given, ended)

    def _stop_short(self, out: Frames, given: int, ended: bool) -> None:
        if ended:
            self.done = True
            return
        tail = self._ready[: min(self.fade, len(out) - given)]
        out[given : given + len(tail)] = tail * _rise(len(tail))[::-1]
        self._ready = self._ready[len(tail) :]
        # Before its first frame a voice just waits; after it, it goes on with a fade and some headway.
        self.dry = self._fading_in = self.sounded

    def _fade_out(self, out: Frames) -> None:
        after = self._fading_out or 0
        if after < len(out):
            length = min(self.fade, len(out))
            after = min(after, len(out) - length)
            out[after : after + length] *= _rise(length)[::-1]
            out[after + length :] = 0.0
            self.done = True
        self._fading_out = max(0, after - len(out))

    def _at_end(self) -> bool:
        source = self.source
        again = self.loop and source.frames > 0
        return not again and source.whole and self.position >= source.frames

    def _pull(self) -> bool:
        """Reads a chunk of the source into what is ready; False when there is nothing to read."""
        frames = self._next()
        if len(frames):
            if self._resampler:
                frames = self._resampler.resample_chunk(frames)
            self._ready = np.concatenate((self._ready, frames))
            return True
        if self._resampler and self._at_end() and not self._flushed:
            self._flushed = True
            rest: Frames = self._resampler.resample_chunk(np.zeros((0, 2), np.float32), last=True)
            self._ready = np.concatenate((self._ready, rest))
        return False

    def _next(self) -> Frames:
        source = self.source
        if not (self.loop and source.whole):
            return self._advance(source.frames)
        start, end = self._range()
        if self.position < end:
            return self._advance(end)
        if (
            start == 0 and end == source.frames
        ):  # A take closed into a loop needs no help at its seam.
            self.position = 0
            return self._advance(end)
        return self._seam(start, end)

    def _advance(self, end: int) -> Frames:
        frames = self.source.read(self.position, max(0, min(CHUNK, end - self.position)))
        self.position += len(frames)
        return frames

    def _range(self) -> tuple[int, int]:
        start, end = self.span or (0, self.source.frames)
        end = min(end, self.source.frames)
        return (start, end) if end - start >= CHUNK else (0, self.source.frames)

    def _seam(self, start: int, end: int) -> Frames:
        """The first frames of a loop range, crossfaded with what would have come after its end."""
        length = max(1, round(FADE * self.source.sample_rate))
        head = self.source.read(start, length)
        mixed = head * _rise(len(head))
        tail = self.source.read(end, len(head))
        mixed[: len(tail)] += tail * _rise(len(head))[::-1][: len(tail)]
        self.position = start + len(head)
        return mixed


def _rise(length: int) -> Frames:
    """A ramp from just above 0 to just below 1, [length, 1]."""
    edge = 0.5 / max(length, 1)
    return np.linspace(edge, 1 - edge, length, dtype=np.float32)[:, None]
