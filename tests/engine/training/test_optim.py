"""Laws of the schedule and of the moving average (§3)."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from engine.training.optim import Cooldown, Ema, LearningRate


def test_learning_rate_ramps_up_exponentially_then_decays_as_a_power() -> None:
    rate = LearningRate(base=1e-5, ramp=0.99, gamma=1e6, power=0.5)
    assert rate.at(0) == pytest.approx(1e-7)
    assert rate.at(1000) == pytest.approx(1e-5, rel=1e-3)
    assert rate.at(3_000_000) == pytest.approx(0.5e-5)
    values = [rate.at(step) for step in range(2000)]
    peak = values.index(max(values))
    assert values[: peak + 1] == sorted(values[: peak + 1])


def test_the_rate_of_weights_that_had_steps_goes_on_after_a_ramp_of_its_own() -> None:
    whole = LearningRate(base=6e-4, ramp=0.99, gamma=2000)
    later = replace(whole, before=11_233)
    assert later.at(0) == pytest.approx(0.01 * whole.at(11_233))
    assert later.at(5000) == pytest.approx(whole.at(16_233))


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


def test_a_cooldown_falls_from_nearly_one_to_nearly_nothing() -> None:
    factors = [Cooldown(100, 400).at(step) for step in range(100, 500)]
    assert factors == sorted(factors, reverse=True)
    assert factors[0] == pytest.approx(1 - (1 / 401) ** 0.5)
    assert 0 < factors[-1] < 0.002
    assert factors[99] == pytest.approx(0.5, abs=0.001)


def test_the_average_stands_in_for_a_while_and_the_weights_return_whatever_happens() -> None:
    module = nn.Linear(3, 2)
    ema = Ema(module, decay=0.9)
    own = module.weight.detach().clone() + 1
    with torch.no_grad():
        module.weight.copy_(own)
    with pytest.raises(RuntimeError), ema.in_place_of(module):
        assert torch.equal(module.weight, ema.weights["weight"])
        raise RuntimeError
    assert torch.equal(module.weight, own)
