"""Laws of strips around ticks: what fits into one, what does not, and where its edges are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.midi.ticks import explained, narrowest, newest, slope, straight, uncertainty, width

JITTER = 0.01


def ticks(count: int, interval: float, seed: int = 0) -> np.ndarray:
    late = np.random.default_rng(seed).uniform(0, JITTER, count)
    return 3.0 + np.arange(count) * interval + late


@given(count=st.integers(3, 300), interval=st.floats(0.008, 0.08), seed=st.integers(0, 9))
def test_ticks_of_one_tempo_fit_into_a_strip_as_wide_as_their_jitter(
    count: int, interval: float, seed: int
) -> None:
    times = ticks(count, interval, seed)
    assert width(times, interval) <= JITTER
    assert narrowest(times) <= width(times, interval) + 2e-5
    assert narrowest(times) <= width(times, slope(times)) + 2e-5
    assert straight(times, JITTER * 1.001) == explained(times, interval, JITTER * 1.001) == count


@pytest.mark.parametrize("after", [0.03, 0.014])
def test_ticks_before_another_tempo_or_a_stall_do_not_fit(after: float) -> None:
    old, new = ticks(100, 0.02), ticks(40, after, seed=1)
    both = np.concatenate((old, new + old[-1] - new[0] + after))
    assert 40 <= straight(both, JITTER) <= 46
    assert explained(both, 0.02, JITTER) < 5
    stalled = np.concatenate((old, ticks(40, 0.02) + 2.0 + 0.1))
    assert 40 <= explained(stalled, 0.02, JITTER) <= 41


def test_the_last_tick_was_due_on_the_edge_where_ticks_lie() -> None:
    for count, near in ((200, 0.0005), (48, 0.001), (6, JITTER)):
        times = ticks(count, 0.02)
        due = 3.0 + (count - 1) * 0.02
        assert newest(times, 0.02, early=False) == pytest.approx(due, abs=near)
        assert newest(times, 0.02, early=True) == pytest.approx(due + JITTER, abs=near)
    held_up = ticks(48, 0.02)
    held_up[20] += 0.3
    assert newest(held_up, 0.02, early=True) == pytest.approx(3.0 + 47 * 0.02 + JITTER, abs=0.002)


def test_the_uncertainty_of_a_slope_is_the_spread_of_slopes() -> None:
    slopes = [slope(ticks(48, 0.02, seed)) for seed in range(400)]
    assert np.std(slopes) == pytest.approx(uncertainty(48, JITTER), rel=0.15)
