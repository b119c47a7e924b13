from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import SpecError
from engine.registry import MODELS
from engine.samplers.objectives import V_OBJECTIVE
from engine.samplers.schedules import SCHEDULES, schedule_times
from engine.samplers.solvers import SOLVERS
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


OBJECTIVE = {
    name: "v" if name in ("logistic", "k-diffusion") else "rectified-flow" for name in SCHEDULES
}
STEADY = ("logistic", "log-snr")


def test_every_model_walks_schedules_that_there_are() -> None:
    walked = {name for spec in MODELS.values() for name in (spec.reference, spec.monotone)}
    assert walked == set(SCHEDULES)
    for spec in MODELS.values():
        assert OBJECTIVE[spec.reference] == OBJECTIVE[spec.monotone] == spec.objective


@pytest.mark.parametrize("start", STABLE_AUDIO_3)
def test_stable_audio_3s_walk(start: float) -> None:
    times = schedule_times("stable-audio-3", "rectified-flow", 8, start)
    assert times.tolist() == pytest.approx(STABLE_AUDIO_3[start], abs=6e-4)


def test_stable_audio_3_never_has_less_than_a_ten_billionth_of_the_recording() -> None:
    """Its dpmpp sees a finite first step; to the network in single precision it is pure noise."""
    start = schedule_times("stable-audio-3", "rectified-flow", 8)[0]
    assert 1 - start.item() == pytest.approx(1e-10, rel=1e-5) and start.float() == 1


@pytest.mark.parametrize("schedule", ["log-snr", "stable-audio-tools"])
def test_the_flow_walks_from_noise_are_stable_audio_tools(schedule: str) -> None:
    times = schedule_times(schedule, "rectified-flow", 8)
    assert times.tolist() == pytest.approx(STABLE_AUDIO_TOOLS, abs=6e-4)


@pytest.mark.parametrize("start", [0.05, 0.11, 0.13, 0.5, 0.99])
def test_stable_audio_tools_walks_to_log_snr_two_and_may_rise_to_it(start: float) -> None:
    times = schedule_times("stable-audio-tools", "rectified-flow", 8, start)
    levels = torch.log((1 - times) / times)[1:-1]
    first = math.log((1 - start) / start)
    torch.testing.assert_close(
        levels, first + (2 - first) * torch.arange(1, 8).double() / 8, atol=1e-4, rtol=0
    )
    assert bool((times.diff()[:-1] > 0).all()) == (start < 1 / (1 + math.e**2))


# n -> sigma / alpha of the public v models in n steps: 500, ..., 0.3, 0.
@pytest.mark.parametrize(
    ("steps", "ratios"),
    [
        (1, (500, 0)),
        (3, (500, 12.247, 0.3, 0)),
        (8, (500, 173.3, 60.04, 20.81, 7.21, 2.498, 0.8657, 0.3, 0)),
    ],
)
def test_k_diffusions_levels_from_noise(steps: int, ratios: tuple[float, ...]) -> None:
    times = schedule_times("k-diffusion", "v", steps)
    found = (V_OBJECTIVE.sigma(times) / V_OBJECTIVE.alpha(times)).tolist()
    assert found == pytest.approx(ratios, rel=5e-4)


@pytest.mark.parametrize("ratio", [0.1, 0.4, 0.8, 20.0])
def test_k_diffusions_levels_from_a_recording(ratio: float) -> None:
    start = 2 / math.pi * math.atan(ratio)
    times = schedule_times("k-diffusion", "v", 9, start)
    assert times[0].item() == pytest.approx(start, abs=1e-12) and times[-1] == 0
    levels = torch.log(V_OBJECTIVE.sigma(times) / V_OBJECTIVE.alpha(times))[:-1]
    torch.testing.assert_close(
        levels, torch.linspace(math.log(ratio), math.log(0.3), 9, dtype=torch.float64)
    )


@given(start=st.floats(0.01, 1.0), steps=st.integers(1, 200), schedule=st.sampled_from(STEADY))
def test_our_times_fall_steadily_from_the_start_to_zero(
    start: float, steps: int, schedule: str
) -> None:
    times = schedule_times(schedule, OBJECTIVE[schedule], steps, start)
    assert times.shape == (steps + 1,) and times.dtype == torch.float64
    assert times[0].item() == start and times[-1] == 0
    assert (times.diff() < 0).all()


@given(
    start=st.floats(0.01, 1.0), steps=st.integers(1, 200), schedule=st.sampled_from(list(SCHEDULES))
)
def test_every_walk_has_its_steps_and_ends_clean(start: float, steps: int, schedule: str) -> None:
    times = schedule_times(schedule, OBJECTIVE[schedule], steps, start)
    assert times.shape == (steps + 1,) and times.dtype == torch.float64
    assert times.isfinite().all() and times[-1] == 0 and (times[:-1] > 0).all()


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_nothing_to_do_from_a_clean_start(schedule: str) -> None:
    assert schedule_times(schedule, OBJECTIVE[schedule], 20, 0.0).tolist() == [0.0]


@pytest.mark.parametrize("deviation", [0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0])
def test_default_few_steps_meet_every_level_of_detail(deviation: float) -> None:
    """From fine detail to the whole take's colour: the v-schedule at 24 steps keeps each within 10 %."""
    data = Gaussian(V_OBJECTIVE, mean=0.0, deviation=deviation)
    start = torch.ones(1, 1, 1, dtype=torch.float64)
    times = schedule_times("logistic", "v", 24)
    *_, last = SOLVERS["dpmpp-2m"](data.denoiser, start, times, V_OBJECTIVE, CountedNoise())
    assert last.x.item() == pytest.approx(deviation, rel=0.1)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SpecError, match=r"'karras'.*logistic"):
        schedule_times("karras", "v", 10)
