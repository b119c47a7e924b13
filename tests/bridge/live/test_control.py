"""Live as the session has it, over real shared memory and a real engine process; the test plays devices and pump."""

from __future__ import annotations

import os
import signal as signals
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bridge.audio.live.memory import (
    DELAY,
    DRIFT,
    DRY_IF_LATE,
    FEEDBACK,
    FREEZE,
    FROZEN_SECONDS,
    GAIN,
    LATE,
    LATENCY,
    LEAD,
    METERS,
    MOMENT,
    MONITOR,
    NEEDS,
    ON,
    RATE,
    WET,
)
from bridge.audio.process import Open, Told
from bridge.errors import BridgeError
from bridge.events import LiveChanged, LiveSet, Notice, SettingChosen
from bridge.live_state import LiveLevels, LiveState
from engine.live_settings import LIVE, LIVE_DEFAULTS, LiveSettings
from tests.bridge.live.desk import MICROPHONE, SPEAKER, Desk, Playing, Stage, signal, staged
from tests.bridge.live.stand_in import HOP
from tests.bridge.parts import wait_for


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as one:
        yield one


def on(stage: Stage) -> LiveState:
    stage.live.start()
    wait_for(lambda: stage.live.state().phase == "on" or stage.live.state().problem)
    assert stage.live.state().phase == "on", stage.live.state()
    return stage.live.state()


def test_it_is_starting_until_the_model_is_there_then_on_then_off(stage: Stage) -> None:
    board = stage.desk.memory.board
    assert stage.live.state() == LiveState() and stage.live.levels() == LiveLevels()
    stage.live.start("warm pads")
    assert stage.live.state().phase == "starting" and stage.live.settings().prompt == "warm pads"
    state = on(stage)
    assert (state.input, state.output, state.model) == ("mic", "speaker", "sketch")
    assert state.hop_ms == 100.0 and state.late == 0 and state.drift_ppm == 0.0
    assert stage.desk.wanted and board.numbers[ON] == 1.0 and board.numbers[LEAD] == 0.04
    wait_for(lambda: stage.live.state().load == 0.1)
    stage.live.stop()
    assert stage.live.state().phase == "off" and board.numbers[ON] == 0.0
    wait_for(lambda: not stage.desk.wanted)
    wait_for(lambda: stage.told(LiveChanged)[-1].live.phase == "off")
    phases = [event.live.phase for event in stage.told(LiveChanged)]
    assert list(dict.fromkeys(phases)) in (["starting", "on", "off"], ["on", "off"])
    stage.live.stop()


def test_what_it_refuses_it_refuses_with_a_sentence(tmp_path: Path) -> None:
    with staged(tmp_path, settings=LiveSettings()) as stage:
        with pytest.raises(BridgeError, match="such as 'funk drums'"):
            stage.live.start()
        stage.live.set("prompt", "funk")
        for devices, missing in (((MICROPHONE,), "output"), ((SPEAKER,), "input"), ((), "input")):
            stage.desk.told = Told(devices)
            with pytest.raises(BridgeError, match=f"no audio {missing}"):
                stage.live.start()
        with pytest.raises(BridgeError, match="start it, then record"):
            stage.live.record(True)
        for name, value, code in (
            ("strenth", 1, "unknown_param"),
            ("strength", 2, "out_of_range"),
            ("delay", "soon", "out_of_range"),
            ("model", "nobody's", "out_of_range"),
        ):
            with pytest.raises(BridgeError) as refused:
                stage.live.set(name, value)
            assert refused.value.code == code
        assert stage.live.state() == LiveState()
    missing = "That model is not here."
    with (
        staged(tmp_path / "b", missing=lambda model: missing) as stage,
        pytest.raises(BridgeError, match=missing),
    ):
        stage.live.start()


