"""The count of operations is what torch counts while it computes, and a card's peak is found by its name."""

from __future__ import annotations

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from engine.conditioning import GRID_ROWS, Conditioning
from engine.networks import build_dit
from engine.registry import SKETCH, SKETCH_SMOKE
from engine.training.speed import PEAKS, forward_flops, peak_flops


def test_a_step_is_three_times_the_forward_pass() -> None:
    spec, batch, frames = SKETCH_SMOKE, 2, 60
    width, tokens, numbers = spec.dit.cross_width, 64, 2
    network = build_dit(spec.dit, numbers * width)
    conditioning = Conditioning(
        cross=torch.randn(batch, tokens + numbers, width, requires_grad=True),
        cross_mask=torch.ones(batch, tokens + numbers, dtype=torch.bool),
        global_=torch.randn(batch, numbers * width, requires_grad=True),
        grid=torch.randn(batch, GRID_ROWS, frames, requires_grad=True),
        text_tokens=tokens,
    )
    x = torch.randn(batch, 64, frames, requires_grad=True)
    t = torch.rand(batch, requires_grad=True)
    # Of attention's kernels on a CPU only this one is counted.
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        output = network(x, t, conditioning)
        forward = counter.get_total_flops()
        output.square().mean().backward()
    assert forward_flops(spec, batch, frames) == forward
    # Attention computes some of it again for its gradient.
    assert counter.get_total_flops() == pytest.approx(3 * forward, rel=0.02)


def test_work_grows_with_the_batch_and_faster_than_the_window() -> None:
    one = forward_flops(SKETCH, 1, 6144)
    assert forward_flops(SKETCH, 4, 6144) == pytest.approx(4 * one, rel=1e-6)
    assert forward_flops(SKETCH, 1, 3072) < one / 2


@pytest.mark.parametrize(
    ("name", "peak"),
    [
        ("NVIDIA H100 80GB HBM3", 989e12),
        ("NVIDIA H100 PCIe", 756e12),
        ("NVIDIA A10G", 70e12),
        ("NVIDIA L40S", 362e12),
        ("NVIDIA L4", 121e12),
        ("A card of the future", None),
    ],
)
def test_a_card_s_peak_is_found_by_its_name(
    name: str, peak: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: name)
    assert peak_flops(torch.device("cuda")) == peak
    assert peak_flops(torch.device("cpu")) is None


def test_no_name_hides_a_longer_one() -> None:
    names = list(PEAKS)
    for index, name in enumerate(names):
        assert not any(name in longer for longer in names[index + 1 :])
