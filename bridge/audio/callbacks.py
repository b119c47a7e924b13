"""The callbacks of PortAudio: they copy, count and tell the time; nothing in them could make them late."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bridge.audio.live.timeline import Timeline
from bridge.audio.ring_buffer import Moment, RingBuffer
from bridge.audio.stream import Stream

MOST = 1 << 15
"""Frames of one callback."""


def play(
    ring: RingBuffer, timeline: Timeline, channels: int, stream: Stream
) -> Callable[..., None]:
    """The output callback: ring and timeline, and when what comes next is heard."""
    stereo = np.zeros((MOST, 2), np.float32)

    def callback(out: Any, frames: int, times: Any, status: Any) -> None:
        now = time.perf_counter()
        heard = now + stream.until(times.outputBufferDacTime, times.currentTime)
        part = out if channels == 2 else stereo[:frames]
        ring.read_into(part)
        timeline.add_into(part)
        if channels != 2:
            np.add(part[:, :1], part[:, 1:], out=out)
            np.multiply(out, 0.5, out=out)
        ring.mark(frames, ring.read, heard + frames / stream.rate)
        position, stream.block = timeline.position, frames
        stream.called = Moment(position, position, now + frames / stream.rate)

    return callback


def record(rings: Sequence[RingBuffer], channels: int, stream: Stream) -> Callable[..., None]:
    """The input callback: into every ring that listens, and when it was played; one channel becomes two."""
    stereo = np.zeros((MOST, 2), np.float32)

    def callback(heard: Any, frames: int, times: Any, status: Any) -> None:
        now = time.perf_counter()
        played = now - stream.until(times.currentTime, times.inputBufferAdcTime)
        part = heard
        if channels != 2:
            part = stereo[:frames]
            part[:] = heard
        for ring in rings:
            ring.record(part, status.input_overflow)
            ring.mark(frames, ring.arrived, played + frames / stream.rate)
        position, stream.block = rings[-1].arrived, frames
        stream.called = Moment(position, position, now + frames / stream.rate)

    return callback
