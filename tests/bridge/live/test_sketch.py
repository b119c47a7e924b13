"""The model as it ships, live between the ports of a real JACK server: what is heard is what its stream makes of a file."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest

from bridge.audio.live.memory import LATENCY, LiveMemory
from bridge.live.control import LiveControl, LiveOptions
from bridge.live.devices import SystemDevices
from bridge.takes import recordings
from engine.live.engine import LiveEngine
from engine.live_settings import LiveSettings
from engine.training.corpus.beatbox import beatbox
from tests.bridge.conftest import Sounding
from tests.bridge.audio.test_process import Loop
from tests.bridge.real_parts import PERIOD, RATE, jack_client, until

SETTINGS = LiveSettings(prompt="Genre: Funk | Instruments: Drums", hop=2_000.0)
"""With hops so long that a busy machine makes them in time."""
SECONDS = 12.0


class Tap:
    """Copies all that goes to the engine, by its positions."""

    def __init__(self, memory: LiveMemory) -> None:
        self._ring = memory.heard
        self.first = self._at = memory.heard.arrived
        self._parts: list[np.ndarray] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        ring = self._ring
        while not self._end.wait(0.01):
            places = np.arange(self._at, ring.arrived) & (ring.capacity - 1)
            self._parts.append(ring._frames[places].copy())
            self._at += len(places)

    def heard(self) -> np.ndarray:
        """[N, 2] from `first` on."""
        self._end.set()
        self._thread.join()
        return np.concatenate(self._parts)


@pytest.fixture
def live(sounding: Sounding) -> Iterator[LiveControl]:
    session = sounding.session
    control = session.live = LiveControl(
        SystemDevices(sounding.audio),
        sounding.hub.publish,
        session.transport.state,
        partial(recordings.begin, session.takes),
        LiveOptions(lead=0.1, settings=SETTINGS),
    )
    yield control
    control.close()


@pytest.mark.real_parts("jackd")
def test_what_is_heard_is_what_the_stream_makes_of_the_same_sound(
    live: LiveControl, sounding: Sounding
) -> None:
    memory = sounding.audio.supervisor.live
    sound = np.ascontiguousarray(beatbox(3, 100, round(SECONDS * 100 / 240))[0].T, np.float32)
    live.start()
    until(lambda: live.state().phase == "on", what="live")
    tap = Tap(memory)
    with jack_client("loop") as client:
        loop = Loop(client, SECONDS)
        loop.sound[: len(sound)] = sound[: len(loop.sound)]
        loop.join()
        began = memory.made.span[0]
        until(lambda: not live.state().dry, what="the music")
        loop.at = 0
        loop.until(len(loop.sound))
        late = live.state().late
        latency = round(float(memory.board.numbers[LATENCY]))
    heard = tap.heard()
    print(began, tap.first, late, latency, live.state())
    np.savez("/tmp/e2e/dump.npz", heard=heard, loop=loop.heard, sound=loop.sound, began=began, first=tap.first, latency=latency)
