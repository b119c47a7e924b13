"""Laws of the device's clock: late callbacks do not move it, lost time does, and an empty ring is noticed."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.audio.device_clock import DeviceClock
from bridge.audio.ring_buffer import Moment

RATE = 48_000


@pytest.mark.parametrize("period", [64, 512, 1024, 4096])
def test_callbacks_that_run_late_do_not_move_the_time_of_a_frame(period: int) -> None:
    rng = np.random.default_rng(period)
    clock = DeviceClock(RATE)
    for count in range(1, 400):
        late = rng.exponential(0.0001) + (rng.uniform() < 0.1) * rng.uniform(0, 0.03)
        frame = count * period
        clock.take(Moment(frame, frame - 700, 5.0 + frame / RATE + late))
        if count > 20:
            assert clock.time(frame + 1300) == pytest.approx(5.0 + (frame + 2000) / RATE, abs=4e-4)
    assert clock.period == period and clock.even


def test_a_device_that_lost_time_is_right_again_soon() -> None:
    clock = DeviceClock(RATE)
    for count in range(1, 100):
        clock.take(
            Moment(count * 512, count * 512, count * 512 / RATE + (0.02 if count > 50 else 0))
        )
    assert clock.time(0) == pytest.approx(0.02)


def test_a_ring_that_ran_empty_is_not_even_until_it_was_fed_through_a_callback() -> None:
    clock = DeviceClock(RATE)
    assert clock.time(0) is None and not clock.even
    clock.take(Moment(512, 0, 1.0))
    clock.take(Moment(1024, 0, 1.0 + 512 / RATE))
    assert not clock.even
    clock.take(Moment(1536, 100, 1.0 + 1024 / RATE))  # 412 of its frames were missing.
    assert not clock.even
    clock.take(Moment(1536, 100, 9.0))  # The same again.
    assert not clock.even
    clock.take(Moment(2048, 612, 1.0 + 1536 / RATE))
    assert clock.even
    assert clock.time(612 + 480) == pytest.approx(1.0 + 1536 / RATE + 0.01)


def test_a_position_is_the_way_back_from_its_time() -> None:
    clock = DeviceClock(RATE)
    assert clock.position(1.0) is None and not clock.sure
    for count in range(1, 20):
        clock.take(None)  # The device was just speaking.
        clock.take(Moment(count * 512, count * 512 - 300, 2.0 + count * 512 / RATE))
    assert clock.sure
    for position in (0, 1234, 10**9):
        assert clock.position(clock.time(position) or 0.0) == position
    clock.take(
        Moment(20 * 512, 20 * 512 - 400, 2.0 + 20 * 512 / RATE)
    )  # The ring had no room for a hundred.
    assert clock.time(0) == pytest.approx(2.0 + 400 / RATE)
