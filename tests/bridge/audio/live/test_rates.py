"""Laws of other rates: content keeps its time whatever the pieces, tones their pitch, clocks are followed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.audio.live.rates import MOST, Converter, Interpolator, Servo

RATES = (44_100, 48_000, 88_200, 96_000, 192_000, 32_000, 22_050)


def tone(hertz: float, times: np.ndarray) -> np.ndarray:
    both = np.stack([np.sin(2 * np.pi * hertz * times), np.cos(2 * np.pi * hertz * times)], axis=1)
    return (0.5 * both).astype(np.float32)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("both_ways", [False, True])
def test_each_frame_lies_at_its_time(rate: int, both_ways: bool) -> None:
    a, b = (44_100, rate) if both_ways else (rate, 44_100)
    hertz = 0.4 * min(a, b)
    given_ = tone(hertz, np.arange(a // 4) / a)
    converter = Converter(a, b)
    made = np.concatenate(
        [converter.push(given_[at : at + 251]) for at in range(0, len(given_), 251)]
    )
    wanted = tone(hertz, np.arange(len(made)) / b)
    assert np.abs(made - wanted)[200:].max() < 3e-4
    missing = 0.25 * b - len(made)
    assert -1 <= missing - converter.late * b <= 2
    if a == b:
        assert np.array_equal(made, given_) and converter.late == 0.0


@pytest.mark.parametrize(("rate", "to"), [(96_000, 44_100), (48_000, 44_100), (192_000, 44_100)])
def test_what_the_lower_rate_cannot_hold_is_left_out(rate: int, to: int) -> None:
    made = Converter(rate, to).push(tone(to - 20_000.0, np.arange(rate // 4) / rate))
    assert np.abs(made[200:]).max() < 1e-4


@given(
    st.sampled_from(RATES), st.lists(st.integers(0, 900), min_size=1, max_size=12), st.booleans()
)
@settings(deadline=None, max_examples=40)
def test_pieces_make_no_difference(rate: int, pieces: list[int], both_ways: bool) -> None:
    a, b = (44_100, rate) if both_ways else (rate, 44_100)
    noise = np.random.default_rng(1).uniform(-1, 1, (sum(pieces), 2)).astype(np.float32)
    whole, cut, at, made = Converter(a, b), Converter(a, b), 0, [np.zeros((0, 2), np.float32)]
    for count in pieces:
        made.append(cut.push(noise[at : at + count]))
        at += count
    assert np.allclose(np.concatenate(made), whole.push(noise), atol=1e-6)


def bridged(ppm: float, seconds: float, jitter: float = 0.0) -> tuple[Servo, np.ndarray]:
    """A reader that follows a writer whose clock is so much faster, and how far it was behind at each look."""
    servo, rng, turn = Servo(), np.random.default_rng(2), 0.02
    behind, seen = 0.0, []
    for _ in range(round(seconds / turn)):
        servo.follow(behind + jitter * rng.standard_normal(), turn)
        behind += turn * (ppm * 1e-6 - servo.speed)
        seen.append(behind)
    return servo, np.array(seen)


@pytest.mark.parametrize("ppm", [-200.0, 200.0, 5.0, 1000.0])
def test_two_clocks_are_bridged_for_hours_with_a_bounded_buffer(ppm: float) -> None:
    servo, behind = bridged(ppm, 2 * 3600.0, jitter=5e-5)
    assert np.abs(behind).max() < 1e-5 * abs(ppm) + 1e-3  # 3 ms for the clocks of 200 ppm.
    assert np.abs(behind[6000:]).max() < 2e-4
    assert servo.drift * 1e6 == pytest.approx(ppm, abs=5.0)


def test_a_clock_that_makes_no_sense_is_followed_no_further_than_that() -> None:
    servo = Servo()
    for _ in range(1000):
        servo.follow(10.0, 0.02)
    assert servo.speed == MOST == servo.drift


@pytest.mark.parametrize("ppm", [-200.0, 200.0])
def test_a_tone_through_two_clocks_keeps_its_pitch_and_has_no_click(ppm: float) -> None:
    rate, turn = 44_100, 441
    interpolator, servo = Interpolator(rate, rate), Servo()
    half = interpolator.half
    sound = tone(1000.0, np.arange(round(31 * rate)) / rate)
    place, given_, made = float(half), 0.02 * rate + half, []
    for _ in range(3000):
        servo.follow((given_ - 0.02 * rate - place) / rate, turn / rate)
        places = place + np.arange(turn + 1) * (1.0 + servo.speed)
        place = float(places[-1])
        whole = places[:-1].astype(np.int64)
        made.append(interpolator.at(sound, whole, places[:-1] - whole))
        given_ += turn * (1.0 + ppm * 1e-6)
        assert abs(given_ - 0.02 * rate - place) < 0.002 * rate
    heard = np.concatenate(made).astype(np.float64)
    late = heard[-10 * rate :]
    phase = np.unwrap(np.arctan2(late[:, 0], late[:, 1]))
    hertz = np.polyfit(np.arange(len(late)) / rate, phase, 1)[0] / (2 * np.pi)
    assert abs(1200 * np.log2(hertz / (1000.0 * (1 + ppm * 1e-6)))) < 0.1  # Cents.
    phase = np.unwrap(np.arctan2(heard[:, 0], heard[:, 1]))
    moving = np.diff(phase) * rate / (2 * np.pi)
    assert np.abs(1200 * np.log2(moving / 1000.0)).max() < 1.0
    assert np.abs(np.diff(heard, axis=0)).max() < 1.001 * np.pi * 1000 / rate
