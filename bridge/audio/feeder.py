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

from bridge.audio.ring_buffer import UNDERRUNS, RingBuffer
from bridge.audio.sources import Frames
from bridge.audio.voices import Voice

AHEAD = 0.15
"""Seconds written ahead of the device: what a stop or a seek takes to be heard, and what a pause of ours may last."""
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
        rate: of the device in Hz, 0 while there is none.
        latency: of the device in seconds.
    """

    def __init__(self, ring: RingBuffer, turn: Callable[[], None]) -> None:
        """`turn` is called before each look at the ring, without the lock.

        Args:
            ring: where the device plays from.
            turn: what the player does in the feeder's thread.
        """
        self.lock = threading.RLock()
        self.voices: list[Voice] = []
        self.rate = 0
        self.latency = 0.0
        self._ring = ring
        self._turn = turn
        self._gain = self._wanted_gain = 1.0
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

    def set_rate(self, rate: int, latency: float) -> None:
        """The device runs at another rate; voices must be made anew for it (0: it is gone)."""
        with self.lock:
            self.rate, self.latency = rate, latency
            if rate:
                self._ring.set_rate(rate)
                self._meters = deque(maxlen=max(1, round(METER * rate / BLOCK)))

    def set_gain(self, gain: float) -> None:
        """A factor; reached within one block."""
        self._wanted_gain = gain

    def wake(self) -> None:
        """Something changed; feeds at once."""
        self._wake.set()

    def ahead(self) -> float:
        """Seconds between what is written now and what is heard now."""
        return self._ring.fill / self.rate + self.latency if self.rate else 0.0

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
                self._turn()
                self._feed()
            except Exception:
                _log.exception("The feeder met an error; what it played is dropped")
                with self.lock:
                    self.voices.clear()
            # An event that is set while we feed ends this wait at once.
            self._wake.wait(WAKE)
            self._wake.clear()

    def _feed(self) -> None:
        while True:
            with self.lock:
                if not self.rate or not self.voices or self._ring.fill >= AHEAD * self.rate:
                    break
                block = self._mix()
            # In this order, because the moment before the first frames is no underrun.
            self._ring.write(block)
            self._ring.expect(True)
        if not self.voices:
            self._ring.expect(False)
            self._meters.clear()

    def _mix(self) -> Frames:
        block: Frames | None = None
        for voice in self.voices:
            part = voice.render(BLOCK)
            block = part if block is None else block + part
        self.voices = [voice for voice in self.voices if not voice.done]
        mixed: Frames = np.zeros((BLOCK, 2), np.float32) if block is None else block
        gain, self._gain = self._gain, self._wanted_gain
        if gain != 1.0 or self._gain != 1.0:
            mixed *= np.linspace(gain, self._gain, BLOCK, dtype=np.float32)[:, None]
        peak, rms = np.abs(mixed).max(axis=0), np.sqrt(np.mean(np.square(mixed), axis=0))
        self._meters.append(Meter((float(peak[0]), float(peak[1])), (float(rms[0]), float(rms[1]))))
        return mixed
