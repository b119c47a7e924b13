"""Laws of what comes in: nothing is out of time, whatever was lost; silence before the first sound is left out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.audio.intake import PRE_ROLL, Intake, Opening
from bridge.audio.ring_buffer import RingBuffer
from bridge.takes.recordings import SILENCE

RATE = 1000


def ramp(start: int, count: int) -> np.ndarray:
    """Frames from `start` on, each its number from 1, in sixteenths."""
    return np.repeat(np.arange(start + 1, start + count + 1, dtype=np.float32)[:, None], 2, 1) / 16


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 20)), max_size=40))
def test_each_frame_is_at_its_place_and_what_was_lost_is_silent(
    steps: list[tuple[bool, int]],
) -> None:
    ring = RingBuffer(16)
    intake = Intake(ring, RATE)
    played = 0
    heard: list[np.ndarray] = []

    def hear() -> None:
        while len(part := intake.hear()):
            heard.append(part)

    for plays, count in steps:
        if plays:
            ring.record(ramp(played, count))
            played += count
        else:
            hear()
    hear()
    hear()
    found = np.concatenate([np.zeros((0, 2), np.float32), *heard])
    assert len(found) == played == intake.position == ring.arrived
    right = found[:, 0] * 16 == np.arange(played) + 1
    assert ((found[:, 0] == 0) | right).all()
    assert intake.lost == (found[:, 0] == 0).sum()


def test_a_ring_that_is_read_in_time_loses_nothing_and_a_long_gap_comes_in_pieces() -> None:
    ring = RingBuffer(16)
    intake = Intake(ring, 100)
    ring.record(ramp(0, 16))
    ring.record(ramp(16, 234))
    assert [len(intake.hear()) for _ in range(5)] == [16, 100, 100, 34, 0]
    assert intake.lost == 234
    ring.record(ramp(250, 8))
    assert intake.hear()[0, 0] * 16 == 251


def test_what_is_no_sound_is_silence() -> None:
    ring = RingBuffer(16)
    intake = Intake(ring, 100)
    ring.record(np.array([[np.nan, 0.5], [np.inf, -np.inf], [1e38, -1.5]], np.float32))
    assert intake.hear().tolist() == [[0.0, 0.5], [0.0, 0.0], [0.0, -1.5]]


def test_what_a_device_loses_itself_is_said() -> None:
    ring = RingBuffer(64)
    ring.record(ramp(0, 8), True)  # As a device begins: nobody recorded yet.
    intake = Intake(ring, 100)
    ring.record(ramp(8, 8), False)
    assert intake.overflowed() == "" == intake.missing()
    ring.record(ramp(16, 8), True)
    ring.record(ramp(24, 8), True)
    assert "lost sound 2 times" in intake.overflowed()
    assert len(intake.hear()) == 24 and intake.missing() == ""


def test_what_was_held_goes_back_a_second_and_begins_where_it_is_asked() -> None:
    ring = RingBuffer(1024)
    intake = Intake(ring, 100)
    for start in range(0, 1000, 50):
        ring.record(ramp(start, 50))
        intake.hold()
    held = intake.since(930)
    assert len(held) == 70 and held[0, 0] * 16 == 931
    assert intake.since(1000).shape == (0, 2)
    ring.record(ramp(1000, 50))
    intake.hold()
    assert len(intake.since(2000)) == 0
    ring.record(ramp(1050, 50))
    intake.hold()
    held = intake.since(1020)
    assert len(held) == 80 and not held[:30].any() and held[30, 0] * 16 == 1051


def parts(samples: np.ndarray, size: int) -> list[np.ndarray]:
    return [samples[start : start + size] for start in range(0, len(samples), size)]


@pytest.mark.parametrize("size", [7, 128, 5000])
@pytest.mark.parametrize("first", [0, 3, 700, 1234])
def test_silence_before_the_first_sound_is_left_out_but_for_its_attack(
    first: int, size: int
) -> None:
    samples = np.full((2000, 2), SILENCE / 2, np.float32)
    samples[first:] = 0.5
    opening = Opening(RATE)
    kept = np.concatenate([opening.add(part) for part in parts(samples, size)])
    assert np.array_equal(kept, samples[max(0, first - round(PRE_ROLL * RATE)) :])


@pytest.mark.parametrize("size", [7, 128, 5000])
@pytest.mark.parametrize(
    ("first", "start"), [(0, 0), (333, 333), (332, 0), (1332, 1000), (1334, 1333), (1999, 1667)]
)
def test_after_a_click_only_whole_beats_are_left_out(first: int, start: int, size: int) -> None:
    samples = np.zeros((2000, 2), np.float32)
    samples[first:] = 0.5
    opening = Opening(RATE, 1 / 3)
    kept = np.concatenate([opening.add(part) for part in parts(samples, size)])
    assert np.array_equal(kept, samples[start:])


def test_an_hour_of_silence_takes_no_memory() -> None:
    opening = Opening(RATE, 0.5)
    for _ in range(3600):
        assert len(opening.add(np.zeros((RATE, 2), np.float32))) == 0
        assert len(opening._held) <= 0.5 * RATE
