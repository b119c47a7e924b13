"""The live engine in a real process: positions stay right, whatever is lost, late, killed or begun anew."""

from __future__ import annotations

import os
import signal as signals
import time
from collections.abc import Callable, Iterator

import numpy as np
import psutil
import pytest

from bridge.audio.live.memory import DELAY, HEARD, LiveMemory
from bridge.live.engine import LiveEngineProcess
from engine.live_settings import LiveSettings, Metre
from tests.bridge.live.desk import ENGINE, signal
from tests.bridge.live.stand_in import HOP
from tests.bridge.parts import wait_for

SETTINGS = LiveSettings(prompt="funk")
Started = Callable[..., tuple[LiveEngineProcess, LiveMemory]]


@pytest.fixture
def started() -> Iterator[Started]:
    open_ones: list[LiveEngineProcess] = []

    def start(
        settings: LiveSettings = SETTINGS, factory: str = ENGINE
    ) -> tuple[LiveEngineProcess, LiveMemory]:
        memory = LiveMemory()
        memory.board.numbers[DELAY] = 1e6  # Nothing is too late.
        engine = LiveEngineProcess(memory, factory, lambda: None)
        open_ones.append(engine)
        engine.begin(settings, Metre(120.0))
        return engine, memory

    yield start
    for engine in open_ones:
        engine.end()


def say(memory: LiveMemory, start: int, stop: int) -> None:
    memory.heard.record(signal(start, stop))


def made(memory: LiveMemory, stop: int) -> np.ndarray:
    """All that was made up to a position, once it is there."""
    wait_for(lambda: memory.made.span[1] >= stop)
    return memory.made.read(*memory.made.span)


def test_each_sample_is_answered_at_its_own_position(started: Started) -> None:
    engine, memory = started()
    say(memory, 0, 1000)  # Nobody hears that: the stream has not begun.
    wait_for(lambda: engine.pace)
    begin, _ = memory.made.span
    assert begin == 1000 and engine.pace and engine.pace.latency == HOP
    for start in range(1000, 1000 + 5 * HOP, 700):
        say(memory, start, start + 700)
    np.testing.assert_array_equal(made(memory, begin + 5 * HOP), signal(begin, begin + 5 * HOP) / 2)


def test_what_was_lost_counts_as_silence(started: Started) -> None:
    engine, memory = started()
    wait_for(lambda: engine.pace)
    assert engine.pid
    os.kill(engine.pid, signals.SIGSTOP)  # A machine that stands still.
    say(memory, 0, HEARD)
    say(memory, HEARD, HEARD + 1000)
    assert memory.heard.arrived == HEARD + 1000
    os.kill(engine.pid, signals.SIGCONT)
    wait_for(lambda: memory.heard.fill == 0)
    say(memory, HEARD + 1000, HEARD + 1000 + 2 * HOP)
    stop = (HEARD + 1000 + 2 * HOP) // HOP * HOP
    wait_for(lambda: memory.made.span[1] >= stop)
    wanted = np.concatenate([signal(0, HEARD), np.zeros((1000, 2)), signal(HEARD + 1000, stop)]) / 2
    start = HEARD - HOP
    np.testing.assert_array_equal(
        memory.made.read(start, stop), wanted[start:stop].astype(np.float32)
    )


def test_in_a_hurry_only_what_can_still_be_heard_is_made(started: Started) -> None:
    engine, memory = started()
    wait_for(lambda: engine.pace)
    assert engine.pid
    memory.board.numbers[DELAY] = 0.2
    os.kill(engine.pid, signals.SIGSTOP)
    say(memory, 0, 20 * HOP)
    os.kill(engine.pid, signals.SIGCONT)
    found = made(memory, 20 * HOP)
    assert memory.made.span == (0, 20 * HOP)  # What was not made has its place too.
    assert not found[: 18 * HOP].any()
    np.testing.assert_array_equal(found[-HOP:], signal(19 * HOP, 20 * HOP) / 2)


