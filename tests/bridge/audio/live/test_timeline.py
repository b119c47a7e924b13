"""Laws of the timeline: each frame is heard at its position or never, and nothing is heard twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.audio.live.timeline import Timeline


def ramp(start: int, count: int) -> np.ndarray:
    """Frames that are their position and one."""
    return np.repeat(np.arange(start + 1, start + count + 1, dtype=np.float32)[:, None], 2, axis=1)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(-20, 40), st.integers(0, 40)),
        st.tuples(st.just("play"), st.integers(0, 16), st.just(0)),
    ),
    max_size=60,
)


@given(STEPS)
def test_a_frame_is_heard_at_its_position_if_it_was_written_before(
    steps: list[tuple[str, int, int]],
) -> None:
    timeline, wanted, position = Timeline(16), dict[int, float](), 0
    for what, a, count in steps:
        if what == "write":
            start = max(0, position + a)
            late = timeline.write(start, ramp(start, count))
            assert late == min(count, max(0, position - start))
            there = range(max(start, position), min(start + count, position + 16))
            wanted |= {place: place + 1.0 for place in there}
        else:
            out = np.full((a, 2), 0.5, np.float32)  # What the ring gave.
            timeline.add_into(out)
            heard = [wanted.pop(place, 0.0) for place in range(position, position + a)]
            assert np.array_equal(out[:, 0], np.float32(0.5) + np.array(heard, np.float32))
            position += a
        assert timeline.position == position
    rest = np.zeros((16, 2), np.float32)
    timeline.add_into(rest)
    assert rest[:, 1].tolist() == [
        wanted.get(place, 0.0) for place in range(position, position + 16)
    ]
    again = np.zeros((16, 2), np.float32)
    timeline.add_into(again)
    assert not again.any()


def test_what_the_device_passed_while_it_was_written_is_not_heard_a_turn_later() -> None:
    timeline = Timeline(16)

    class Slow(np.ndarray):
        """Samples during whose copying the device goes on."""

        def __getitem__(self, key: object) -> object:
            timeline._header[0] = 4
            return super().__getitem__(key)  # type: ignore[index]

    assert timeline.write(0, ramp(0, 8).view(Slow)) == 4
    out = np.zeros((16, 2), np.float32)
    timeline.add_into(out)
    assert out[:, 0].tolist() == [5, 6, 7, 8] + [0] * 12


def test_what_was_written_last_counts_and_a_cleared_one_is_silent() -> None:
    timeline = Timeline(16)
    timeline.write(0, ramp(0, 10))
    timeline.write(4, ramp(50, 3))
    out = np.zeros((8, 2), np.float32)
    timeline.add_into(out)
    assert out[:, 0].tolist() == [1, 2, 3, 4, 51, 52, 53, 8]
    timeline.clear()
    timeline.add_into(out)
    assert out[0, 0] == 1 and timeline.position == 16  # Nothing was added to what was there.


def test_another_process_goes_on_where_the_last_one_was_killed() -> None:
    timeline = Timeline(16)
    timeline.write(3, ramp(3, 4))
    timeline.add_into(np.zeros((4, 2), np.float32))
    other = Timeline(16, timeline.file)
    out = np.zeros((4, 2), np.float32)
    other.add_into(out)
    assert out[:, 0].tolist() == [5, 6, 7, 0] and timeline.position == 8


def test_a_capacity_is_a_power_of_two() -> None:
    with pytest.raises(ValueError, match="power of two"):
        Timeline(100)
