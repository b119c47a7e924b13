"""The live path through a real PortAudio and a real JACK: at its place to the bit, whatever is killed meanwhile."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from bridge.audio.intake import Intake
from bridge.audio.live.memory import (
    DELAY,
    DRY,
    DRY_IF_LATE,
    GAIN,
    LATE,
    LATENCY,
    LEAD,
    MONITOR,
    ON,
    WET,
    LiveMemory,
)
from bridge.audio.process import Wish
from bridge.audio.supervisor import AudioSupervisor
from tests.bridge.real_parts import PERIOD, RATE, JackServer, Loop, jack_client, until

pytestmark = pytest.mark.real_parts
HOP = 4096
DELAYED = 1.2
"""Seconds: a machine that is busy with other tests stands still for half of them."""


class Halves:
    """A stand-in for the engine, in a thread: half of what is heard, in hops."""

    def __init__(self, memory: LiveMemory) -> None:
        self._memory = memory
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        heard, made = self._memory.heard, self._memory.made
        heard.clear()
        made.begin(heard.taken)
        waiting = np.zeros((0, 2), np.float32)
        while not self._end.is_set():
            came, lost = heard.take()
            waiting = np.concatenate((waiting, came, np.zeros((lost, 2), np.float32)))
            while len(waiting) >= HOP:
                made.write(np.float32(0.5) * waiting[:HOP])
                waiting = waiting[HOP:]
            time.sleep(0.002)

    def end(self) -> None:
        self._end.set()
        self._thread.join()


@contextmanager
def sounding() -> Iterator[AudioSupervisor]:
    """An audio process with live on."""
    audio = AudioSupervisor(lambda told: None)
    numbers = audio.live.board.numbers
    numbers[[WET, GAIN, MONITOR, DRY_IF_LATE, ON]] = 1.0
    numbers[DELAY], numbers[LEAD] = DELAYED, 0.5
    audio.want("output", Wish(True, "JACK: system"))
    audio.want("input", Wish(True, "JACK: system"), "live")
    audio.start()
    try:
        until(lambda: audio.told.output and audio.told.input, what="the devices")
        yield audio
    finally:
        audio.close()


@contextmanager
def live(seconds: float) -> Iterator[tuple[AudioSupervisor, Loop]]:
    """The same, and a loop through it."""
    with sounding() as audio, jack_client("loop") as client:
        loop = Loop(client, seconds)
        loop.join()
        yield audio, loop


def right(loop: Loop, late: int, start: int, stop: int, gain: float = 0.5) -> np.ndarray:
    """Which frames that were heard are what was played so much earlier."""
    wanted = np.float32(gain) * loop.sound[start - late : stop - late]
    return np.all(loop.heard[start:stop] == wanted, axis=1)


def playing(audio: AudioSupervisor, loop: Loop) -> int:
    """Waits for the music; gives a frame of the loop from which on it is all there."""
    numbers = audio.live.board.numbers
    until(lambda: numbers[LATENCY] > 0 and not numbers[DRY], what="the music")
    return loop.at + 2 * round(DELAYED * RATE)


def test_every_sample_comes_back_as_late_as_the_board_says_to_the_bit(jack: JackServer) -> None:
    with live(60.0) as (audio, loop):
        engine = Halves(audio.live)
        begun = playing(audio, loop)
        loop.until(begun + 20 * RATE)
        engine.end()
        numbers = audio.live.board.numbers
        assert numbers[LATENCY] == round(DELAYED * RATE)
        late = round(numbers[LATENCY]) + PERIOD  # JACK adds a period to every loop.
    wrong = np.flatnonzero(~right(loop, late, begun, begun + 20 * RATE))
    assert len(wrong) == 0, f"{len(wrong)} frames from {begun + wrong[0]} on, late {numbers[LATE]}"
    assert numbers[LATE] == 0


@pytest.mark.parametrize("fate", [signal.SIGKILL, signal.SIGSTOP])
def test_an_audio_process_that_ends_or_stands_goes_on_at_the_same_place(
    jack: JackServer, fate: signal.Signals
) -> None:
    with live(60.0) as (audio, loop):
        engine = Halves(audio.live)
        numbers = audio.live.board.numbers
        until(lambda: numbers[LATENCY] > 0 and not numbers[DRY], what="the music")
        before = audio.pid
        assert before
        os.kill(before, fate)
        until(lambda: audio.pid not in (None, before), what="another process")
        until(lambda: audio.told.output and audio.told.input, what="the devices")
        loop.join()
        numbers[[LATENCY, DRY]] = 0.0
        begun = playing(audio, loop)
        loop.until(begun + 3 * RATE)
        late = round(numbers[LATENCY]) + PERIOD
        engine.end()
    assert late == round(DELAYED * RATE) + PERIOD
    assert right(loop, late, begun, begun + 3 * RATE).all()


def test_devices_that_vanish_come_back_at_the_same_place(jack: JackServer) -> None:
    with sounding() as audio:
        numbers = audio.live.board.numbers
        until(lambda: numbers[LATENCY] > 0, what="its place in time")
        jack.kill()
        until(lambda: not audio.told.output and not audio.told.input, what="the devices to go")
        numbers[LATENCY] = 0.0
        jack.start()
        until(lambda: audio.told.output and audio.told.input, what="the devices")
        with jack_client("loop") as client:
            loop = Loop(client, 40.0)
            loop.join()
            engine = Halves(audio.live)
            begun = playing(audio, loop)
            loop.until(begun + 3 * RATE)
            late = round(numbers[LATENCY]) + PERIOD
            engine.end()
    assert late == round(DELAYED * RATE) + PERIOD
    assert right(loop, late, begun, begun + 3 * RATE).all()


def test_what_is_recorded_beside_it_is_whole_and_live_has_no_gap(jack: JackServer) -> None:
    with live(30.0) as (audio, loop):
        engine = Halves(audio.live)
        numbers = audio.live.board.numbers
        loop.until(begun := playing(audio, loop))
        number = audio.want("input", Wish(True))
        until(lambda: audio.told.number >= number, what="the input")
        assert audio.told.input
        intake, parts = Intake(audio.input, RATE), list[np.ndarray]()
        while sum(map(len, parts)) < 2 * RATE:
            parts.append(intake.hear())
            time.sleep(0.01)
        audio.want("input", Wish())
        loop.until(loop.at + 2 * RATE)
        late, stop = round(numbers[LATENCY]) + PERIOD, loop.at - RATE // 2
        engine.end()
    recorded = np.concatenate(parts)
    starts = np.flatnonzero(loop.sound[:, 0] == recorded[0, 0])
    assert any(np.array_equal(loop.sound[at:][: len(recorded)], recorded) for at in starts)
    assert right(loop, late, begun, stop).all() and numbers[LATE] == 0


def test_an_engine_that_ends_leaves_the_input_after_a_fade(jack: JackServer) -> None:
    with live(30.0) as (audio, loop):
        numbers = audio.live.board.numbers
        loop.sound[:, :] = 0.25  # Nothing that moves by itself hides a step.
        engine = Halves(audio.live)
        until(lambda: numbers[LATENCY] > 0 and not numbers[DRY], what="the music")
        loop.until(loop.at + RATE)
        engine.end()
        ended = loop.at
        until(lambda: numbers[DRY], what="the news")
        loop.until(ended + 3 * RATE)
        assert numbers[LATE] == 1
        heard = loop.heard[ended : loop.at - RATE // 2]
    assert np.all(heard[-RATE // 2 :] == np.float32(0.25))
    assert (heard[:1000] == np.float32(0.125)).all()
    assert np.abs(np.diff(heard, axis=0)).max() < 0.002


def test_devices_of_another_rate_are_as_late_as_the_board_says(jack: JackServer) -> None:
    jack.rate = 48_000
    jack.kill()
    try:
        jack.start()
        with live(60.0) as (audio, loop):
            for side in (0, 1):
                loop.sound[:, side] = np.convolve(loop.sound[:, side], np.hanning(16) / 8, "same")
            engine = Halves(audio.live)
            begun = playing(audio, loop)
            loop.until(begun + 7 * 48_000)
            engine.end()
            late = audio.live.board.numbers[LATENCY] + PERIOD
    finally:
        jack.rate = RATE
        jack.kill()
    assert late == pytest.approx(DELAYED * 48_000 + PERIOD, abs=2)
    whole, part = divmod(late, 1.0)
    for start in (begun, begun + 3 * 48_000, begun + 6 * 48_000):
        heard = loop.heard[start : start + 20_000]
        a = loop.sound[start - int(whole) :][:20_000]
        b = loop.sound[start - int(whole) - 1 :][:20_000]
        assert np.abs(heard - 0.5 * ((1 - part) * a + part * b)).max() < 0.02