def test_every_setting_is_set_told_and_has_its_default_back(stage: Stage) -> None:
    for name, known in LIVE.items():
        if name == "model":
            continue
        value = known.choices[-1] if known.choices else known.high
        value = {"text": value or "x", "bool": not LIVE_DEFAULTS[name]}.get(known.kind, value)
        stage.live.set(name, value)
        assert getattr(stage.live.settings(), name) == value
        assert stage.told(LiveSet)[-1] == LiveSet(name, value)
        stage.live.set(name, None)
        assert stage.told(LiveSet)[-1] == LiveSet(name, LIVE_DEFAULTS[name])
    assert stage.live.settings() == LiveSettings()
    kept = [(event.key, event.value) for event in stage.told(SettingChosen)]
    assert kept == [
        ("delay", "bar"), ("delay", "soonest"), ("late", "silent"), ("late", "dry"),
    ]  # fmt: skip


def test_what_is_heard_is_on_the_board(stage: Stage) -> None:
    numbers = stage.desk.memory.board.numbers
    stage.transport.change("manual", {"tempo": 120.0, "signature": (3, 4)})
    for name, value in (("wet", 0.3), ("input_gain", -6.0), ("monitor", False), ("late", "silent")):
        stage.live.set(name, value)
    stage.live.set("freeze_bars", 2.0)
    on(stage)
    assert numbers[WET] == 0.3 and numbers[GAIN] == pytest.approx(0.5012, abs=1e-4)
    assert (numbers[MONITOR], numbers[DRY_IF_LATE], numbers[FREEZE]) == (0.0, 0.0, 0.0)
    assert numbers[FROZEN_SECONDS] == 3.0
    stage.live.set("freeze", True)
    wait_for(lambda: numbers[FREEZE] == 1.0)
    numbers[LATE], numbers[DRIFT] = 3.0, np.nan
    wait_for(lambda: stage.live.state().late == 3 and stage.live.state().drift_ppm is None)
    numbers[METERS : METERS + 8] = np.arange(8) / 10
    columns = stage.desk.memory.board.columns
    columns[:] = np.arange(columns.size).reshape(columns.shape)
    numbers[MOMENT] = columns.shape[1] + 3
    levels = stage.live.levels()
    assert (levels.in_peak, levels.in_rms) == ((0.0, 0.1), (0.2, 0.3))
    assert (levels.out_peak, levels.out_rms) == ((0.4, 0.5), (0.6, 0.7))
    assert levels.heard[0] == 3.0 and levels.heard[-1] == 2.0
    assert levels.moment == columns.shape[1] + 3 and len(levels.played) == columns.shape[1]


def test_the_latency_is_what_the_stream_needs_or_exactly_so_many_beats(stage: Stage) -> None:
    numbers = stage.desk.memory.board.numbers
    on(stage)
    least = HOP / RATE + 0.075 + 0.04
    wait_for(lambda: numbers[DELAY] == pytest.approx(least))
    wait_for(lambda: stage.live.state().latency_ms == pytest.approx(1000 * (least + 0.03)))
    numbers[NEEDS] = 0.06  # What the path itself is found to need.
    wait_for(lambda: numbers[DELAY] == pytest.approx(least + 0.02))
    stage.live.set("delay", "1")
    wait_for(lambda: stage.live.state().latency_ms == 500.0)
    assert numbers[DELAY] == pytest.approx(0.47)
    stage.transport.change("manual", {"tempo": 100.0})
    wait_for(lambda: stage.live.state().latency_ms == 600.0)
    stage.desk.measured = 0.01
    wait_for(lambda: stage.live.state().measured)
    wait_for(lambda: numbers[DELAY] == pytest.approx(0.56))
    assert stage.live.state().latency_ms == 600.0
    numbers[LATENCY] = 0.561 * RATE  # As it really is.
    wait_for(lambda: stage.live.state().latency_ms == pytest.approx(601.0, abs=0.01))
    stage.transport.change("manual", {"tempo": 250.0})
    stage.live.set("delay", "1/2")
    notice = wait_for(lambda: [e for e in stage.told(Notice) if "120 ms" in e.text])[0]
    assert "it answers after 2 beats, 480 ms" in notice.text and notice.level == "warning"
    assert notice.code == "out_of_range"  # So that it is told over OSC too.
    time.sleep(0.2)
    assert len(stage.told(Notice)) == 1


