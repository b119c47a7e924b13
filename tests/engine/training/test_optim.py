"""Laws of the schedule and of the moving average (§3)."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.training.optim import Ema, LearningRate


def test_learning_rate_ramps_up_exponentially_then_decays_as_a_power() -> None:
    rate = LearningRate(base=1e-5, ramp=0.99, gamma=1e6, power=0.5)
    assert rate.at(0) == pytest.approx(1e-7)
    assert rate.at(1000) == pytest.approx(1e-5, rel=1e-3)
    assert rate.at(3_000_000) == pytest.approx(0.5e-5)
    values = [rate.at(step) for step in range(2000)]
    peak = values.index(max(values))
    assert values[: peak + 1] == sorted(values[: peak + 1])


def test_average_is_the_closed_form() -> None:
    module = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(module.weight)
    ema = Ema(module, decay=0.5)
    nn.init.ones_(module.weight)
    expected = 0.0
    for update in range(5):
        ema.update(module)
        decay = min(0.5, (1 + update) / (10 + update))
        expected = decay * expected + (1 - decay)
    assert float(ema.weights["weight"]) == pytest.approx(expected)


def test_average_survives_a_restart_and_can_be_used() -> None:
    module = nn.Linear(3, 2)
    ema = Ema(module, decay=0.9)
    nn.init.ones_(module.weight)
    ema.update(module)
    other = Ema(nn.Linear(3, 2), decay=0.9)
    other.load_state_dict(ema.state_dict())
    target = nn.Linear(3, 2)
    other.apply_to(target)
    assert other.updates == 1
    assert torch.equal(target.weight, ema.weights["weight"])