def test_other_settings_count_from_the_next_hop_and_another_stream_begins_where_it_is(
    started: Started,
) -> None:
    engine, memory = started()
    wait_for(lambda: engine.pace)
    engine.change(LiveSettings(prompt="softer"))
    # The change and the samples come on two ways; what is made of later ones tells when it has arrived.
    said = 0

    def softer() -> bool:
        nonlocal said
        say(memory, said, said + HOP)
        said += HOP
        last = made(memory, said)[-HOP:]
        return bool(np.array_equal(last, signal(said - HOP, said) / 4))

    wait_for(softer)
    engine.begin(LiveSettings(prompt="funk", hop=200.0), None)
    assert engine.pace is None
    wait_for(lambda: engine.pace)
    assert engine.pace and engine.pace.seconds == 0.2
    begin, _ = memory.made.span
    assert begin == said
    say(memory, said, said + 2 * HOP)
    np.testing.assert_array_equal(made(memory, said + 2 * HOP), signal(said, said + 2 * HOP) / 2)


def test_a_stream_that_is_not_wanted_any_more_is_given_up_while_it_loads(started: Started) -> None:
    engine, _ = started(LiveSettings(prompt="loads"))
    wait_for(lambda: engine.step and engine.step.stage == "timing")
    engine.begin(SETTINGS, None)
    wait_for(lambda: engine.pace)


def test_why_a_stream_cannot_begin_is_a_sentence(started: Started) -> None:
    engine, _ = started(LiveSettings(prompt="refuses"))
    assert wait_for(lambda: engine.failed).startswith("No hop is made in time here")
    assert engine.tend() == ""
    engine.begin(SETTINGS, None)  # The process is as good as before.
    wait_for(lambda: engine.pace)
    broken, _ = started(factory="tests.bridge.live.stand_in:NoEngine")
    assert "its library is gone" in wait_for(lambda: broken.failed)


def test_a_death_is_told_and_the_next_one_goes_on_in_the_same_memory(started: Started) -> None:
    engine, memory = started()
    wait_for(lambda: engine.pace)
    assert engine.pid
    os.kill(engine.pid, signals.SIGKILL)
    assert "SIGKILL" in wait_for(engine.tend)
    assert (engine.pace, engine.pid) == (None, None)
    say(memory, 0, 2 * HOP)
    engine.begin(SETTINGS, None)
    wait_for(lambda: engine.pace)
    say(memory, 2 * HOP, 4 * HOP)
    np.testing.assert_array_equal(made(memory, 4 * HOP), signal(2 * HOP, 4 * HOP) / 2)


def test_one_that_hangs_is_ended(started: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.live.engine.STUCK", 0.5)
    engine, memory = started(LiveSettings(prompt="hangs"))
    wait_for(lambda: engine.pace)
    say(memory, 0, HOP)
    assert "no sign of life" in wait_for(engine.tend)


def test_it_says_how_long_hops_take_and_ends_with_its_bridge(started: Started) -> None:
    engine, memory = started()
    wait_for(lambda: engine.pace)
    assert engine.pid
    before, child = engine.compute, psutil.Process(engine.pid)
    assert before == 0.01  # What the stream says itself while none was made.
    say(memory, 0, 4 * HOP)
    wait_for(lambda: engine.compute != before)
    assert 0.0 < engine.compute < 60.0
    assert engine._child
    engine._child.process.stdin.close()  # type: ignore[union-attr]
    wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
    engine.tend()


def test_silence_of_seconds_is_no_reason_to_think_it_dead(started: Started) -> None:
    engine, _ = started()
    wait_for(lambda: engine.pace)
    first = engine._heard
    wait_for(lambda: engine._heard > first)
    first = engine._heard
    wait_for(lambda: engine._heard > first)
    assert engine.tend() == "" and time.monotonic() - engine._heard < 60
