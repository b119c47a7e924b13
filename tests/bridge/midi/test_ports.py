"""When messages arrived, from what the system measured between them: laws in closed form."""

from __future__ import annotations

import numpy as np

from bridge.midi.ports import LAST, Arrivals


def test_what_python_takes_to_come_to_run_is_left_out() -> None:
    rng = np.random.default_rng(1)
    came = 7.0 + np.cumsum(rng.uniform(0.001, 0.03, 300))
    delays = np.where(rng.uniform(size=300) < 0.3, 0.0001, rng.uniform(0, 0.008, 300))
    arrivals, last, off = Arrivals(), came[0], []
    for at, delay in zip(came, delays, strict=True):
        off.append(arrivals.at(at - last, at + delay) - at)
        last = at
    assert np.abs(off[LAST:]).max() < 0.0002


def test_time_that_the_system_did_not_count_is_made_up_for() -> None:
    arrivals = Arrivals()
    for count in range(10):
        arrivals.at(0.02 if count else 0.0, 1.0 + count * 0.02)
    now = 0.0
    for count in range(LAST):
        now = 11.0 + count * 0.02
        stamped = arrivals.at(0.02, now)
    assert abs(stamped - now) < 1e-9
