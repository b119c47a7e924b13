"""Laws of one step: parts weigh by their size, large gradients are scaled down, what is remembered goes by name."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from engine.errors import SpecError
from engine.training.group import Group
from engine.training.optim import optimizer_of
from engine.training.update import MOST_NORM, Update


def network() -> nn.Linear:
    with torch.random.fork_rng(devices=[]):
        torch.random.set_rng_state(torch.Generator().manual_seed(0).get_state())
        return nn.Linear(3, 2)


def update(learner: nn.Module) -> Update:
    return Update(learner, Group.alone(), betas=(0.9, 0.99), weight_decay=0.1, ema_decay=0.9)


def loss(learner: nn.Module, rows: slice, scale: float = 0.1) -> Tensor:
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))[rows]
    return scale * learner(x).square().mean()


def test_unequal_pieces_that_weigh_by_their_size_are_the_whole() -> None:
    learners = network(), network()
    for learner, pieces in zip(learners, ([(0, 5)], [(0, 2), (2, 5)]), strict=True):
        step = update(learner)
        for _ in range(3):
            step.begin()
            for first, end in pieces:
                step.add(loss(learner, slice(first, end)), (end - first) / 5)
            step.apply(1e-2)
    for one, other in zip(*(learner.parameters() for learner in learners), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("scale", [0.1, 1e4])
def test_a_gradient_is_at_most_of_norm_one_and_its_own_norm_is_told(scale: float) -> None:
    learner = network()
    step = update(learner)
    step.add(loss(learner, slice(None), scale))
    gradients = [p.grad.clone() for p in learner.parameters() if p.grad is not None]
    norm = torch.cat([gradient.flatten() for gradient in gradients]).norm()
    said = step.apply(1e-2)
    torch.testing.assert_close(said["gradient_norm"], norm)
    assert said["learning_rate"] == 1e-2
    for parameter, gradient in zip(learner.parameters(), gradients, strict=True):
        assert parameter.grad is not None
        torch.testing.assert_close(parameter.grad, gradient / max(float(norm) / MOST_NORM, 1.0))


def stepped(learner: nn.Module, step: Update, count: int) -> None:
    for _ in range(count):
        step.begin()
        step.add(loss(learner, slice(None)))
        step.apply(1e-2)


def same(one: nn.Module, other: nn.Module) -> bool:
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("numbered", [False, True])
def test_it_goes_on_from_what_is_remembered_by_name_or_by_number(numbered: bool) -> None:
    whole, cut = network(), network()
    of_whole, of_cut = update(whole), update(cut)
    stepped(whole, of_whole, 4)
    stepped(cut, of_cut, 2)
    state: dict[str, Any] = of_cut.state_dict()
    assert set(state["optimizer"]["state"]) == {"weight", "bias"}
    if numbered:
        state["optimizer"] = of_cut.optimizer.state_dict()
    again = update(cut)
    again.load_state_dict(state)
    stepped(cut, again, 2)
    assert same(whole, cut)
    assert of_whole.ema and again.ema
    assert all(torch.equal(again.ema.weights[name], w) for name, w in of_whole.ema.weights.items())


def test_what_needs_no_gradient_stays() -> None:
    learner = network()
    learner.weight.requires_grad_(False)
    before = learner.weight.clone()
    step = update(learner)
    stepped(learner, step, 2)
    assert torch.equal(learner.weight, before)
    assert set(step.state_dict()["optimizer"]["state"]) == {"bias"}


def test_it_goes_on_where_some_of_the_weights_learn_no_more() -> None:
    learner = network()
    before = update(learner)
    stepped(learner, before, 2)
    learner.weight.requires_grad_(False)
    step = update(learner)
    step.load_state_dict(before.state_dict())
    kept = step.state_dict()["optimizer"]["state"]
    assert set(kept) == {"bias"} and kept["bias"]["step"] == 2
    with pytest.raises(KeyError):
        other = {"optimizer": {"state": {"elsewhere": {}}}}
        step.load_state_dict({**before.state_dict(), **other})


def test_another_optimizer_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "bitsandbytes.optim", None)
    with pytest.raises(SpecError, match="needs the package bitsandbytes; install it with 'pip"):
        update(network()).use("adamw8bit")
    with pytest.raises(SpecError, match="choose adamw or adamw8bit"):
        optimizer_of("sgd", [], (0.9, 0.9), weight_decay=0.0, device=torch.device("cpu"))
