"""The model as it ships, live between the ports of a real JACK server: what is heard is what its stream alone makes."""

from __future__ import annotations

import threading
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
from tests.bridge.real_parts import PERIOD, RATE, Loop, jack_client, until

SETTINGS = LiveSettings(prompt="Genre: Funk | Instruments: Drums", hop=4_000.0, steps=2)
"""With hops so long that a busy machine makes them in time, and played so far ahead that it may stand still a while."""
SECONDS = 20.0


class Tap:
    """Copies all that goes to the engine, by its positions."""

    def __init__(self, memory: LiveMemory) -> None:
        self._ring = memory.heard
        self.first, self._at = memory.heard.arrived, memory.heard.written
        self._parts: list[np.ndarray] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        ring = self._ring
        while not self._end.wait(0.01):
            places = np.arange(self._at, ring.written) & (ring.capacity - 1)
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
        LiveOptions(lead=1.0, settings=SETTINGS),
    )
    yield control
    control.close()


@pytest.mark.real_parts("jackd")
def test_what_is_heard_is_what_the_stream_makes_of_the_same_sound(
    live: LiveControl, sounding: Sounding
) -> None:
    memory = sounding.audio.supervisor.live
    live.start()
    until(lambda: live.state().phase == "on" and not live.state().dry, what="the music")
    began, _ = memory.made.span
    tap = Tap(memory)
    with jack_client("loop") as client:
        loop = Loop(client, SECONDS)
        loop.sound[:] = 0.0
        loop.join()
        sound, _ = beatbox(3, 100, 8)
        start = loop.at + RATE
        loop.sound[start:] = sound.T[: len(loop.sound) - start]
        loop.until(len(loop.sound))
        state, latency = live.state(), round(float(memory.board.numbers[LATENCY]))
    assert state.late == 0
    heard = np.concatenate([np.zeros((tap.first - began, 2), np.float32), tap.heard()])
    made = streamed(heard)
    begin = int(np.flatnonzero(heard.any(axis=1))[0] - np.flatnonzero(loop.sound.any(axis=1))[0])
    late = latency + PERIOD  # What JACK passes on in a cycle comes back to the loop in the next.
    wanted = made[begin : begin + len(loop.sound) - late]
    back = loop.heard[late : late + len(wanted)]
    np.testing.assert_allclose(back, wanted, atol=1e-5)
    assert np.abs(back).max() > 0.05


def streamed(heard: np.ndarray) -> np.ndarray:
    """What a stream that begins with it makes of it."""
    steps = LiveEngine().begin(SETTINGS, timed=False)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value.push(np.ascontiguousarray(heard.T)).T
