"""MIDI as a musician has it: a clock from another program, keys and knobs from another process, no system at all."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import mido
import pytest

from bridge.errors import BridgeError
from bridge.events import Event, MidiChanged, Notice, SettingChosen
from bridge.live.control import LiveControl, LiveOptions
from bridge.midi.bindings import (
    ACTIONS,
    Control,
    act,
    check_target,
    control,
    heard,
    read_bindings,
    scaled,
)
from bridge.midi.input import MidiInput, MidiOptions
from bridge.session import Session
from bridge.takes import recordings
from engine.live_settings import LIVE, LiveSettings
from engine.parameter import value_of
from engine.spec import PARAMETERS
from tests.bridge.live.desk import ENGINE, Desk
from tests.bridge.parts import all_heard
from tests.bridge.real_parts import JackServer, jack_client, until
from tests.bridge.rig import session_in
from tests.needed import missed, need

SENDER = """
import sys, time, rtmidi
port = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, "Keys")
port.open_virtual_port("out")
for line in sys.stdin:
    port.send_message([int(byte) for byte in line.split()])
"""


def test_controls_are_told_as_people_count_and_read_back() -> None:
    for kind in ("cc", "note", "program"):
        for number in (0, 127):
            for channel in (0, 15):
                moved = Control(kind, number, channel)
                assert control(str(moved)) == moved
    assert str(Control("cc", 21, 0)) == "cc 21 ch 1"
    for wrong in ("cc 128 ch 1", "cc 1 ch 0", "cc 1 ch 17", "bend 1 ch 1", ""):
        with pytest.raises(BridgeError, match="cc 21 ch 1"):
            control(wrong)


def test_channel_messages_are_read_and_others_bind_to_nothing() -> None:
    read = mido.Message.from_bytes
    assert heard(read(b"\x92\x3c\x64")) == (Control("note", 60, 2), 100)
    assert heard(read(b"\x92\x3c\x00")) == (Control("note", 60, 2), 0)
    assert heard(read(b"\x82\x3c\x64")) == (Control("note", 60, 2), 0)
    assert heard(read(b"\xb0\x15\x7f")) == (Control("cc", 21, 0), 127)
    assert heard(read(b"\xc5\x07")) == (Control("program", 7, 5), 127)
    for other in (b"\xe0\x00\x40", b"\xf8", b"\xf0\x01\xf7"):
        assert heard(read(other)) is None


def test_a_knob_covers_the_range_of_every_parameter_it_can_be_bound_to() -> None:
    live = {f"live.{name}": what for name, what in LIVE.items()}
    for target, what in (PARAMETERS | live).items():
        if what.kind not in ("float", "int", "bool") and not what.choices:
            with pytest.raises(BridgeError, match="Unknown target"):
                check_target(target)
            continue
        check_target(target)
        name = target.removeprefix("live.")
        found = [scaled(name, what, value) for value in range(128)]
        for value in found:
            value_of(name, value, what)
        if what.choices:
            assert list(dict.fromkeys(found)) == list(what.choices)
        else:
            assert found == sorted(found) and found[0] < found[-1]
            assert found[0] == (what.low or 0)


def test_a_key_turns_a_switch_of_live_over_and_a_knob_sets_it() -> None:
    live = cast(Any, SimpleNamespace(settings=LiveSettings))
    session = cast(Any, SimpleNamespace(live=live))
    told: list[tuple[str, object]] = []
    live.set = lambda name, value: told.append((name, value))
    key, knob = Control("note", 60, 0), Control("cc", 21, 0)
    for moved, value in ((key, 100), (key, 0), (knob, 100), (knob, 0)):
        act(session, "live.freeze", moved, value)
    assert told == [("freeze", True), ("freeze", True), ("freeze", False)]


def test_wrong_bindings_in_the_settings_are_named() -> None:
    assert read_bindings({"steps": "cc 21 ch 1", "launch x": "note 60 ch 2"})["steps"].number == 21
    with pytest.raises(BridgeError, match="volume"):
        read_bindings({"volume": "cc 7 ch 1"})
    for action in ACTIONS:
        check_target(action)


def test_no_midi_system_is_a_sentence_and_no_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    if os.path.exists("/dev/snd/seq") or sys.platform != "linux":
        pytest.skip("this machine has a MIDI system that cannot be taken away")
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "there-is-none")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    with session_in(tmp_path) as (session, hub):
        midi = MidiInput(session, hub.publish, MidiOptions(input="keys"))
        session.midi = midi
        midi.start()
        until(lambda: session.midi.state().problem)
        assert "no MIDI system" in session.midi.state().problem
        assert session.midi.state().ports == ()
        midi._looked = 0.0
        until(lambda: midi._looked, what="another look")
        time.sleep(0.3)
        said = [record for record in caplog.records if "no MIDI system" in record.getMessage()]
        assert len(said) == 1
        session.midi.learn("steps")
        assert session.midi.state().learning == "steps"


def test_a_system_that_is_not_there_is_looked_for_in_silence() -> None:
    code = """
