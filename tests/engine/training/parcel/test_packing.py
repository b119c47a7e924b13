"""What travels of a checkpoint comes back within stated bounds, and what must be exact is."""

from __future__ import annotations

import io
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from engine.training.optim import Ema
from engine.training.parcel.packing import BLOCK, packed, unpacked


def trained(steps: int = 5) -> dict[str, Any]:
    """The state of a stage after some real steps of AdamW."""
    generator = torch.Generator().manual_seed(0)
    network = nn.Sequential(nn.Linear(48, 64), nn.Tanh(), nn.Linear(64, 48))
    ema, optimizer = Ema(network, 0.9), torch.optim.AdamW(network.parameters(), 1e-3)
    for _ in range(steps):
        x = torch.randn(16, 48, generator=generator)
        optimizer.zero_grad()
        (network(x) - x).square().mean().backward()
        optimizer.step()
        ema.update(network)
    parts = {"networks": network, "ema": ema, "optimizer": optimizer}
    return {name: part.state_dict() for name, part in parts.items()} | {
        "ledger": {"entries": [[0, 3]]}
    }


def there_and_back(state: dict[str, Any], **how: Any) -> dict[str, Any]:
    """Through a file too, as a checkpoint goes."""
    held = io.BytesIO()
    torch.save(packed(state, **how), held)
    held.seek(0)
    return unpacked(torch.load(held, weights_only=True))


def moments(state: dict[str, Any], name: str) -> list[Tensor]:
    return [of_one[name] for of_one in state["optimizer"]["state"].values()]


def test_weights_keep_half_precision_and_everything_small_is_exact() -> None:
    state = trained()
    back = there_and_back(state)
    for name, value in state["networks"].items():
        wanted = value.half().float() if value.ndim > 1 else value
        assert torch.equal(back["networks"][name], wanted)
    assert back["ledger"] == state["ledger"] and back["ema"]["updates"] == 5
    assert back["optimizer"]["param_groups"] == state["optimizer"]["param_groups"]
    assert moments(back, "step") == moments(state, "step")


def test_averages_and_moments_keep_their_bounds() -> None:
    state = trained()
    back = there_and_back(state)
    for name, value in state["ema"].items():
        if name != "updates" and value.ndim > 1:
            apart = value - back["networks"][name.removeprefix("weights.")]
            assert (back["ema"][name] - value).abs().max() <= 0.51 * apart.abs().max() / 127
    for was, now in zip(moments(state, "exp_avg"), moments(back, "exp_avg"), strict=True):
        if was.ndim > 1:
            largest = was.flatten().reshape(-1, BLOCK).abs().amax(1, keepdim=True)
            error = (now - was).flatten().reshape(-1, BLOCK).abs()
            assert (error <= 0.51 * largest / 127).all()
    for was, now in zip(moments(state, "exp_avg_sq"), moments(back, "exp_avg_sq"), strict=True):
        if was.ndim > 1:
            assert ((now / was).log2().abs() <= 0.126).all()


def test_a_square_of_zero_stays_zero_and_a_small_one_does_not_become_it() -> None:
    state = trained(1)
    (first, *_) = moments(state, "exp_avg_sq")
    first.zero_()[0, 0] = 1e-30
    (back, *_) = moments(there_and_back(state), "exp_avg_sq")
    assert back[0, 0] > 0 and torch.count_nonzero(back) == 1


def test_light_leaves_out_moments_and_averages_become_the_weights() -> None:
    state = trained()
    back = there_and_back(state, light=True)
    assert back["optimizer"]["state"] == {}
    for name, value in state["networks"].items():
        assert torch.equal(
            back["networks"][name], value.bfloat16().float() if value.ndim > 1 else value
        )
        if value.ndim > 1:
            assert torch.equal(back["ema"][f"weights.{name}"], back["networks"][name])


@pytest.mark.parametrize("light", [False, True])
def test_training_goes_on_from_what_came_back(light: bool) -> None:
    back = there_and_back(trained(), light=light)
    network = nn.Sequential(nn.Linear(48, 64), nn.Tanh(), nn.Linear(64, 48))
    ema, optimizer = Ema(network, 0.9), torch.optim.AdamW(network.parameters(), 1e-3)
    for part, state in ((network, "networks"), (ema, "ema"), (optimizer, "optimizer")):
        part.load_state_dict(back[state])
    network(torch.randn(2, 48)).sum().backward()
    optimizer.step()
    ema.update(network)
    assert ema.updates == 6
