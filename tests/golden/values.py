"""Numbers made from names: the same everywhere, on any version of any library, so that weights need not be stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor


def values(name: str, shape: tuple[int, ...]) -> Tensor:
    """Uniform in ±sqrt(3), so of unit variance; a function of the name and the count alone."""
    count = int(np.prod(shape))
    raw = np.frombuffer(hashlib.shake_128(name.encode()).digest(4 * count), dtype="<u4")
    unit = raw.astype(np.float64) / 2**32
    return torch.from_numpy(((2 * unit - 1) * np.sqrt(3)).astype(np.float32)).reshape(shape)


def weight(name: str, shape: tuple[int, ...]) -> Tensor:
    """A weight as a trained network might have it: no zeros, scales near 1, maps that keep variance."""
    drawn = values(name, shape)
    last = name.rsplit(".", 1)[-1]
    if last == "weight_g":
        return 0.5 + 0.1 * drawn
    if last in ("gamma", "scaling_factor", "running_std"):
        return 1 + 0.2 * drawn
    if "_norm." in name and last in ("weight", "alpha"):
        return 1 + 0.2 * drawn
    if len(shape) < 2 or last == "bias" or last == "to_scale_shift_gate":
        return 0.2 * drawn
    return drawn / np.sqrt(np.prod(shape[1:]))


def weights(shapes: Mapping[str, list[int]]) -> dict[str, Tensor]:
    """The weights of those names and shapes."""
    return {name: weight(name, tuple(shape)) for name, shape in shapes.items()}


QUIET = ("decoder.layers.3.mapping.weight_g", "decoder.layers.3.mapping.bias")


def quiet(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A model's weights with SAME's last map made so small that nothing needs to be clipped or limited."""
    return {name: 0.2 * w if name.endswith(QUIET) else w for name, w in state.items()}


def thinned(tensor: Tensor) -> Tensor:
    """Some two thousand of a tensor's numbers, evenly spaced: what the golden files keep and the tests compare."""
    flat = tensor.flatten()
    return flat[:: max(1, flat.numel() // 2000)].clone()


def golden(name: str) -> tuple[dict[str, Tensor], dict[str, dict[str, list[int]]]]:
    """What the official code computed, thinned, and the names and shapes of the weights it computed it with."""
    with safe_open(Path(__file__).with_name(f"{name}.safetensors"), "pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        return tensors, json.loads(file.metadata()["shapes"])


def difference(ours: Tensor, theirs: Tensor) -> float:
    """Largest absolute difference between a whole tensor and a thinned one."""
    return (thinned(ours) - theirs).abs().max().item()