from bridge.midi.ports import MidiPorts, NoMidi
for _ in range(5):
    try:
        MidiPorts().end()
    except NoMidi:
        pass
"""
    looked = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"JACK_DEFAULT_SERVER": "there-is-none", "JACK_NO_START_SERVER": "1"},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    assert looked.stderr == looked.stdout == ""


class Playing:
    """A session with MIDI on JACK, and keys in another process."""

    def __init__(self, session: Session, events: list[Event]) -> None:
        self.session = session
        self.events = events
        self.keys = subprocess.Popen(
            [sys.executable, "-c", SENDER],
            stdin=subprocess.PIPE,
            text=True,
            stderr=subprocess.DEVNULL,
        )

    def send(self, *message: int) -> None:
        assert self.keys.stdin
        self.keys.stdin.write(" ".join(map(str, message)) + "\n")
        self.keys.stdin.flush()

    def kept(self) -> dict[str, str]:
        """The learned controls as they were last told to be written down."""
        all_heard(self.session.hub)
        told = [event for event in self.events if isinstance(event, SettingChosen)]
        assert (told[-1].section, told[-1].key) == ("midi", "learned")
        return told[-1].value

    def press(self, target: str, *message: int) -> None:
        """Has a target learned by the message."""
        self.session.midi.learn(target)
        self.send(*message)
        until(lambda: target in [b.target for b in self.session.midi.state().bindings], what=target)


@pytest.fixture
def playing(jack: JackServer, tmp_path: Path) -> Iterator[Playing]:
    with session_in(tmp_path) as (session, hub):
        events: list[Event] = []
        hub.subscribe(events.append)
        both = Playing(session, events)
        options = MidiOptions(input="keys", learned={"cfg_scale": "cc 20 ch 1"})
        midi = MidiInput(session, hub.publish, options)
        session.midi = midi
        midi.start()
        try:
            found = until(
                lambda: session.midi.state().problem or session.midi.state().input, what="the keys"
            )
            if found == session.midi.state().problem:
                missed(found)
            yield both
        finally:
            both.keys.kill()
            both.keys.wait()


@pytest.mark.real_parts
def test_a_knob_is_learned_kept_and_moves_its_parameter(playing: Playing) -> None:
    session = playing.session
    playing.press("steps", 0xB0, 21, 5)
    assert playing.kept() == {"cfg_scale": "cc 20 ch 1", "steps": "cc 21 ch 1"}
    assert session.parameters.get("steps") is None  # The move that taught it changes nothing.
    playing.send(0xB0, 21, 127)
    until(lambda: session.parameters.get("steps") == 100)
    playing.send(0xB0, 20, 64)
    until(lambda: session.parameters.get("cfg_scale"))
    playing.press("steps", 0xB3, 1, 1)
    playing.send(0xB0, 21, 0)
    playing.send(0xB3, 1, 0)
    until(lambda: session.parameters.get("steps") == 1)
    session.midi.forget("steps")
    assert playing.kept() == {"cfg_scale": "cc 20 ch 1"}
    with pytest.raises(BridgeError, match="No MIDI control"):
        session.midi.forget("steps")
    with pytest.raises(BridgeError, match="generate"):
        session.midi.learn("everything")
    assert any(isinstance(event, MidiChanged) for event in playing.events)


@pytest.mark.real_parts
def test_keys_and_programs_do_actions_and_their_release_does_nothing(playing: Playing) -> None:
    session = playing.session
    session.parameters.set("prompt", "techno")
    session.parameters.set("seconds_total", 0.5)
    playing.press("generate", 0x90, 60, 100)
    playing.send(0x80, 60, 0)
    playing.send(0x90, 60, 100)
    playing.send(0x90, 60, 0)
    until(lambda: [job for job in session.jobs.all() if job.state == "done"], what="a take")
    assert len(session.jobs.all()) == 1
    playing.press("panic", 0xC0, 3)
    playing.press("launch nothing", 0x90, 61, 100)
    playing.send(0x90, 61, 100)
    until(lambda: any(isinstance(e, Notice) and e.level == "warning" for e in playing.events))


@pytest.mark.real_parts
def test_live_is_played_by_knobs_and_keys(playing: Playing) -> None:
    session, desk = playing.session, Desk()
    live = LiveControl(
        desk,
        session.hub.publish,
        session.transport.state,
        partial(recordings.begin, session.takes),
        LiveOptions(engine=ENGINE, settings=LiveSettings(prompt="funk")),
    )
    session.live = live
    playing.press("live.strength", 0xB0, 30, 1)
    playing.press("live.freeze", 0x90, 64, 100)
    playing.press("live", 0x90, 65, 100)
    playing.press("live.record", 0x90, 66, 100)
    assert read_bindings(playing.kept()).keys() >= {"live.strength", "live", "live.record"}
    playing.send(0xB0, 30, 127)
    until(lambda: live.settings().strength == 1.0)
    for frozen in (True, False):
        playing.send(0x90, 64, 100)
        until(lambda frozen=frozen: live.settings().freeze is frozen)
        playing.send(0x80, 64, 0)
    playing.send(0x90, 65, 100)
    playing.send(0x90, 65, 0)
    until(lambda: live.state().phase == "on", what="live")
    playing.send(0x90, 66, 100)
    until(lambda: live.state().recording is not None)
    playing.send(0x90, 66, 100)
    until(lambda: live.state().recording is None)
    playing.send(0x90, 65, 100)
    until(lambda: live.state().phase == "off")


@pytest.mark.real_parts
def test_a_port_that_goes_is_waited_for(playing: Playing) -> None:
    session = playing.session
    playing.keys.kill()
    playing.keys.wait()
    until(lambda: session.midi.state().input == "", what="the port to go")
    playing.keys = subprocess.Popen(
        [sys.executable, "-c", SENDER], stdin=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL
    )
    until(lambda: session.midi.state().input, what="the port to come back")
    playing.press("steps", 0xB0, 21, 5)
    session.midi.set_input("")
    until(lambda: session.midi.state().input == "")


@pytest.mark.real_parts
def test_ports_are_back_after_jack_is(playing: Playing, jack: JackServer) -> None:
    session = playing.session
    own = "Longtake.*"
    with jack_client("watch") as client:
        until(lambda: client.get_ports(own, is_midi=True), what="our own port")
    jack.kill()
    playing.keys.kill()
    playing.keys.wait()
    until(lambda: session.midi.state().problem, what="the news")
    assert session.midi.state().ports == ()
    jack.start()
    playing.keys = subprocess.Popen(
        [sys.executable, "-c", SENDER], stdin=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL
    )
    until(lambda: session.midi.state().input, what="the port to come back")
    assert not session.midi.state().problem
    with jack_client("watch") as client:
        until(lambda: client.get_ports(own, is_midi=True), what="our own port")
    playing.press("steps", 0xB0, 21, 5)


@pytest.mark.real_parts
def test_a_clock_from_another_program_sets_the_tempo(playing: Playing) -> None:
    need("jack_midi_clock")
    session = playing.session
    session.transport.set_source("midi")
    clock = subprocess.Popen(
        ["jack_midi_clock", "-b", "128"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: any("clock" in name for name in session.midi.state().ports), what="the clock")
        session.midi.set_input("clock")
        until(lambda: "clock" in session.midi.state().input)
        with jack_client("transport") as client:
            client.activate()
            client.transport_start()
            until(lambda: session.transport.state().tempo_known, what="a tempo")
            tempi: deque[float] = deque(maxlen=120)

            def steady() -> bool:
                """Whether six seconds kept the tempo; a machine that stands still moves it for once."""
                time.sleep(0.05)
                tempi.append(session.transport.state().tempo)
                return len(tempi) == 120 and max(abs(tempo - 128.0) for tempo in tempi) < 0.1

            until(steady, what="six seconds at 128 BPM")
            running = session.transport.state()
            client.transport_stop()
            until(lambda: not session.transport.state().playing, what="the stop")
    finally:
        clock.kill()
        clock.wait()
    assert running.playing and running.beat > 2
    print(f"tempo {min(tempi):.3f} to {max(tempi):.3f} BPM")
    until(lambda: not session.midi.state().clock, what="the clock's lamp to go out")
