from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.live.peaks import STEP, Peaks
from engine.sound.limiter import CEILING
from tests.engine.live.toys import RATE, hiss

HOP = 6 * 2048
AHEAD = 512


def held(sound: np.ndarray) -> np.ndarray:
    peaks = Peaks()
    starts = range(0, sound.shape[1], HOP)
    return np.concatenate(
        [peaks.held(sound[:, s : s + HOP], sound[:, s + HOP : s + HOP + AHEAD]) for s in starts],
        axis=1,
    )


def test_what_is_below_the_ceiling_passes_bit_for_bit():
    sound = np.clip(hiss(2, -20), -CEILING, CEILING)[:, : 6 * HOP]
    np.testing.assert_array_equal(held(sound), sound)


@settings(max_examples=25, deadline=None)
@given(st.floats(-12, 12), st.integers(0, 3 * HOP))
def test_no_sample_exceeds_the_ceiling(level: float, loud_from: int):
    sound = hiss(2, -30)[:, : 4 * HOP].copy()
    sound[:, loud_from:] *= 10 ** ((level + 20) / 20)
    assert np.abs(held(sound)).max() <= CEILING + 1e-6


def test_the_gain_moves_in_slopes_also_before_a_peak_in_the_next_hop():
    tone = 0.5 * np.sin(2 * np.pi * 220 * np.arange(4 * HOP) / RATE, dtype=np.float32)
    sound = np.stack([tone, tone])
    sound[:, HOP + 200 : HOP + 5000] *= 4
    made = held(sound)
    audible = np.abs(sound[0]) > 0.05
    gain = np.ones(4 * HOP)
    gain[audible] = made[0, audible] / sound[0, audible]
    gain = gain[audible]
    assert gain.min() < 0.6
    # No more than a quarter in a step, and no cut beside it.
    apart = np.diff(np.flatnonzero(audible))
    assert (np.abs(np.diff(gain)) <= 0.3 * apart / STEP + 1e-4).all()


def test_it_recovers():
    sound = hiss(3, -20)[:, : 9 * HOP].copy()
    sound[:, 100:200] = 3.0
    made = held(sound)
    np.testing.assert_array_equal(made[:, 4 * HOP :], sound[:, 4 * HOP :])
