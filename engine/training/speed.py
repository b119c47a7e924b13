"""How much a training step computes and keeps, and how much of it a card could: the share of peak in the log.

Knows nothing of time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from engine.conditioning import GRID_ROWS, Conditioning
from engine.networks import build_dit
from engine.registry import ModelSpec

PEAKS = {
    "B200": 2250.0,
    "H200": 989.0,
    "H100 PCIe": 756.0,
    "H100": 989.0,
    "A100": 312.0,
    "A10G": 70.0,
    "A10": 125.0,
    "L40S": 362.0,
    "L4": 121.0,
    "RTX 5090": 210.0,
    "RTX 4090": 165.0,
    "RTX 3090": 71.0,
}
"""Part of a card's name, the longer ones first -> dense bfloat16 Tflop/s as its maker states them."""


def peak_flops(device: torch.device) -> float | None:
    """Operations per second of a device in bfloat16; None if unknown."""
    if device.type != "cuda":
        return None
    name = torch.cuda.get_device_name(device)
    return next((1e12 * peak for part, peak in PEAKS.items() if part in name), None)


@cache
def forward_flops(spec: ModelSpec, batch: int, frames: int) -> float:
    """Operations of the transformer's forward pass, counted by torch without computing; backward is twice as much.

    Counted are products of matrices and attention, as is usual for the share of peak (model FLOP utilisation).
    """
    with torch.device("meta"):
        network = build_dit(spec.dit, len(spec.conditioning.numbers) * spec.dit.cross_width)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(*empty_inputs(spec, batch, frames))
    return float(counter.get_total_flops())


def kept(
    network: nn.Module,
    inputs: tuple[Any, ...],
    counts: Callable[[torch.Tensor], bool] = lambda _: True,
) -> list[torch.Tensor]:
    """What a forward pass keeps for its gradient, one tensor of each storage, without the network's own weights.

    Args:
        network: on any device; on "meta" nothing is computed.
        inputs: what it is given.
        counts: which tensors are of interest.
    """

    def place(tensor: torch.Tensor) -> int:
        return tensor.untyped_storage()._cdata

    own = {place(parameter) for parameter in network.parameters()}
    seen: dict[int, torch.Tensor] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        if place(tensor) not in own and counts(tensor):
            seen[place(tensor)] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), torch.enable_grad():
        network(*inputs)
    return list(seen.values())


def empty_inputs(
    spec: ModelSpec, batch: int, frames: int
) -> tuple[torch.Tensor, torch.Tensor, Conditioning]:
    """What the transformer is given, in shape alone: latents [B, D, T], times [B], and what it is told."""
    width, tokens = spec.dit.cross_width, spec.conditioning.text.max_tokens
    numbers = len(spec.conditioning.numbers)

    def empty(*shape: int, **options: Any) -> torch.Tensor:
        return torch.empty(*shape, device="meta", **options)

    conditioning = Conditioning(
        cross=empty(batch, tokens + numbers, width),
        cross_mask=empty(batch, tokens + numbers, dtype=torch.bool),
        global_=empty(batch, numbers * width),
        grid=empty(batch, GRID_ROWS, frames) if spec.dit.grid else None,
        text_tokens=tokens,
    )
    return empty(batch, spec.dit.latent_channels, frames), empty(batch), conditioning
