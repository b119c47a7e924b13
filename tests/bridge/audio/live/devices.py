"""Two devices whose time is simulated, a pump between them, and an engine that halves what it hears."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from bridge.audio.live.memory import DELAY, DRY_IF_LATE, GAIN, LEAD, MONITOR, ON, WET, LiveMemory
from bridge.audio.live.pump import Pump
from bridge.audio.ring_buffer import Moment
from bridge.audio.stream import Stream

TURN = 0.004


def halved(frames: np.ndarray) -> np.ndarray:
    """What the engine makes."""
    return np.asarray(frames * 0.5, np.float32)


@dataclass
class Device:
    """A device at a rate that is a little off, called every block, now and then late."""

    rate: int
    block: int
    name: str = "one"
    host_api: str = "JACK"
    ppm: float = 0.0
    phase: float = 0.0
    jitter: float = 0.0
    frames: int = 0

    def __post_init__(self) -> None:
        self.stream = Stream(self.rate, self.name, self.host_api)
        self._rng = np.random.default_rng(5)

    def time(self, frame: int) -> float:
        return self.phase + frame / (self.rate * (1.0 + self.ppm * 1e-6))

    def called(self, position: int) -> None:
        late = self._rng.exponential(self.jitter) if self.jitter else 0.0
        end = self.time(self.frames + self.block) + late
        self.stream.block = self.block
        self.stream.called = Moment(position, position, end)


@dataclass
class World:
    """What comes in is `sound` by the input's frame; `played` is what went out."""

    input: Device
    output: Device
    sound: np.ndarray
    delay: float = 0.2
    hop: int = 2048
    memory: LiveMemory = field(default_factory=LiveMemory)
    played: list[np.ndarray] = field(default_factory=list[np.ndarray])
    engine: Callable[[np.ndarray], np.ndarray] | None = halved
    now: float = 0.0
    stall: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        numbers = self.memory.board.numbers
        numbers[[ON, WET, GAIN, MONITOR, DRY_IF_LATE]] = 1.0
        numbers[DELAY], numbers[LEAD] = self.delay, 0.02
        self.restart()
        self._waiting = np.zeros((0, 2), np.float32)
        self._events = list(self._begun())
        heapq.heapify(self._events)

    def restart(self) -> None:
        """The audio process was killed, and another one goes on."""
        self.pump = Pump(self.memory, lambda: self.now)
        self.pump.meet("input", self.input.stream)
        self.pump.meet("output", self.output.stream)

    def _begun(self) -> Iterator[tuple[float, int, str]]:
        yield self.input.time(0), 1, "input"
        yield self.output.time(0), 2, "output"
        yield 0.001, 3, "pump"

    def run(self, seconds: float) -> None:
        until = self.now + seconds
        while self._events[0][0] < until:
            self.now, order, what = heapq.heappop(self._events)
            again = getattr(self, f"_{what}")()
            heapq.heappush(self._events, (again, order, what))
        self.now = until

    @property
    def out(self) -> np.ndarray:
        return np.concatenate(self.played)

    def _input(self) -> float:
        device, ring = self.input, self.memory.input
        at = device.frames
        part = self.sound[at : at + device.block]
        ring.record(np.concatenate((part, np.zeros((device.block - len(part), 2), np.float32))))
        ring.mark(device.block, ring.arrived, device.time(at + device.block) - 0.003)
        device.called(ring.arrived)
        device.frames += device.block
        return device.time(device.frames)

    def _output(self) -> float:
        device, out = self.output, np.zeros((self.output.block, 2), np.float32)
        self.memory.output.add_into(out)
        self.played.append(out)
        device.called(self.memory.output.position)
        device.frames += device.block
        return device.time(device.frames)

    def _pump(self) -> float:
        if not self.stall[0] <= self.now < self.stall[1]:
            self.pump.turn()
            self._make()
        return self.now + TURN

    def _make(self) -> None:
        if self.engine is None:
            return
        came, lost = self.memory.heard.take()
        assert not lost
        if self.memory.made.span == (0, 0) and not len(self._waiting):
            self.memory.made.begin(self.memory.heard.taken - len(came))
        self._waiting = np.concatenate((self._waiting, came))
        while len(self._waiting) >= self.hop:
            self.memory.made.write(self.engine(self._waiting[: self.hop]))
            self._waiting = self._waiting[self.hop :]
