"""Capture through a real PortAudio: what is played in is in the library, trimmed, and stops by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.audio.corrections import Corrections
from bridge.audio.intake import PRE_ROLL, Intake
from bridge.audio.metronome import ClickTrack, clicks
from bridge.audio.process import STALLED, Wish
from bridge.audio.ring_buffer import LOST
from bridge.errors import BridgeError
from bridge.events import CaptureChanged, Notice, SettingChosen, TakeAdded
from tests.bridge.conftest import Sounding
from tests.bridge.parts import all_heard
from tests.bridge.real_parts import (
    PERIOD,
    RATE,
    Ear,
    JackServer,
    Mouth,
    Wire,
    jack_client,
    until,
)
from tests.bridge.served import Served

INPUT = "PortAudio.*:in_"
OUTPUT = "PortAudio.*:out_"


def burst(seconds: float, seed: int = 3) -> np.ndarray:
    return (
        np.random.default_rng(seed)
        .uniform(-0.5, 0.5, (round(seconds * RATE), 2))
        .astype(np.float32)
    )


@pytest.mark.parametrize("signature", [(4, 4), (6, 8)])
def test_clicks_lie_on_the_beats_and_the_first_of_a_bar_is_another(
    signature: tuple[int, int],
) -> None:
    sound = clicks(48_000, 90.0, signature, 2)
    beat = 48_000 * 60 / 90 * 4 / signature[1]
    assert len(sound) == round(2 * signature[0] * beat)
    parts = [sound[round(n * beat) :][:1400] for n in range(2 * signature[0])]
    assert all(np.abs(part).max() > 0.1 for part in parts)
    assert np.array_equal(parts[0], parts[signature[0]])
    assert np.array_equal(parts[1], parts[2]) and not np.array_equal(parts[0], parts[1])


def test_a_track_of_clicks_is_the_same_in_pieces_and_ends_after_the_click_that_sounds() -> None:
    whole = ClickTrack(48_000, 97.0, (4, 4), 3.0).read(0, 144_000)
    track = ClickTrack(48_000, 97.0, (4, 4), 3.0)
    pieces = [track.read(start, 500) for start in range(0, 62_000, 500)]
    assert np.array_equal(np.concatenate(pieces), whole[:62_000])
    track.stop()
    assert track.frames == 62_000  # Between two clicks: at once.
    track = ClickTrack(48_000, 97.0, (4, 4), 3.0)
    beat = round(track.step)
    track.read(0, beat + 10)
    track.stop()
    assert track.frames == beat + 1440
    assert len(track.read(beat + 10, 5000)) == 1430


@pytest.mark.real_parts
def test_what_is_played_in_is_recorded_and_stops_by_itself(sounding: Sounding) -> None:
    session = sounding.session
    sound = burst(3.0)  # Long enough for the meter to be seen on a busy machine.
    with jack_client("mouth") as client:
        mouth = Mouth(client)
        session.capture.start()
        with pytest.raises(BridgeError) as error:
            session.capture.start()
        assert error.value.code == "busy"
        until(
            lambda: session.capture.state().state == "recording" and session.capture.state().device
        )
        mouth.speak_to(INPUT)
        mouth.say(sound)
        until(lambda: max(session.levels().in_peak) > 0.1, what="the meter")
        until(
            lambda: session.capture.state().state == "idle", what="the recording to end by itself"
        )
    take = session.takes.get(session.capture.state().take_id or "")
    heard = soundfile.read(take.path, dtype="float32", always_2d=True)[0]
    assert take.kind == "capture" and take.sample_rate == RATE
    place = int(np.argmax(np.correlate(heard[:4000, 0], sound[:2000, 0], "valid")))
    step = 2.0**-14  # The file may hold fewer bits than the wire.
    assert np.abs(heard[place : place + len(sound)] - sound).max() < step
    assert abs(place - PRE_ROLL * RATE) < 5
    assert len(heard) < 4 * RATE
    states = [e.capture.state for e in sounding.events if isinstance(e, CaptureChanged)]
    assert list(dict.fromkeys(states)) == ["recording", "saving", "idle"]
    assert any(isinstance(e, TakeAdded) and e.take.id == take.id for e in sounding.events)


@pytest.mark.real_parts
def test_a_count_in_is_heard_before_the_recording_begins(sounding: Sounding) -> None:
    session = sounding.session
    session.parameters.set("prompt", "beatbox at 240 BPM")  # The transport still says 120.
    wanted = clicks(RATE, 240.0, (4, 4), 1)
    with jack_client("ear") as client, jack_client("mouth") as other:
        ear = Ear(client, len(wanted))
        ear.listen_to(OUTPUT)
        ear.hold(sounding.audio.supervisor.output, len(wanted))
        mouth = Mouth(other)
        began = time.monotonic()
        session.capture.start(None, 1)
        assert session.capture.state().state == "count_in"
        until(lambda: session.capture.state().state == "recording", what="the recording")
        assert time.monotonic() - began > 0.9
        mouth.speak_to(INPUT)
        mouth.say(burst(0.5))
        until(lambda: mouth.silent)
        time.sleep(0.3)
        session.capture.stop()
        until(lambda: session.capture.state().state == "idle")
        heard = ear.fill()
    first = int(np.flatnonzero(wanted.any(axis=1))[0])
    assert np.array_equal(heard, wanted[first : first + len(heard)])
    assert session.takes.get(session.capture.state().take_id or "").tempo_asked == 240.0


@pytest.mark.real_parts
def test_the_metronome_goes_on_while_it_records_if_wanted(sounding: Sounding) -> None:
    session = sounding.session
    session.transport.change("manual", {"tempo": 240.0})
    wanted = clicks(RATE, 240.0, (4, 4), 2)
    with jack_client("ear") as client:
        ear = Ear(client, len(wanted))
        ear.listen_to(OUTPUT)
        ear.hold(sounding.audio.supervisor.output, len(wanted))
        session.capture.start(None, 1, True)
        heard = ear.fill()
        assert session.capture.state().state == "recording"
        session.capture.stop()
        until(lambda: session.capture.state().state == "idle")
    first = int(np.flatnonzero(wanted.any(axis=1))[0])
    assert np.array_equal(heard, wanted[first : first + len(heard)])


@pytest.mark.real_parts
def test_silence_is_no_take_and_an_unknown_input_is_named(sounding: Sounding) -> None:
    session = sounding.session
    with pytest.raises(BridgeError, match="there are: JACK: system"):
        session.capture.start("Neighbour's microphone")
    sounding.audio.recorder.wish = Wish(True, "unplugged")
    with pytest.raises(BridgeError, match="no input 'unplugged'"):
        session.capture.start()
    sounding.audio.recorder.wish = Wish(True)
    with jack_client("mouth") as client:
        session.capture.start()
        until(lambda: session.capture.state().device)
        Mouth(client).speak_to(INPUT)
        session.capture.stop()
        until(lambda: session.capture.state().state == "idle")
    assert "Nothing was heard" in session.capture.state().problem
    assert session.capture.state().take_id is None


def away(sounding: Sounding) -> list[int]:
    """How many frames behind its beat each click lies that a recording of the metronome has."""
    session = sounding.session
    session.transport.change("manual", {"tempo": 240.0})
    session.capture.start(None, 1, True)
    until(lambda: session.capture.state().seconds > 3.0, what="twelve beats")
    session.capture.stop()
    until(lambda: session.capture.state().state == "idle")
    take = session.takes.get(session.capture.state().take_id or "")
    heard = soundfile.read(take.path, dtype="float32", always_2d=True)[0][:, 0]
    step = round(RATE * 60 / 240)
    click = clicks(RATE, 240.0, (4, 4), 1)[step : step + 1000, 0]
    parts = [heard[beat * step - 400 : beat * step + 1400] for beat in (1, 2, 3, 5, 9, 10, 11)]
    return [int(np.argmax(np.correlate(part, click, "valid"))) - 400 for part in parts]


@contextmanager
def wired(frames: int) -> Iterator[None]:
    """A cable from output to input, so long for a musician who plays when the click is heard."""
    with jack_client("wire") as client:
        # What JACK says of its system's output and input is a period each; it adds one to every loop by itself.
        wire = Wire(client, PERIOD + frames)
        wire.lead(OUTPUT)
        end = wire.follow(INPUT)
        try:
            yield
        finally:
            end()


@pytest.mark.real_parts
def test_what_is_played_to_the_click_lies_on_the_click(sounding: Sounding) -> None:
    with wired(0):
        found = away(sounding)
    print(f"{found} frames away")
    assert max(map(abs, found)) < 20  # 3 on a quiet machine.
    assert sounding.session.playback.devices().latency == pytest.approx(PERIOD / RATE)


@pytest.mark.real_parts
def test_what_devices_do_not_tell_is_measured_and_taken_off(sounding: Sounding) -> None:
    session = sounding.session
    with wired(777):
        session.capture.measure()
        with pytest.raises(BridgeError, match="running already"):
            session.capture.start()
        until(lambda: session.capture.state().state == "idle", what="the measurement")
        assert not session.capture.state().problem
        correction = session.playback.devices().correction
        found = away(sounding)
    print(f"{(correction or 0) * RATE:.1f} frames measured; {found} frames away")
    assert correction and correction * RATE == pytest.approx(777, abs=20)
    assert max(map(abs, found)) < 20
    all_heard(sounding.hub)
    [chosen] = [event for event in sounding.events if isinstance(event, SettingChosen)]
    assert (chosen.section, chosen.key) == ("audio", "corrections")
    assert Corrections(chosen.value).of("JACK: system", "JACK: system") == pytest.approx(
        correction, abs=1e-5
    )


@pytest.mark.real_parts
def test_clicks_that_do_not_come_back_are_said(sounding: Sounding) -> None:
    session = sounding.session
    session.capture.measure()
    until(lambda: session.capture.state().state == "idle", what="the measurement")
    assert "connect the output with the input" in session.capture.state().problem
    assert session.playback.devices().correction is None


@pytest.mark.real_parts
def test_an_input_that_nobody_reads_is_no_device_that_is_gone(sounding: Sounding) -> None:
    supervisor = sounding.audio.supervisor
    before = supervisor.pid
    number = supervisor.want("input", Wish(True, "JACK: system"))
    until(lambda: supervisor.told.number >= number and supervisor.told.input)
    seconds = supervisor.input.capacity / RATE + STALLED + 1.0
    arrived = supervisor.input.arrived
    until(lambda: supervisor.input.arrived - arrived > seconds * RATE, what="the ring to be full")
    assert supervisor.input.free == 0 and supervisor.input.counter(LOST) > 0
    assert supervisor.pid == before and supervisor.told.input


@pytest.mark.real_parts
def test_a_long_count_in_loses_nothing(sounding: Sounding) -> None:
    session = sounding.session
    session.transport.change("manual", {"tempo": 50.0})  # 4.8 s; the ring holds 3 s.
    with jack_client("mouth") as client:
        mouth = Mouth(client)
        session.capture.start(None, 1)
        mouth.speak_to(INPUT)
        until(lambda: session.capture.state().state == "recording", what="the recording")
        mouth.say(burst(0.5))
        until(lambda: mouth.silent)
        session.capture.stop()
        until(lambda: session.capture.state().state == "idle")
    assert session.capture.state().take_id and not session.capture.state().problem
    assert sounding.audio.supervisor.input.counter(LOST) == 0


@pytest.mark.real_parts
def test_what_a_stall_loses_is_silent_and_told_and_the_rest_is_in_time(
    sounding: Sounding, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, ring = sounding.session, sounding.audio.supervisor.input
    sound = burst(8.0)
    hear = Intake.hear
    stalls = threading.Event()

    def stalling(intake: Intake) -> np.ndarray:
        if stalls.is_set():
            until(lambda: ring.counter(LOST) > RATE // 2, what="half a second to be lost")
            stalls.clear()
        return hear(intake)

    monkeypatch.setattr(Intake, "hear", stalling)
    with jack_client("mouth") as client:
        mouth = Mouth(client)
        session.capture.start()
        until(lambda: session.capture.state().device)
        mouth.speak_to(INPUT)
        mouth.say(sound)
        until(lambda: session.capture.state().seconds > 0.5)
        stalls.set()
        until(lambda: mouth.silent)
        until(lambda: session.capture.state().state == "idle")
    take = session.takes.get(session.capture.state().take_id or "")
    heard = soundfile.read(take.path, dtype="float32", always_2d=True)[0][:, 0]
    place = int(np.argmax(np.correlate(heard[:4000], sound[:2000, 0], "valid")))
    heard = heard[place : place + len(sound)]
    missing = np.flatnonzero(heard != sound[:, 0])
    gap = missing[missing > 100]
    assert len(gap) >= RATE // 2 and not heard[gap].any()
    assert len(gap) == gap[-1] - gap[0] + 1  # One hole, and behind it all is in its place.
    assert gap[-1] < len(sound) - RATE
    said = f"{len(gap) / RATE:.2f} s of the recording"
    assert said in session.capture.state().problem
    all_heard(sounding.hub)
    assert any(isinstance(e, Notice) and said in e.text for e in sounding.events)


@pytest.mark.real_parts
def test_a_kill_of_the_bridge_takes_no_recording(jack: JackServer, tmp_path: Path) -> None:
    sound = burst(60.0)
    served = Served(tmp_path, sound=True)
    try:
        served.ready()
        served.send("/longtake/subscribe", "capture")
        with jack_client("mouth") as client:
            mouth = Mouth(client)
            until(lambda: client.get_ports(OUTPUT), what="the output")
            served.send("/longtake/capture/start")
            mouth.speak_to(INPUT)
            mouth.say(sound)
            while served.until("/longtake/capture/state")[1] < 2.0:
                pass
            served.process.kill()
            served.process.wait()
    finally:
        served.close()
    [left] = (tmp_path / "takes").glob(".*.recording")
    again = Served(tmp_path)
    try:
        again.ready()
        [path] = until(again.takes, what="the take")
    finally:
        again.close()
    assert not left.exists()
    heard = soundfile.read(path, dtype="float32", always_2d=True)[0]
    place = int(np.argmax(np.correlate(sound[: 3 * RATE, 0], heard[1000:3000, 0], "valid"))) - 1000
    assert len(heard) > 1.5 * RATE
    assert np.array_equal(heard[1000:-200], sound[place + 1000 :][: len(heard) - 1200])