def test_an_engine_that_is_killed_starts_again_and_the_rest_goes_on(stage: Stage) -> None:
    on(stage)
    desk, playing = stage.desk, Playing(stage.desk)
    try:
        wait_for(lambda: desk.memory.made.span[1] > 3 * HOP)
        wait_for(lambda: not stage.live.state().dry)
        started = desk.memory.made.span[0]
        [thread] = [t for t in _children(os.getpid()) if "bridge.live.child" in t[1]]
        os.kill(thread[0], signals.SIGKILL)
        wait_for(lambda: stage.live.state().dry)
        assert stage.live.state().phase == "on" and desk.memory.board.numbers[ON] == 1.0
        wait_for(lambda: not stage.live.state().dry)
        wait_for(lambda: desk.memory.made.span[0] > started)
        start = desk.memory.made.span[0]
        wait_for(lambda: desk.memory.made.span[1] >= start + HOP)
        np.testing.assert_array_equal(
            desk.memory.made.read(start, start + HOP), signal(start, start + HOP) / 2
        )
        assert any("SIGKILL" in event.text for event in stage.told(Notice))
    finally:
        playing.stop()


def _children(parent: int) -> list[tuple[int, str]]:
    import psutil

    return [(c.pid, " ".join(c.cmdline())) for c in psutil.Process(parent).children()]


def test_one_that_dies_again_and_again_has_failed(stage: Stage) -> None:
    stage.live.start("falls")
    wait_for(lambda: stage.live.state().phase == "failed")
    assert "ended with code 4" in stage.live.state().problem
    assert "3 times in a row" in stage.live.state().problem
    assert stage.desk.memory.board.numbers[ON] == 0.0
    wait_for(lambda: not stage.desk.wanted)
    stage.live.start("funk")  # Another time it is as good as new.
    assert stage.live.state() == LiveState("starting", model="sketch")
    wait_for(lambda: stage.live.state().phase == "on")


def test_what_the_engine_refuses_is_why_it_failed(stage: Stage) -> None:
    stage.live.start("refuses")
    wait_for(lambda: stage.live.state().phase == "failed")
    assert stage.live.state().problem.startswith("No hop is made in time here")
    assert [e.text for e in stage.told(Notice)] == [stage.live.state().problem]


def test_a_device_that_is_gone_is_waited_for(stage: Stage) -> None:
    on(stage)
    here = stage.desk.told
    stage.desk.told = Told(here.devices, None, None, "The output device speaker is gone.")
    wait_for(lambda: stage.live.state().phase == "waiting")
    assert stage.live.state().problem == "The output device speaker is gone."
    assert stage.desk.memory.board.numbers[ON] == 1.0 and stage.desk.wanted
    stage.desk.told = here
    wait_for(lambda: stage.live.state().phase == "on")
    assert stage.live.state().problem == ""


def test_an_input_that_hears_its_output_ends_it(stage: Stage) -> None:
    on(stage)
    numbers = stage.desk.memory.board.numbers
    numbers[FEEDBACK] = 1.0
    wait_for(lambda: stage.live.state().phase == "failed")
    assert "headphones" in stage.live.state().problem and numbers[ON] == 0.0
    assert "headphones" in stage.told(Notice)[-1].text
    numbers[FEEDBACK] = 0.0  # As the pump does when it sees that it is off.
    on(stage)


def test_another_model_or_hop_begins_another_stream_and_the_input_is_heard_meanwhile(
    stage: Stage,
) -> None:
    on(stage)
    for hop in range(150, 201, 5):  # A knob that is turned: only where it stays begins a stream.
        stage.live.set("hop", float(hop))
        time.sleep(0.05)
    wait_for(lambda: stage.told(LiveChanged)[-1].live.hop_ms == 200.0)
    assert {event.live.hop_ms for event in stage.told(LiveChanged)} == {0.0, 100.0, 200.0}
    assert stage.desk.memory.board.numbers[ON] == 1.0
    dry = [event.live.dry for event in stage.told(LiveChanged) if event.live.phase == "on"]
    assert dry[-1] is False or wait_for(lambda: not stage.live.state().dry)
    assert {event.live.phase for event in stage.told(LiveChanged)} <= {"starting", "on"}


