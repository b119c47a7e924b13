"""Live between the ports of a real JACK server: what is said comes back made, exactly as late as is told."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest

from bridge.live.control import LiveControl, LiveOptions
from bridge.live.devices import SystemDevices
from bridge.takes import recordings
from engine.live_settings import LiveSettings
from tests.bridge.conftest import Sounding
from tests.bridge.live.desk import ENGINE
from tests.bridge.real_parts import RATE, Ear, Mouth, jack_client, until

INPUT, OUTPUT = "PortAudio.*:in_", "PortAudio.*:out_"


@pytest.fixture
def live(sounding: Sounding) -> Iterator[LiveControl]:
    session = sounding.session
    control = session.live = LiveControl(
        SystemDevices(sounding.audio),
        sounding.hub.publish,
        session.transport.state,
        partial(recordings.begin, session.takes),
        LiveOptions(engine=ENGINE, lead=0.1, settings=LiveSettings(prompt="funk", delay="2")),
    )
    yield control
    control.close()


@pytest.mark.real_parts("jackd")
def test_what_is_said_is_heard_as_it_was_made_and_as_late_as_is_told(
    live: LiveControl, sounding: Sounding
) -> None:
    with jack_client("mouth") as speaking, jack_client("ear") as hearing:
        live.start()
        until(lambda: live.state().phase == "on" and not live.state().dry, what="live")
        state = live.state()
        assert state.latency_ms == pytest.approx(1000.0, abs=25)  # Two beats at 120 BPM.
        sound = np.random.default_rng(3).uniform(-0.4, 0.4, (3 * RATE, 2)).astype(np.float32)
        mouth, ear = Mouth(speaking), Ear(hearing, 2 * RATE)
        mouth.speak_to(INPUT)
        ear.listen_to(OUTPUT)
        mouth.say(sound)
        heard = ear.fill()[RATE : 2 * RATE - 4096]
        place = int(np.argmin(np.abs(sound[:, 0] / 2 - heard[0, 0])))
        np.testing.assert_array_equal(heard, sound[place : place + len(heard)] / 2)
        assert live.state().late == 0
        live.stop()
        until(lambda: sounding.audio.supervisor.told.input is None, what="the input to be closed")


@pytest.mark.real_parts("jackd")
def test_a_recording_beside_it_has_the_same_input(live: LiveControl, sounding: Sounding) -> None:
    live.start()
    until(lambda: live.state().phase == "on", what="live")
    sounding.session.capture.start()
    until(lambda: sounding.session.capture.state().state == "recording")
    sounding.session.capture.stop()
    until(lambda: sounding.session.capture.state().state == "idle")
    assert live.state().phase == "on" and sounding.audio.supervisor.told.input
