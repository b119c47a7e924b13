"""From the input's ring to `heard`: at 44.1 kHz, with its gain, at its place in time whatever was lost.

Knows the memory and the input's rate.
"""

from __future__ import annotations

import numpy as np

from bridge.audio.device_clock import DeviceClock
from bridge.audio.live.memory import GAIN, RATE, LiveMemory
from bridge.audio.live.mixer import LOUDEST
from bridge.audio.live.ramps import Ramp
from bridge.audio.live.rates import Converter
from bridge.audio.live.timeline import Frames

EASE = 882
"""Samples in which the gain moves by a factor of one."""


class Hearing:
    """One stream of the input device, from its next frame on; `begun` is the position of that."""

    def __init__(self, memory: LiveMemory, rate: int) -> None:
        """Begins with what comes from now on."""
        memory.input.clear()
        self._memory = memory
        self._rate = rate
        self._converter = Converter(rate, RATE)
        self._gain = Ramp(EASE)
        self._plug = DeviceClock(rate)
        self._frame, self.begun = memory.input.taken, memory.heard.arrived

    @property
    def late(self) -> float:
        """Seconds by which its rate makes it late."""
        return self._converter.late

    def position(self, frame: float) -> float:
        """The position of `heard` that a frame of the device has."""
        return self.begun + (frame - self._frame) * RATE / self._rate

    def hear(self) -> Frames:
        """All that came, [N, 2] at 44.1 kHz; the engine has it too."""
        frames, lost = self._memory.input.take()
        frames[~(np.abs(frames) < LOUDEST)] = 0.0
        if lost:
            frames = np.concatenate((frames, np.zeros((lost, 2), np.float32)))
        heard = self._converter.push(frames)
        gain = self._gain.to(float(self._memory.board.numbers[GAIN]), len(heard))
        heard = np.asarray(heard * gain, np.float32)
        self._memory.heard.record(heard)
        return heard

    def tell_plug(self) -> None:
        """Tells which position passes the plug when."""
        self._plug.take(self._memory.input.moment())
        began = self._plug.time(0)
        if began is not None and self._plug.sure:
            position = self._memory.heard.arrived
            frame = self._frame + (position - self.begun) * self._rate / RATE
            self._memory.board.tell_plug(position, began + frame / self._rate)
