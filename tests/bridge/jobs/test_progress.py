"""Laws of progress: it never falls, stays within 0..1, and the time left is finite or unknown."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.jobs.progress import Progress
from engine.updates import AudioBlock, Step, Update

steps = st.builds(
    Step,
    st.sampled_from(["loading", "encode", "diffuse", "decode"]),
    st.integers(0, 12),
    st.integers(0, 10),
)
blocks = st.builds(
    lambda start, length: AudioBlock(start, np.zeros((2, length), np.float32)),
    st.integers(0, 2000),
    st.integers(0, 500),
)


@settings(deadline=None)
@given(st.lists(st.lists(st.one_of(steps, blocks), max_size=20), min_size=1, max_size=4))
def test_it_never_falls_whatever_the_engine_says(takes: list[list[Update]]) -> None:
    now = [0.0]
    progress = Progress(len(takes), lambda: now[0])
    seen = [progress.fraction]
    for number, updates in enumerate(takes):
        progress.begin_take(number, 1000)
        for update in updates:
            now[0] += 0.5
            progress.update(update)
            seen.append(progress.fraction)
            assert progress.eta_s is None or 0.0 <= progress.eta_s < float("inf")
        progress.writing()
        progress.finished_take()
        seen.append(progress.fraction)
        assert progress.fraction == (number + 1) / len(takes)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_the_time_left_is_what_it_turns_out_to_be() -> None:
    """Steady work: halfway through, as much time is left as went by."""
    now = [0.0]
    progress = Progress(1, lambda: now[0])
    progress.begin_take(0, 1000)
    progress.update(Step("loading", 1, 1))
    assert progress.eta_s is None
    left: list[float] = []
    for index in range(1, 101):
        now[0] += 1.0
        progress.update(Step("diffuse", index, 100))
        if progress.eta_s is not None:
            left.append(progress.eta_s)
    assert left == sorted(left, reverse=True)
    assert progress.stage == "diffuse"


def test_the_time_left_falls_while_a_step_lasts() -> None:
    """The same step again, as an engine process tells it that waits, moves nothing and makes no take longer."""
    now = [0.0]
    progress = Progress(1, lambda: now[0])
    progress.begin_take(0, 1000)
    for index in (1, 2):
        now[0] += 10.0
        progress.update(Step("diffuse", index, 4))
    fraction, left = progress.fraction, progress.eta_s
    assert left is not None
    for waited in (1.0, 5.0, 1000.0):
        now[0] = 20.0 + waited
        progress.update(Step("diffuse", 2, 4))
        assert progress.fraction == fraction
        assert progress.eta_s == max(left - waited, 0.0)
