"""Laws of the feeder's lead: as long as it is set, and never so long that a ring has no room for it."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.audio.feeder import AHEAD, AHEAD_LOW, BLOCK, Feeder
from bridge.audio.ring_buffer import RingBuffer
from bridge.audio.sources import GrowingSource
from bridge.audio.voices import Voice
from bridge.ports import StreamFormat
from engine.updates import AudioBlock

RATE = 44_100


def fed(ahead: float, passed: int) -> tuple[Feeder, RingBuffer]:
    """A feeder that fed a voice after so many frames between its two looks at the device."""
    ring = RingBuffer()
    feeder = Feeder(ring, lambda: None)
    feeder.set_rate(RATE)
    feeder.ahead = ahead
    source = GrowingSource(StreamFormat("j", RATE, 2, 10 * RATE))
    source.append(AudioBlock(0, np.ones((2, 10 * RATE), np.float32)))
    feeder.voices.append(Voice(source, RATE))
    for time in (1.0, 2.0):
        ring.mark(passed, 0, time)
        feeder._look()
    feeder._feed()
    return feeder, ring


@pytest.mark.parametrize("ahead", [AHEAD, AHEAD_LOW])
def test_the_lead_is_as_it_is_set(ahead: float) -> None:
    _, ring = fed(ahead, 512)
    assert ahead * RATE <= ring.fill < ahead * RATE + BLOCK


@pytest.mark.parametrize("ahead", [AHEAD, AHEAD_LOW])
def test_a_device_that_ran_far_between_two_looks_is_fed_no_more_than_is_safe(ahead: float) -> None:
    _, ring = fed(ahead, 10**6)
    assert ring.fill < AHEAD * RATE + BLOCK


def test_a_short_lead_has_room_for_a_long_period() -> None:
    _, ring = fed(AHEAD_LOW, 4096)
    assert ring.fill >= 4096
