"""Both devices and the pump between them, played by the test: samples are heard when it says so."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bridge.audio.live.memory import BEATS, ON, RATE, RECORD, LiveMemory
from bridge.audio.process import Open, Told
from bridge.events import Event
from bridge.live.control import LiveControl, LiveOptions
from bridge.state import AudioDevice
from bridge.takes import recordings
from bridge.transport import Transport
from engine.live_settings import LiveSettings
from tests.bridge.parts import library_in

ENGINE = "tests.bridge.live.stand_in:HalvingEngine"
MICROPHONE = AudioDevice("JACK: mic", "mic", "JACK", 2, 0, RATE, default_input=True)
SPEAKER = AudioDevice("JACK: speaker", "speaker", "JACK", 0, 2, RATE, default_output=True)


@dataclass
class Desk:
    """`bridge.live.devices.LiveDevices`; `say` is what it hears, frames of a counter that is never twice the same."""

    memory: LiveMemory = field(default_factory=LiveMemory)
    told: Told = field(
        default_factory=lambda: Told((MICROPHONE, SPEAKER), Open(SPEAKER, RATE, 0.02))
    )
    wanted: bool = False
    measured: float | None = None
    clock: float = 0.0

    def want_input(self, on: bool) -> None:
        if on == self.wanted:
            return
        self.wanted = on
        self.told = Told(
            self.told.devices, self.told.output, Open(MICROPHONE, RATE, 0.01) if on else None
        )

    def correction(self) -> float | None:
        return self.measured

    def say(self, frames: np.ndarray) -> int:
        """Hears [N, 2]; gives the position of the first."""
        at = self.memory.heard.arrived
        self.memory.heard.record(frames.astype(np.float32))
        self.memory.board.numbers[BEATS] += 1
        return at


class Playing(threading.Thread):
    """Says a steady signal in real time until it is stopped, and puts aside what is made while it is recorded."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(daemon=True)
        self.desk = desk
        self.going = True
        self._taken = 0
        self.start()

    def run(self) -> None:
        board = self.desk.memory.board
        began, said = time.perf_counter(), 0
        while self.going:
            due = round((time.perf_counter() - began) * RATE)
            if board.numbers[ON] and self.desk.told.input:
                position = self.desk.say(signal(said, due))
                board.tell_plug(position, began + said / RATE)
                if board.numbers[RECORD]:
                    self.desk.memory.taken.record(signal(said, due) * np.float32(0.5))
            said = due
            time.sleep(0.005)

    def stop(self) -> None:
        self.going = False
        self.join()


def signal(start: int, stop: int) -> np.ndarray:
    """[N, 2] of a tone whose samples tell their place."""
    tone = 0.5 * np.sin(2 * np.pi * 440 / RATE * np.arange(start, stop))
    return np.stack([tone, tone], axis=1).astype(np.float32)


@dataclass
class Stage:
    """A live control on a desk, with a library and a transport of their own."""

    desk: Desk
    live: LiveControl
    transport: Transport
    events: list[Event]
    library: Any

    def told(self, kind: type) -> list[Any]:
        return [event for event in list(self.events) if isinstance(event, kind)]


@contextmanager
def staged(folder: Path, engine: str = ENGINE, **options: Any) -> Iterator[Stage]:
    events: list[Event] = []
    library = library_in(folder / "takes", events.append)
    transport = Transport(events.append)
    desk = Desk()
    begin = partial(recordings.begin, library)
    chosen = LiveOptions(engine=engine, **{"settings": LiveSettings(prompt="funk"), **options})
    live = LiveControl(desk, events.append, transport.state, begin, chosen)
    try:
        yield Stage(desk, live, transport, events, library)
    finally:
        live.close()
        library.close()
