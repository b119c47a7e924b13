"""Laws of normalisation over ranks: alone it is torch's, and what stands beside a batch does not count."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.training.batch_statistics import BatchStatistics, over_ranks
from engine.training.group import Group


def batch(size: int = 4) -> Tensor:
    return torch.randn(size, 3, 5, 2, generator=torch.Generator().manual_seed(0)) * 2 + 1


def pair() -> tuple[nn.Module, nn.Module]:
    """Torch's layer, and ours with the same weights."""
    layers = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
    for layer in layers:
        nn.init.uniform_(layer.weight, generator=torch.Generator().manual_seed(1))
    network = nn.Sequential(layers[1])
    over_ranks(network, Group.alone())
    assert set(network.state_dict()) == {f"0.{name}" for name in layers[0].state_dict()}
    return layers[0], network[0]


def test_alone_it_is_torchs_with_its_gradient_and_what_it_keeps() -> None:
    torchs, ours = pair()
    inputs = [batch().requires_grad_() for _ in range(2)]
    for layer, x in zip((torchs, ours), inputs, strict=True):
        (layer(x) * torch.arange(5.0)[:, None]).square().sum().backward()
    torch.testing.assert_close(inputs[1].grad, inputs[0].grad, atol=1e-4, rtol=1e-4)
    for name, value in torchs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value)
    torch.testing.assert_close(ours.eval()(batch()), torchs.eval()(batch()))


def test_what_stands_beside_a_batch_does_not_count() -> None:
    expected, ours = pair()
    assert isinstance(ours, BatchStatistics)
    ours.beside = 1
    x = torch.cat((batch(), 100 + batch(1)))
    torch.testing.assert_close(ours(x)[:-1], expected(batch()), atol=1e-5, rtol=1e-5)


def test_a_single_number_is_normalised_to_the_bias() -> None:
    _, ours = pair()
    assert torch.equal(ours(torch.ones(1, 3, 1, 1)), torch.zeros(1, 3, 1, 1))
    assert ours.running_var.isfinite().all()  # pyright: ignore[reportAttributeAccessIssue, reportCallIssue]
