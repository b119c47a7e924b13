from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import SpecError
from engine.samplers.objectives import OBJECTIVES, V_OBJECTIVE
from engine.samplers.schedules import SCHEDULES, schedule_times
from engine.samplers.solvers import SOLVERS
from engine.spec import SCHEDULES as SPEC_SCHEDULES
from tests.engine.samplers.oracle import CountedNoise, Gaussian

# Start level -> what stable-audio-3 walks in 8 steps, as its own code gives it to three digits.
STABLE_AUDIO_3 = {
    1.0: (1, 0.994, 0.984, 0.958, 0.891, 0.746, 0.512, 0.274, 0),
    0.9: (0.9, 0.989, 0.972, 0.932, 0.844, 0.683, 0.461, 0.254, 0),
    0.6: (0.6, 0.909, 0.844, 0.746, 0.613, 0.461, 0.316, 0.200, 0),
    0.5: (0.5, 0.830, 0.746, 0.637, 0.512, 0.386, 0.274, 0.184, 0),
    0.4: (0.4, 0.705, 0.613, 0.512, 0.411, 0.316, 0.235, 0.169, 0),
    0.2: (0.2, 0.362, 0.316, 0.274, 0.235, 0.200, 0.169, 0.142, 0),
    0.1: (0.1, 0.217, 0.200, 0.184, 0.169, 0.155, 0.142, 0.130, 0),
}
STABLE_AUDIO_TOOLS = (1, 0.993, 0.982, 0.953, 0.881, 0.731, 0.5, 0.269, 0)


def test_every_schedule_of_the_spec_serves_every_objective() -> None:
    assert set(SCHEDULES) == {(name, family) for name in SPEC_SCHEDULES for family in OBJECTIVES}


@pytest.mark.parametrize("start", STABLE_AUDIO_3)
def test_reference_flow_is_stable_audio_3s(start: float) -> None:
    times = schedule_times("reference", "rectified-flow", 8, start)
    assert times.tolist() == pytest.approx(STABLE_AUDIO_3[start], abs=6e-4)


def test_monotone_flow_from_noise_is_stable_audio_tools() -> None:
    times = schedule_times("monotone", "rectified-flow", 8)
    assert times.tolist() == pytest.approx(STABLE_AUDIO_TOOLS, abs=6e-4)


def test_reference_v_is_even_in_log_sigma_over_alpha() -> None:
    times = schedule_times("reference", "v", 11).double()
    levels = torch.log(V_OBJECTIVE.sigma(times) / V_OBJECTIVE.alpha(times))[1:-1]
    expected = torch.linspace(math.log(500), math.log(0.3), 12).double()[1:-1]
    torch.testing.assert_close(levels, expected, atol=1e-3, rtol=0)


@given(
    start=st.floats(0.01, 1.0),
    steps=st.integers(1, 200),
    schedule=st.sampled_from([key for key in SCHEDULES if key != ("reference", "rectified-flow")]),
)
def test_times_fall_steadily_from_the_start_to_zero(
    start: float, steps: int, schedule: tuple[str, str]
) -> None:
    times = schedule_times(*schedule, steps, start)
    assert times.shape == (steps + 1,) and times.dtype == torch.float32
    assert times[0].item() == pytest.approx(start, abs=1e-7) and times[-1] == 0
    assert (times.diff() < 0).all()


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_nothing_to_do_from_a_clean_start(schedule: tuple[str, str]) -> None:
    assert schedule_times(*schedule, 20, 0.0).tolist() == [0.0]


@pytest.mark.parametrize("deviation", [0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0])
def test_default_few_steps_meet_every_level_of_detail(deviation: float) -> None:
    """From fine detail to the whole take's colour: the v-schedule at 24 steps keeps each within 10 %."""
    data = Gaussian(V_OBJECTIVE, mean=0.0, deviation=deviation)
    start = torch.ones(1, 1, 1, dtype=torch.float64)
    times = schedule_times("monotone", "v", 24)
    *_, last = SOLVERS["dpmpp-2m"](data.denoiser, start, times, V_OBJECTIVE, CountedNoise())
    assert last.x.item() == pytest.approx(deviation, rel=0.1)


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(SpecError, match=r"'karras'.*monotone for v"):
        schedule_times("karras", "v", 10)
