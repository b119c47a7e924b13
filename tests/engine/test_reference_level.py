from __future__ import annotations

import math

import pytest

from engine.reference_level import meaning
from engine.registry import MODELS, SKETCH, ModelSpec
from engine.samplers.schedules import schedule_times

THIRD, OPEN = MODELS["stable-audio-3-medium"], MODELS["stable-audio-open-1.0"]
SMALL = MODELS["stable-audio-open-small"]


@pytest.mark.parametrize(
    ("model", "level", "steps"),
    [
        *[(THIRD, 0.4, 8), (THIRD, 0.1, 8), (THIRD, 0.8, 50), (THIRD, 0.5, 2)],
        *[(SMALL, 0.1, 8), (SMALL, 0.02, 3), (OPEN, 0.1, 100), (OPEN, 0.18, 2)],
    ],
)
def test_it_says_how_far_noise_is_added_first(model: ModelSpec, level: float, steps: int) -> None:
    times = schedule_times(model.reference, model.objective, steps, level)
    assert times.max() > times[0]
    assert f"up to {times.max().item():.2f}." in meaning(level, "reference", model, steps)


@pytest.mark.parametrize(
    ("model", "level", "steps"),
    [(THIRD, 0.995, 8), (THIRD, 0.6, 1), (SMALL, 0.3, 8), (SMALL, 0.05, 1), (OPEN, 0.3, 8)],
)
def test_a_walk_that_only_falls_is_not_said_to_rise(
    model: ModelSpec, level: float, steps: int
) -> None:
    times = schedule_times(model.reference, model.objective, steps, level)
    assert times.max() == times[0]
    assert "adds noise" not in meaning(level, "reference", model, steps)


@pytest.mark.parametrize("ratio", [0.1, 0.4, 7.5, 637.0])
def test_it_names_the_number_of_the_v_models(ratio: float) -> None:
    level = 2 / math.pi * math.atan(ratio)
    assert f"calls this level {ratio:g}" in meaning(level, "reference", OPEN, 100)
    first = schedule_times("k-diffusion", "v", 100, level)[0].item()
    assert math.tan(math.pi / 2 * first) == pytest.approx(ratio)


@pytest.mark.parametrize(
    ("model", "level", "schedule"),
    [
        *[(THIRD, 0.4, "monotone"), (THIRD, 0.0, "reference"), (THIRD, 1.0, "reference")],
        *[(SMALL, 0.3, "reference"), (SKETCH, 0.4, "reference")],
    ],
)
def test_otherwise_a_level_is_what_it_says(model: ModelSpec, level: float, schedule: str) -> None:
    assert meaning(level, schedule, model, 8) == ""
