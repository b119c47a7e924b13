"""Laws of the outlet: what is written in time is heard as it is, at its place; whatever stalls, no step is heard."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.audio.live.outlet import TAIL, Outlet
from bridge.audio.live.timeline import Timeline

RATE = 44_100
FADE = round(TAIL * RATE)
_sine = 0.5 * np.sin(2 * np.pi * 200 * np.arange(1 << 16) / RATE)
SOUND = np.stack([_sine, _sine], axis=1).astype(np.float32)
STEP = float(np.abs(np.diff(SOUND, axis=0)).max())


def played(timeline: Timeline, count: int) -> np.ndarray:
    out = np.zeros((count, 2), np.float32)
    timeline.add_into(out)
    return out


def run(turns: list[int], ahead: int, period: int = 128) -> np.ndarray:
    """What a device plays whose writer comes after so many periods each time."""
    timeline = Timeline(4096)
    outlet, heard = Outlet(timeline, RATE), list[np.ndarray]()
    for periods in turns:
        if outlet.behind:
            outlet.skip(outlet.behind)
        outlet.write(SOUND[outlet.position : timeline.position + ahead])
        heard += [played(timeline, period) for _ in range(periods)]
    return np.concatenate([np.zeros((1, 2), np.float32), *heard])


def test_what_is_written_in_time_is_heard_as_it_is() -> None:
    heard = run([1, 2, 0, 1, 3, 0, 0, 2] * 4, ahead=400)[1:]
    assert np.array_equal(heard, SOUND[: len(heard)])


@given(st.lists(st.integers(0, 12), min_size=2, max_size=20), st.integers(130, 600))
@settings(deadline=None)
def test_no_step_is_heard_whatever_stalls_and_what_follows_is_in_time(
    turns: list[int], ahead: int
) -> None:
    heard = run([*turns, 1, 1, 1, 1, 1], ahead)
    # What rises over a tail moves by both their slopes, and that may be the tail of what rose over a tail itself.
    assert np.abs(np.diff(heard, axis=0)).max() <= 3 * STEP + 2.0 / FADE
    assert np.array_equal(heard[-100:], SOUND[len(heard) - 101 : len(heard) - 1])


def test_what_is_left_out_is_silent_after_the_tail() -> None:
    heard = run([12], ahead=300)[1:]
    assert np.array_equal(heard[:300], SOUND[:300])
    assert heard[300:310].any() and not heard[300 + FADE - 1 :].any()


@pytest.mark.parametrize("size", [400, 50])
@pytest.mark.parametrize("late", [1, 49, 50, 100, 219, 300, 399, 400, 405, 590, 700])
def test_a_device_that_comes_while_it_is_written_makes_no_step(late: int, size: int) -> None:
    timeline = Timeline(4096)
    outlet = Outlet(timeline, RATE)
    outlet.write(SOUND[:500])
    heard = [played(timeline, 500)]
    write = timeline.write

    def slow(position: int, frames: np.ndarray) -> int:
        timeline.write = write  # type: ignore[method-assign]
        heard.append(played(timeline, late))
        return write(position, frames)

    timeline.write = slow  # type: ignore[method-assign]
    outlet.write(SOUND[500 : 500 + size])
    heard.append(played(timeline, max(0, size - late)))
    if outlet.behind:
        outlet.skip(outlet.behind)
    outlet.write(SOUND[outlet.position : outlet.position + 1000])
    heard.append(played(timeline, 1000))
    steps = np.abs(np.diff(np.concatenate(heard), axis=0))
    assert steps.max() <= 2 * STEP + 1.0 / FADE
