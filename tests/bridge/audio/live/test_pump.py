"""Laws of the pump between devices of simulated time: each sample at its place, whatever rates, clocks and stalls."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bridge.audio.live.memory import (
    DELAY,
    DRIFT,
    DRY,
    FEEDBACK,
    LATE,
    LATENCY,
    MOMENT,
    NEEDS,
    ON,
    RECORD,
)
from tests.bridge.audio.live.devices import Device, World
from tests.bridge.audio.live.rooms import drums, impulse


def noise(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (count, 2)).astype(np.float32)


def tone(count: int, rate: float, hertz: float = 300.0) -> np.ndarray:
    wave = 0.5 * np.sin(2 * np.pi * hertz * np.arange(count) / rate)
    return np.stack([wave, wave], axis=1).astype(np.float32)


def lag(out: np.ndarray, sound: np.ndarray, at: int, near: float) -> float:
    """By how many frames a piece of what came out lies behind the same of what came in, near to so many."""
    begin = at - round(near) - 500
    piece, before = (
        out[at : at + 4096, 0].astype(float),
        sound[begin : begin + 5096, 0].astype(float),
    )
    alike = np.correlate(before, piece, "valid")
    best = int(alike.argmax())
    a, b, c = alike[best - 1 : best + 2]
    return at - begin - best - 0.5 * (a - c) / (a - 2 * b + c)


@pytest.mark.parametrize("block", [64, 512, 1024])
@pytest.mark.parametrize("phase", [0.0, 0.00007])
def test_with_one_clock_every_sample_is_at_its_place_to_the_bit(block: int, phase: float) -> None:
    sound = noise(44_100 * 8)
    world = World(Device(44_100, block, jitter=1e-4), Device(44_100, block, phase=phase), sound)
    world.run(8.0)
    late = round(world.memory.board.numbers[LATENCY])
    assert late == round(0.2 * 44_100)
    out = world.out
    assert np.array_equal(out[44_100:], 0.5 * sound[44_100 - late : len(out) - late])
    assert world.memory.board.numbers[LATE] == 0
    assert math.isnan(world.memory.board.numbers[DRIFT])
    assert world.memory.board.numbers[NEEDS] < 0.06


@pytest.mark.parametrize(
    ("rate_in", "rate_out"), [(48_000, 48_000), (96_000, 96_000), (22_050, 22_050)]
)
def test_at_other_rates_it_is_as_late_as_the_board_says(rate_in: int, rate_out: int) -> None:
    sound = np.repeat(np.cumsum(noise(rate_in * 4), axis=0)[:, :1], 2, axis=1)
    sound = (sound - np.convolve(sound[:, 0], np.ones(64) / 64, "same")[:, None]).astype(np.float32)
    world = World(Device(rate_in, 512, jitter=1e-4), Device(rate_out, 512), 0.2 * sound)
    world.run(4.0)
    said = world.memory.board.numbers[LATENCY]
    assert said == pytest.approx(0.2 * rate_out, abs=2.0)
    for at in (rate_out, 2 * rate_out, 3 * rate_out):
        assert lag(world.out, sound, at, said) == pytest.approx(said, abs=0.05)


@pytest.mark.parametrize("ppm", [-150.0, 150.0])
def test_two_clocks_are_bridged_and_their_drift_is_told(ppm: float) -> None:
    rate = 44_100
    sound = tone(rate * 60, rate)
    world = World(
        Device(rate, 441, "mic", "ALSA", jitter=1e-4, phase=0.002),
        Device(48_000, 512, "speaker", "ALSA", ppm=ppm, jitter=1e-4),
        sound,
    )
    world.run(60.0)
    numbers = world.memory.board.numbers
    assert numbers[DRIFT] == pytest.approx(ppm, abs=10.0)
    assert numbers[LATENCY] == pytest.approx(0.2 * 48_000, abs=24)  # Half a millisecond.
    out = world.out[48_000:]
    assert np.abs(np.diff(out, axis=0)).max() < 1.05 * 0.25 * 2 * np.pi * 300 / 48_000
    assert np.abs(out).max() == pytest.approx(0.25, abs=1e-3)
    assert numbers[LATE] == 0


def test_a_stalled_pump_is_a_fade_and_what_follows_is_in_time() -> None:
    sound = tone(44_100 * 4, 44_100)
    world = World(Device(44_100, 256), Device(44_100, 256), sound, stall=(2.0, 2.2))
    world.run(4.0)
    out = world.out
    steps = np.abs(np.diff(out, axis=0))
    assert steps.max() < 2 * 0.5 * 2 * np.pi * 300 / 44_100
    assert world.memory.board.numbers[LATE] == 1
    late = round(world.memory.board.numbers[LATENCY])
    assert not out[round(2.1 * 44_100) :][:1000].any()
    after = round(2.4 * 44_100)
    assert np.array_equal(out[after:], 0.5 * sound[after - late : len(out) - late])


def test_without_an_engine_the_input_is_heard_in_its_time() -> None:
    sound = noise(44_100 * 3)
    world = World(Device(44_100, 256), Device(44_100, 256), sound, engine=None)
    world.run(3.0)
    assert (world.memory.board.numbers[DRY], world.memory.board.numbers[LATE]) == (1.0, 0.0)
    late = round(world.memory.board.numbers[LATENCY])
    out = world.out[44_100:]
    assert np.array_equal(out, sound[44_100 - late :][: len(out)])


def test_an_engine_that_ends_is_late_once_and_then_dry() -> None:
    sound = tone(44_100 * 5, 44_100)
    world = World(Device(44_100, 256), Device(44_100, 256), sound)
    world.run(2.0)
    assert world.memory.board.numbers[DRY] == 0.0
    world.engine = None
    world.run(2.9)
    assert (world.memory.board.numbers[DRY], world.memory.board.numbers[LATE]) == (1.0, 1.0)
    assert np.abs(np.diff(world.out, axis=0)).max() < 2 * 0.5 * 2 * np.pi * 300 / 44_100
    late = round(world.memory.board.numbers[LATENCY])
    after = 3 * 44_100
    assert np.array_equal(world.out[after:], sound[after - late : len(world.out) - late])


def test_a_killed_process_is_replaced_and_goes_on_in_time() -> None:
    sound = tone(44_100 * 6, 44_100)
    world = World(Device(44_100, 256), Device(44_100, 256), sound)
    world.run(2.0)
    world.memory.board.numbers[LATE] = 3.0
    world.restart()
    world.run(3.0)
    late = round(world.memory.board.numbers[LATENCY])
    after = 4 * 44_100
    assert np.array_equal(world.out[after:], 0.5 * sound[after - late : len(world.out) - late])
    assert world.memory.board.numbers[LATE] >= 3.0


def test_an_input_that_goes_away_is_silence_and_comes_back_in_time() -> None:
    sound = tone(44_100 * 8, 44_100)
    input = Device(44_100, 256)
    world = World(input, Device(44_100, 256), sound)
    world.run(2.0)
    world.pump.meet("input", None)
    record, world.memory.input.record = world.memory.input.record, lambda *_: None  # type: ignore[method-assign]
    world.run(1.5)
    assert not world.out[-20_000:].any()
    world.memory.input.record = record  # type: ignore[method-assign]
    input.__post_init__()
    world.pump.meet("input", input.stream)
    world.run(3.0)
    late = round(world.memory.board.numbers[LATENCY])
    out = world.out
    assert np.array_equal(out[-60_000:], 0.5 * sound[len(out) - late - 60_000 : len(out) - late])
    assert np.abs(np.diff(out, axis=0)).max() < 2 * 0.5 * 2 * np.pi * 300 / 44_100


def test_an_output_that_goes_away_leaves_the_engine_its_input() -> None:
    world = World(Device(44_100, 256), Device(44_100, 256), tone(44_100 * 8, 44_100))
    world.run(2.0)
    world.pump.meet("output", None)
    before, columns = world.memory.heard.arrived, world.memory.board.numbers[MOMENT]
    world.run(1.0)
    assert world.memory.heard.arrived - before > 43_000
    assert world.memory.board.numbers[MOMENT] - columns >= 49
    world.output.__post_init__()
    world.pump.meet("output", world.output.stream)
    world.run(3.0)
    late = round(world.memory.board.numbers[LATENCY])
    out, sound = world.out, world.sound
    assert np.array_equal(out[-60_000:], 0.5 * sound[len(out) - late - 60_000 : len(out) - late])


def test_another_delay_is_another_place_and_off_is_a_fade_and_cheap() -> None:
    sound = tone(44_100 * 8, 44_100)
    world = World(Device(44_100, 256), Device(44_100, 256), sound)
    numbers = world.memory.board.numbers
    world.run(2.0)
    numbers[DELAY] = 0.5
    world.run(2.0)
    assert numbers[LATENCY] == 22_050
    out = world.out
    assert np.array_equal(out[-40_000:], 0.5 * sound[len(out) - 62_050 : len(out) - 22_050])
    numbers[ON] = 0.0
    world.run(1.0)
    out = world.out
    assert np.abs(np.diff(out, axis=0)).max() < 2 * 0.5 * 2 * np.pi * 300 / 44_100
    assert not out[-20_000:].any() and not world.pump.busy
    assert world.memory.input.fill < 2000
    numbers[[LATE, FEEDBACK]] = 5.0, 1.0
    numbers[ON] = 1.0
    world.run(1.0)
    assert (numbers[LATE], numbers[FEEDBACK]) == (0.0, 0.0)
    assert world.out[-4000:].any()


def test_what_is_heard_is_recorded_as_it_is_heard() -> None:
    sound = tone(44_100 * 4, 44_100)
    world = World(Device(44_100, 256), Device(44_100, 256), sound)
    world.run(2.0)
    world.memory.board.numbers[RECORD] = 1.0
    world.run(1.0)
    world.memory.board.numbers[RECORD] = 0.0
    world.run(0.5)
    taken, lost = world.memory.taken.take()
    assert not lost and len(taken) == pytest.approx(44_100, abs=300)
    out = world.out
    starts = [at for at in range(88_000, 92_000) if np.array_equal(out[at : at + 500], taken[:500])]
    assert any(np.array_equal(out[at : at + len(taken)], taken) for at in starts)


def test_the_board_tells_which_sample_passes_the_plug_when() -> None:
    world = World(Device(48_000, 480), Device(48_000, 480), noise(48_000 * 2))
    world.run(2.0)
    told = world.memory.board.plug()
    assert told is not None
    position, when = told
    assert when == pytest.approx(
        position / 44_100 + 0.01 - 0.003, abs=2e-4
    )  # The first block was not heard.


class Drummer:
    """An engine that plays drums of its own as loud as it hears something."""

    def __init__(self) -> None:
        self._at, self._drums = 0, 0.5 * drums(9, 20.0)

    def __call__(self, heard: np.ndarray) -> np.ndarray:
        self._at += len(heard)
        return np.repeat(self._drums[self._at - len(heard) : self._at, None], 2, axis=1).astype(
            np.float32
        )


@pytest.mark.parametrize("open_air", [True, False])
def test_our_own_sound_in_the_microphone_silences_us_until_live_is_turned_on_anew(
    open_air: bool,
) -> None:
    sound = np.repeat(drums(1, 10.0)[:, None], 2, axis=1).astype(np.float32) * 0.3
    air = impulse(0.02, 0.0) if open_air else None
    world = World(Device(44_100, 512), Device(44_100, 512), sound, engine=Drummer(), air=air)
    numbers = world.memory.board.numbers
    world.run(7.0)
    assert numbers[FEEDBACK] == float(open_air)
    assert bool(world.out[-20_000:].any()) != open_air
    numbers[ON] = 0.0
    world.run(0.2)
    world.air = None
    numbers[ON] = 1.0
    world.run(1.5)
    assert numbers[FEEDBACK] == 0.0 and world.out[-20_000:].any()
