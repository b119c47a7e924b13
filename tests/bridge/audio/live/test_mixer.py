"""Laws of the mix: music at its place to the bit, the input where it is missing, and never a step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.audio.live.freeze import FADE as SEAM
from bridge.audio.live.freeze import Freeze
from bridge.audio.live.history import History
from bridge.audio.live.memory import Made
from bridge.audio.live.mixer import EASE, FADE, MOVE, Mix, Mixer

N = 1 << 16
SLOPE = 0.5 * 2 * np.pi * 300 / 44_100
"""The most that one of the sounds moves in a sample."""


def sine(hertz: float, count: int = N) -> np.ndarray:
    wave = 0.5 * np.sin(2 * np.pi * hertz * np.arange(count) / 44_100 + hertz)
    return np.stack([wave, -wave], axis=1).astype(np.float32)


INPUT, MUSIC = sine(210.0), sine(300.0)


class Bench:
    """A mixer whose input has all come, and what it gave."""

    def __init__(self, input: np.ndarray = INPUT) -> None:
        self.made, history = Made(4 * N), History(N)
        history.write(input)
        self.mixer = Mixer(self.made, history, Freeze(1 << 15))
        self.heard: list[np.ndarray] = []
        self.left: list[np.ndarray] = []

    def mix(self, count: int, mix: Mix, piece: int = 200) -> None:
        while count > 0:
            heard, left = self.mixer.mix(min(piece, count), mix)
            self.heard.append(heard)
            self.left.append(left)
            count -= piece

    @property
    def sound(self) -> np.ndarray:
        return np.concatenate(self.heard)


def steps(sound: np.ndarray) -> float:
    return float(np.abs(np.diff(sound, axis=0, prepend=0.0)).max())


def test_music_that_is_there_is_heard_to_the_bit_at_its_place() -> None:
    bench = Bench()
    bench.made.write(MUSIC[:30_000])
    bench.mix(20_000, Mix(shift=5000))
    assert not bench.sound[:5000].any()
    after = 5000 + max(FADE, EASE)
    assert np.array_equal(bench.sound[after:], MUSIC[after - 5000 : 15_000])
    assert bench.mixer.late == 0 and bench.mixer.made


@pytest.mark.parametrize("wet", [0.0, 0.25])
def test_the_input_lines_up_with_the_music(wet: float) -> None:
    bench = Bench()
    bench.made.write(MUSIC[:30_000])
    bench.mix(20_000, Mix(shift=5000, wet=wet))
    wanted = (1 - wet) * INPUT + wet * MUSIC
    assert np.allclose(bench.sound[7000:], wanted[2000:15_000], atol=1e-6)


@pytest.mark.parametrize("dry", [True, False])
def test_where_music_is_late_the_input_is_heard_or_silence_and_a_gap_counts_once(dry: bool) -> None:
    bench, mix = Bench(), Mix(shift=5000, dry_if_late=dry)
    bench.made.write(MUSIC[:4000])
    bench.mix(11_000, mix)  # Due until 6000.
    bench.made.write(MUSIC[4000:5000])  # Late altogether: the same gap.
    bench.mix(2000, mix)
    assert (bench.mixer.late, bench.mixer.made) == (1, False)
    bench.made.write(MUSIC[5000:12_000])
    bench.mix(4000, mix)
    assert (bench.mixer.late, bench.mixer.made) == (1, True)
    bench.mix(6000, mix)
    assert bench.mixer.late == 2
    sound, filling = bench.sound, INPUT if dry else np.zeros_like(INPUT)
    assert np.array_equal(sound[6500 : 9000 - FADE], MUSIC[1500 : 4000 - FADE])
    assert np.allclose(sound[9000:13_000], filling[4000:8000], atol=1e-6)
    assert np.array_equal(sound[13_000 + FADE : 17_000 - FADE], MUSIC[8000 + FADE : 12_000 - FADE])
    assert np.allclose(sound[17_000:], filling[12_000 : len(sound) - 5000], atol=1e-6)
    assert steps(sound) < 2 * SLOPE + 1.0 / FADE


@given(
    st.lists(
        st.tuples(st.integers(1, 900), st.integers(0, 1500), st.sampled_from("w....gd")),
        min_size=5,
        max_size=40,
    ),
    st.integers(1, 700),
)
@settings(deadline=None)
def test_no_step_whatever_comes_when_and_whatever_is_set(
    turns: list[tuple[int, int, str]], shift: int
) -> None:
    bench, mix, written = Bench(), Mix(shift=shift), 0
    for count, comes, what in turns:
        bench.made.write(MUSIC[written : written + comes])
        written += comes
        if what == "w":
            mix = replace(mix, wet=1.0 - mix.wet, dry_if_late=not mix.dry_if_late)
        elif what == "d":
            mix = replace(mix, shift=(mix.shift or 0) + 137, monitored=not mix.monitored)
        elif what == "g":  # The engine is killed, and begins again.
            written = max(0, bench.mixer.position - shift + comes)
            bench.made.begin(written)
        bench.mix(count, mix, piece=count)
    assert steps(bench.sound) < 2 * SLOPE + 1.0 / FADE + 1.0 / EASE
    assert steps(np.concatenate(bench.left)) < 2 * SLOPE + 1.0 / FADE + 2.0 / EASE


def test_another_place_in_time_is_faded_to() -> None:
    bench = Bench()
    bench.made.write(MUSIC)
    bench.mix(8000, Mix(shift=1000))
    bench.mix(8000, Mix(shift=3000))
    assert np.array_equal(bench.sound[4000:8000], MUSIC[3000:7000])
    assert np.array_equal(bench.sound[8000 + MOVE :], MUSIC[5000 + MOVE : 13_000])
    assert steps(bench.sound) < 2 * SLOPE + 1.0 / EASE


def test_a_loop_is_exact_in_length_and_in_phase_and_left_as_if_nothing_was() -> None:
    bench, length = Bench(), 5003
    bench.made.write(MUSIC)
    live, frozen = Mix(shift=0), Mix(shift=0, frozen=length)
    bench.mix(11_000, live)
    bench.mix(22_000, frozen)
    bench.mix(5000, live)
    sound = bench.sound
    loop = sound[11_000 - length : 11_000]
    for turn in range(4):
        again = sound[11_000 + turn * length :][:length]
        start = SEAM if turn == 0 else 0
        assert np.array_equal(again[start:-SEAM], loop[start:-SEAM])
    assert np.array_equal(sound[33_000 + SEAM :], MUSIC[33_000 + SEAM : len(sound)])
    assert steps(sound) < 2 * SLOPE + 1.0 / EASE
    assert not bench.mixer.frozen


def test_a_loop_is_turned_shorter_while_it_sounds() -> None:
    bench = Bench()
    bench.made.write(MUSIC)
    bench.mix(12_000, Mix(shift=0))
    bench.mix(9000, Mix(shift=0, frozen=6000))
    bench.mix(9000, Mix(shift=0, frozen=1500))
    late = bench.sound[-4000:]
    assert np.array_equal(late[1500:], late[:-1500])
    assert steps(bench.sound) < 2 * SLOPE + 1.0 / EASE


def test_a_muted_monitor_is_heard_by_who_records() -> None:
    bench = Bench()
    bench.made.write(MUSIC)
    bench.mix(3000, Mix(shift=0))
    bench.mix(3000, Mix(shift=0, monitored=False))
    left = np.concatenate(bench.left)
    assert np.array_equal(left[MOVE:3000], MUSIC[MOVE:3000])
    assert not left[3000 + EASE :].any()
    assert np.array_equal(bench.sound[MOVE:], MUSIC[MOVE:6000])


def test_what_is_no_sound_is_silence() -> None:
    bench = Bench()
    music = MUSIC.copy()
    music[2000], music[2001], music[2002] = np.nan, np.inf, 1e9
    bench.made.write(music)
    bench.mix(4000, Mix(shift=0))
    music[2000:2003] = 0.0
    assert np.array_equal(bench.sound[MOVE:], music[MOVE:4000])
