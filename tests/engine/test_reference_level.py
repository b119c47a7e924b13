from __future__ import annotations

import math
import re

import pytest

from engine.reference_level import meaning
from engine.registry import MODELS
from engine.samplers.objectives import V_OBJECTIVE
from engine.samplers.schedules import schedule_times

THIRD, OPEN = MODELS["stable-audio-3-medium"], MODELS["stable-audio-open-1.0"]
SMALL = MODELS["stable-audio-open-small"]


@pytest.mark.parametrize(("level", "steps"), [(0.4, 8), (0.1, 8), (0.8, 50), (0.5, 2)])
def test_it_says_where_stable_audio_3_rises_to(level: float, steps: int) -> None:
    highest = schedule_times("stable-audio-3", "rectified-flow", steps, level).max().item()
    said = meaning(level, "reference", THIRD, steps)
    assert f"starts at {level:g}, and" in said and f"{max(highest, level):.2f}" in said


@pytest.mark.parametrize(("level", "steps"), [(0.995, 8), (0.6, 1)])
def test_a_walk_that_falls_at_once_is_not_said_to_rise(level: float, steps: int) -> None:
    times = schedule_times("stable-audio-3", "rectified-flow", steps, level)
    assert times.max() == times[0]
    assert f"init_noise_level of {level:g}." in meaning(level, "reference", THIRD, steps)


@pytest.mark.parametrize("ratio", [0.1, 0.4, 7.5])
def test_it_names_the_number_of_the_v_models(ratio: float) -> None:
    level = 2 / math.pi * math.atan(ratio)
    said = meaning(level, "reference", OPEN, 100)
    found = re.search(r"init_noise_level of ([\d.]+\d)", said)
    assert found and float(found[1]) == pytest.approx(ratio, rel=1e-6)
    first = schedule_times("k-diffusion", "v", 100, level)[0]
    assert (V_OBJECTIVE.sigma(first) / V_OBJECTIVE.alpha(first)).item() == pytest.approx(ratio)


def test_open_smalls_numbers_are_the_same() -> None:
    assert "init_noise_level of 0.3." in meaning(0.3, "reference", SMALL, 8)


@pytest.mark.parametrize(
    ("level", "schedule"), [(0.4, "monotone"), (0.0, "reference"), (1.0, "reference")]
)
def test_otherwise_a_level_is_what_it_says(level: float, schedule: str) -> None:
    assert meaning(level, schedule, THIRD, 8) == ""
