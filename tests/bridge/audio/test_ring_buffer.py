"""Laws of the ring: what goes in comes out, once and in order, also between processes; what is missing is silence."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.connection import Connection

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.audio.ring_buffer import CALLS, LOST, MARKS, SILENT, UNDERRUNS, Moment, RingBuffer
from bridge.shared_file import SharedFile


@pytest.fixture
def ring() -> RingBuffer:
    return RingBuffer(16)


def ramp(start: int, count: int) -> np.ndarray:
    return np.repeat(np.arange(start, start + count, dtype=np.float32)[:, None], 2, axis=1)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20)), max_size=40))
def test_frames_come_out_once_and_in_order_across_every_wrap(steps: list[tuple[bool, int]]) -> None:
    ring = RingBuffer(16)
    sent = heard = 0
    for writes, count in steps:
        if writes:
            took = ring.write(ramp(sent, count))
            assert took == min(count, 16 - (sent - heard))
            sent += took
        else:
            out = np.full((count, 2), np.nan, np.float32)
            got = ring.read_into(out)
            assert got == min(count, sent - heard)
            assert np.array_equal(out[:got], ramp(heard, got))
            assert not out[got:].any()
            heard += got
        assert ring.fill == sent - heard and ring.free == 16 - ring.fill


def test_missing_frames_are_silence_and_counted_only_when_sound_was_meant(ring: RingBuffer) -> None:
    out = np.ones((8, 2), np.float32)
    ring.read_into(out)
    assert not out.any() and ring.counter(UNDERRUNS) == 0
    ring.expect(True)
    ring.write(ramp(1, 3))
    ring.read_into(out)
    assert ring.counter(UNDERRUNS) == 1 and ring.counter(SILENT) == 5
    assert ring.counter(CALLS) == 2


def test_a_cleared_ring_goes_on_in_order(ring: RingBuffer) -> None:
    ring.write(ramp(0, 10))
    ring.clear()
    ring.write(ramp(50, 4))
    frames, lost = ring.take()
    assert np.array_equal(frames, ramp(50, 4)) and lost == 0


def test_what_a_full_ring_loses_is_counted_and_lies_behind_what_waits(ring: RingBuffer) -> None:
    ring.record(ramp(0, 10))
    ring.record(ramp(10, 10))
    ring.record(ramp(20, 10))
    assert (ring.arrived, ring.counter(LOST), ring.counter(CALLS)) == (30, 14, 3)
    frames, lost = ring.take()
    assert np.array_equal(frames, ramp(0, 16)) and lost == 14
    assert ring.taken == ring.arrived == 30
    ring.record(ramp(30, 4))
    frames, lost = ring.take()
    assert np.array_equal(frames, ramp(30, 4)) and lost == 0


def test_a_device_tells_where_it_is_and_a_torn_message_is_none(ring: RingBuffer) -> None:
    assert ring.moment() is None
    ring.mark(512, 300, 5.25)
    ring.mark(512, 812, 5.5)
    assert ring.moment() == Moment(1024, 812, 5.5)
    assert RingBuffer(16, ring.file).moment() == Moment(1024, 812, 5.5)
    ring._header[MARKS] += 1  # The device is about to say something else.
    assert ring.moment() is None
    ring.mark(512, 1324, 5.75)  # It was killed as it spoke; another process goes on.
    assert ring.moment() == Moment(1536, 1324, 5.75)


def test_a_capacity_is_a_power_of_two() -> None:
    with pytest.raises(ValueError, match="power of two"):
        RingBuffer(100)


def reader(file: SharedFile, capacity: int, frames: int, answer: Connection) -> None:
    ring = RingBuffer(capacity, file)
    ring_ok, heard = True, 0
    out = np.zeros((64, 2), np.float32)
    while heard < frames:
        got = ring.read_into(out)
        ring_ok &= bool(np.array_equal(out[:got, 0], np.arange(heard, heard + got) % 65_536))
        heard += got
        if not got:
            time.sleep(0.0005)
    answer.send((ring_ok, heard))


def test_another_process_hears_every_frame() -> None:
    frames, capacity = 100_000, 1024
    ring = RingBuffer(capacity)
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=reader, args=(ring.file, capacity, frames, there), daemon=True)
    process.start()
    sent = 0
    while sent < frames:
        block = (np.arange(sent, min(sent + 300, frames)) % 65_536).astype(np.float32)
        took = ring.write(np.repeat(block[:, None], 2, axis=1))
        sent += took
        if not took:
            time.sleep(0.0005)  # Leaves the processor to the reader.
    assert here.poll(60)
    assert here.recv() == (True, frames)
    process.join(60)
