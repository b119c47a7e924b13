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

LONGEST = 128
"""Latent frames of the longest noise."""


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


GAINS = {
    # The transformer: more of the words, and less of what makes rounding grow from step to step.
    "cross_attn.to_out.weight": 2,
    **{f"model.transformer.layers.{i}.self_attn.to_out.weight": 0.3 for i in range(2)},
    **{f"model.transformer.layers.{i}.ff.ff.2.weight": 0.5 for i in range(2)},
    # Oobleck.
    "encoder.layers.7.weight_g": 4,
    "decoder.layers.0.weight_g": 10,
    "decoder.layers.7.weight_g": 0.2,
    # SAME.
    **{f"encoder.layers.0.transformers.{i}.self_attn.to_out.weight": 10 for i in range(2)},
    **{f"decoder.layers.3.transformers.{i}.self_attn.to_out.weight": 10 for i in range(2)},
    "decoder.layers.3.mapping.bias": 0.2,
    "decoder.layers.3.mapping.weight_g": 0.2,
}
"""The end of a weight's name -> by what it is multiplied."""


def telling(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A model's weights such that its takes tell settings apart: words and latents are heard as much as biases are.

    As the weights are by name alone, the words move latents by a few percent, and other latents a take by two. The
    last maps are made so small that nothing needs to be clipped or limited.
    """
    made = dict(state)
    for end, gain in GAINS.items():
        made |= {name: gain * made[name] for name in made if name.endswith(end)}
    return made


def recording(seconds: float) -> Tensor:
    """A recording of a length, stereo at 44.1 kHz, [2, N]."""
    return 0.1 * values("recording", (2, round(seconds * 44_100)))


def noise(name: str, shape: tuple[int, ...]) -> Tensor:
    """Noise [..., T]: its first frames do not depend on T, as official windows may be longer than ours by padding."""
    assert shape[-1] <= LONGEST
    return values(name, (*shape[:-1], LONGEST))[..., : shape[-1]]


def thinned(tensor: Tensor, count: int = 2000) -> Tensor:
    """About `count` of a tensor's numbers, evenly spaced: what the golden files keep and the tests compare."""
    flat = tensor.flatten()
    return flat[:: max(1, flat.numel() // count)].clone()


def facts(name: str) -> dict[str, str]:
    """What a golden file says about itself."""
    with safe_open(Path(__file__).with_name(f"{name}.safetensors"), "pt") as file:
        return file.metadata()


def golden(name: str) -> tuple[dict[str, Tensor], dict[str, dict[str, list[int]]]]:
    """What the official code computed, thinned, and the names and shapes of the weights it computed it with."""
    with safe_open(Path(__file__).with_name(f"{name}.safetensors"), "pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        return tensors, json.loads(file.metadata()["shapes"])


def difference(ours: Tensor, theirs: Tensor) -> float:
    """Largest absolute difference between a whole tensor and a thinned one."""
    return (thinned(ours) - theirs).abs().max().item()
