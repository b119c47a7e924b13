"""The feeder: mixes voices into the output ring, a little ahead of the device, in a thread of its own.

Knows voices and the ring; nothing of takes, jobs or devices. At 0 dB and with one voice it adds nothing and takes
nothing away: what a source gives is what the device gets.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bridge.audio.device_clock import DeviceClock
from bridge.audio.ring_buffer import UNDERRUNS, RingBuffer
from bridge.audio.sources import Frames
from bridge.audio.voices import Voice

AHEAD = 0.15
"""Seconds written ahead of the device: what a stop or a seek takes to be heard, and what a pause of ours may last."""
AHEAD_LOW = 0.06
"""The same where low latency is asked for."""
READY = 0.06
"""The same while nothing is heard and a launch waits: a boundary no further away than that is missed."""
BLOCK = 512
WAKE = 0.005
METER = 0.1
"""Seconds over which the meters look back."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Meter:
    """Peak and RMS of each channel of one block."""

    peak: tuple[float, float]
    rms: tuple[float, float]


class Feeder:
    """Voices and their sum.

    Attributes:
        lock: guards the voices; held by whoever changes them.
        voices: all that sounds now.
        awaiting: whether something will sound at a time that is known only when silence is fed till then.
        rate: of the device in Hz, 0 while there is none.
        ahead: seconds written ahead of the device while something is heard.
    """

    def __init__(self, ring: RingBuffer, turn: Callable[[], None]) -> None:
        """`turn` is called before each block, without the lock.

        Args:
            ring: where the device plays from.
            turn: what the player does in the feeder's thread.
        """
        self.lock = threading.RLock()
        self.voices: list[Voice] = []
        self.awaiting = False
        self.rate = 0
        self.ahead = AHEAD
        self._ring = ring
        self._turn = turn
        self._clock = DeviceClock(1)
        self._gain = self._wanted_gain = 1.0
        self._silent = True
        self._meters: deque[Meter] = deque(maxlen=1)
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feeder", daemon=True)

    def start(self) -> None:
        """Begins to feed."""
        self._thread.start()

    def close(self) -> None:
        """Ends the thread."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2)

    def set_rate(self, rate: int) -> None:
        """The device runs at another rate; voices must be made anew for it (0: it is gone)."""
        with self.lock:
            self.rate = rate
            self._clock = DeviceClock(max(rate, 1))
            if rate:
                self._ring.set_rate(rate)
                self._meters = deque(maxlen=max(1, round(METER * rate / BLOCK)))

    def set_gain(self, gain: float) -> None:
        """A factor; reached within one block, or at once where nothing is heard yet."""
        self._wanted_gain = gain

    def wake(self) -> None:
        """Something changed; feeds at once."""
        self._wake.set()

    def next_heard(self) -> float | None:
        """When the next frame that is written is heard, by `time.perf_counter`.

        None while that cannot be told: the device is gone, or was not fed all through its last callback. `awaiting`
        or a voice has it fed.
        """
        return self.heard_at(self._ring.written) if self._clock.even else None

    def heard_at(self, position: int) -> float | None:
        """When a position of the ring is or was heard, if the ring has been fed since; None before it is known."""
        return self._clock.time(position) if self.rate else None

    def waiting(self) -> float:
        """Seconds written and not yet taken by the device."""
        return self._ring.fill / self.rate if self.rate else 0.0

    def meter(self) -> Meter:
        """Peak and RMS of the last moments."""
        recent = list(self._meters)
        if not recent:
            return Meter((0.0, 0.0), (0.0, 0.0))
        peak = np.max([m.peak for m in recent], axis=0)
        rms = np.sqrt(np.mean(np.square([m.rms for m in recent]), axis=0))
        return Meter((float(peak[0]), float(peak[1])), (float(rms[0]), float(rms[1])))

    def underruns(self) -> int:
        """Times the device found too little since the start."""
        return self._ring.counter(UNDERRUNS)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._look()
                self._feed()
            except Exception:
                _log.exception("The feeder met an error; what it played is dropped")
                with self.lock:
                    for voice in self.voices:
                        voice.done = True
                    self.voices.clear()
            # An event that is set while we feed ends this wait at once.
            self._wake.wait(WAKE)
            self._wake.clear()

    def _look(self) -> None:
        with self.lock:
            moment = self._ring.moment()
            if moment and self.rate:
                self._clock.take(moment)

    def _wanted(self) -> float:
        """Frames that the ring should hold."""
        if self.voices:
            # A period is all that passed since the last look: never more than is safe anyway.
            return min(AHEAD * self.rate, max(self.ahead * self.rate, 1.5 * self._clock.period))
        return max(READY * self.rate, 1.5 * self._clock.period) if self.awaiting else 0.0

    def _feed(self) -> None:
        while True:
            self._turn()
            with self.lock:
                if not self.rate or self._ring.fill >= self._wanted():
                    break
                block = self._mix()
            # In this order, because the moment before the first frames is no underrun.
            self._ring.write(block)
            self._ring.expect(True)
        if not self.voices:
            self._ring.expect(False)
            self._meters.clear()
            self._silent = True

    def _mix(self) -> Frames:
        block: Frames | None = None
        for voice in self.voices:
            part = voice.render(BLOCK)
            block = part if block is None else block + part
        self.voices = [voice for voice in self.voices if not voice.done]
        mixed: Frames = np.zeros((BLOCK, 2), np.float32) if block is None else block
        gain, self._gain = self._wanted_gain if self._silent else self._gain, self._wanted_gain
        self._silent = not mixed.any()
        if gain != 1.0 or self._gain != 1.0:
            mixed *= np.linspace(gain, self._gain, BLOCK, dtype=np.float32)[:, None]
        peak, rms = np.abs(mixed).max(axis=0), np.sqrt(np.mean(np.square(mixed), axis=0))
        self._meters.append(Meter((float(peak[0]), float(peak[1])), (float(rms[0]), float(rms[1]))))
        return mixed