def test_a_prompt_waits_for_the_bar_and_the_rest_does_not(stage: Stage) -> None:
    stage.transport.set_quantize("bar")
    stage.transport.change("manual", {"tempo": 240.0, "playing": True, "beat": 0.0})
    on(stage)
    desk, playing = stage.desk, Playing(stage.desk)
    try:
        wait_for(lambda: stage.desk.memory.made.span[1] > 3 * HOP)
        stage.live.set("prompt", "softer")
        assert stage.live.settings().prompt == "softer"
        stage.live.set("delay", "4")  # One second: half a bar of room to see it in.
        made = desk.memory.made

        def change() -> int | None:
            """The first sample that is made by the new prompt."""
            start, stop = made.span
            ours = made.read(start, stop)
            soft = np.abs(ours[:, 0]) < 0.4 * np.abs(signal(start, stop)[:, 0])
            return int(np.argmax(soft)) + start if soft.any() else None

        place = wait_for(change)
        at, then = desk.memory.board.plug() or (0, 0.0)
        heard = then + (place - at) / RATE + stage.live.state().latency_ms / 1000
        beat = stage.transport.state(heard).beat
        off = abs(beat - 4 * round(beat / 4)) * 60 / 240
        assert off < 1.5 * HOP / RATE, off
    finally:
        playing.stop()


def test_a_stream_whose_delay_is_in_beats_begins_with_the_beat(stage: Stage) -> None:
    stage.transport.change("manual", {"tempo": 120.0, "playing": True, "beat": 0.0})
    stage.live.set("delay", "2")
    playing = Playing(stage.desk)
    try:
        assert on(stage).hop_ms == 125.0
    finally:
        playing.stop()


def test_events_are_at_most_ten_a_second(stage: Stage) -> None:
    on(stage)
    before = len(stage.told(LiveChanged))
    began = time.monotonic()
    while time.monotonic() - began < 1.0:
        stage.desk.memory.board.numbers[LATE] += 1
        time.sleep(0.01)
    assert len(stage.told(LiveChanged)) - before <= 11 + 10 * (time.monotonic() - began - 1.0)
    last = stage.desk.memory.board.numbers[LATE]
    wait_for(lambda: stage.told(LiveChanged)[-1].live.late == last)


def test_what_is_heard_is_recorded_as_a_take_of_its_own_kind(stage: Stage) -> None:
    stage.transport.change("manual", {"tempo": 96.0, "key": "A minor"})
    stage.live.set("strength", 0.6)
    on(stage)
    playing = Playing(stage.desk)
    try:
        stage.live.record(True)
        stage.live.record(True)
        wait_for(lambda: (stage.live.state().recording or 0.0) > 0.5)
        stage.live.record(False)
        take_id = wait_for(lambda: stage.live.state().take_id)
        wait_for(lambda: stage.live.state().recording is None)
        take = stage.library.get(take_id)
        assert (take.kind, take.name, take.prompt, take.model) == ("live", "funk", "funk", "sketch")
        assert (take.tempo_asked, take.key, take.sample_rate) == (96.0, "A minor", RATE)
        assert LiveSettings(**take.live) == stage.live.settings()
        assert "_live" in take.id and "96bpm" in take.id and take.seconds > 0.5
        stage.live.record(True)  # Stopping live ends it too.
        wait_for(lambda: (stage.live.state().recording or 0.0) > 0.2)
        stage.live.stop()
        wait_for(lambda: stage.live.state().take_id not in (None, take_id))
        assert len(stage.library.search()) == 2
    finally:
        playing.stop()


def test_it_ends_with_everything(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        on(stage)
        stage.desk.told = Told(
            (MICROPHONE, SPEAKER), Open(SPEAKER, RATE, 0.0), Open(MICROPHONE, RATE, 0.0)
        )
        assert [each for each in _children(os.getpid()) if "bridge.live.child" in each[1]]
    assert not [each for each in _children(os.getpid()) if "bridge.live.child" in each[1]]
    with pytest.raises(BridgeError, match="closing"):
        stage.live.start()
    with staged(tmp_path / "never"):  # What never started ends too.
        pass


def test_desks_are_what_live_asks_for() -> None:
    from bridge.live.devices import LiveDevices

    desk: LiveDevices = Desk()
    assert desk.told.input is None
