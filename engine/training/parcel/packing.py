"""Checkpoints small enough to travel: weights in 16 bits, averages and moments in 8, counters and vectors as they are.

`packed` takes a checkpoint's nested state (`loop.save`) apart and `unpacked` puts it together again, in float32. What
is lost is less than a step of the optimiser changes. Knows nothing of files or of what the tensors are for, except by
the names that torch's AdamW and `optim.Ema` give them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

BLOCK = 256
"""Values that share one scale."""
SMALL = 1024
"""Tensors with fewer values, and vectors, stay as they are: norms and biases are set levels and save nothing."""
STEPS_PER_OCTAVE, LOWEST_OCTAVE = 4, -60
"""Squares from 2^-60, far below AdamW's epsilon, to 2^3, far above a clipped gradient's; at most 9 % off."""
KIND = "packed as"


def packed(state: Mapping[str, Any], *, light: bool = False) -> dict[str, Any]:
    """A state of tensors, numbers, strings and containers of these, in about 5 bytes a weight.

    Args:
        state: as `StageOfParts.state_dict`: {part: its state}.
        light: weights in bfloat16, without the averages, which become the weights, and without the optimiser's moments,
            which begin anew: 1.4 bytes a weight once compressed.
    """
    weights = {name: value for part in state.values() for name, value in _tensors(part)}
    return {name: _part(part, weights, light) for name, part in state.items()}


def unpacked(state: Any) -> Any:
    """The state in full length and float32, for `load_state_dict`."""
    weights = {name: value for part in state.values() for name, value in _tensors(part)}
    return {name: _restored(part, weights) for name, part in state.items()}


def _part(part: Any, weights: Mapping[str, Any], light: bool) -> Any:
    if isinstance(part, Mapping) and "param_groups" in part:
        states = {} if light else part["state"]
        return {**part, "state": {index: _moments(state) for index, state in states.items()}}
    if isinstance(part, Mapping) and "updates" in part:
        return {name: _average(name, value, weights, light) for name, value in part.items()}
    return _mapped(part, _brain if light else _half)


def _moments(state: Mapping[str, Any]) -> dict[str, Any]:
    ways = {"exp_avg": _linear, "exp_avg_sq": _squares}
    return {
        name: ways[name](value) if name in ways and _is_large(value) else value
        for name, value in state.items()
    }


def _average(name: str, value: Any, weights: Mapping[str, Any], light: bool) -> Any:
    """An average as its distance from the weight it follows, if that is in the checkpoint."""
    own = weights.get(name.removeprefix("weights."))
    if not _is_large(value) or own is None or own.shape != value.shape:
        return _mapped(value, _half)
    if light:
        return {KIND: "beside"}
    return {**_linear(value.float() - _of_16_bits(_half(own)).to(value.device)), KIND: "beside"}


def _is_large(value: Any) -> bool:
    return (
        isinstance(value, Tensor)
        and value.is_floating_point()
        and value.ndim > 1
        and value.numel() >= SMALL
    )


def _half(value: Tensor) -> Any:
    return _in_16_bits(value, torch.float16)


def _brain(value: Tensor) -> Any:
    return _in_16_bits(value, torch.bfloat16)


def _in_16_bits(value: Tensor, kind: torch.dtype) -> Any:
    """High and low bytes in two planes, which compress better apart."""
    value = value.detach().cpu()
    short = value.to(kind)
    if not _is_large(value) or not short.isfinite().all():
        return value
    planes = short.contiguous().view(torch.uint8).reshape(-1, 2).T.contiguous()
    return {KIND: str(kind), "shape": list(value.shape), "data": planes}


def _of_16_bits(value: Any) -> Tensor:
    if isinstance(value, Tensor):
        return value
    (kind,) = (kind for kind in _SHORT if str(kind) == value[KIND])
    return value["data"].T.contiguous().view(kind).reshape(value["shape"]).float()


def _linear(value: Tensor) -> dict[str, Any]:
    """Signed 8 bits with a scale for each block."""
    flat = value.detach().cpu().float().flatten()
    blocks = torch.nn.functional.pad(flat, (0, -len(flat) % BLOCK)).reshape(-1, BLOCK)
    scale = blocks.abs().amax(dim=1) / 127
    levels = (blocks / scale.clamp_min(1e-38)[:, None]).round().to(torch.int8)
    return {KIND: "linear", "shape": list(value.shape), "data": levels, "scale": scale}


def _of_linear(value: Mapping[str, Any]) -> Tensor:
    shape = value["shape"]
    flat = (value["data"].float() * value["scale"][:, None]).flatten()
    return flat[: torch.Size(shape).numel()].reshape(shape)


def _squares(value: Tensor) -> dict[str, Any]:
    """Logarithms in 8 bits: a square rounded to zero would make its weight jump."""
    exact = value.detach().cpu().double()
    steps = (exact.log2() - LOWEST_OCTAVE) * STEPS_PER_OCTAVE
    levels = steps.round().clamp(1, 255).where(exact > 0, 0.0)
    return {KIND: "squares", "shape": list(value.shape), "data": levels.to(torch.uint8)}


def _of_squares(value: Mapping[str, Any]) -> Tensor:
    levels = value["data"].float()
    squares = torch.exp2(levels / STEPS_PER_OCTAVE + LOWEST_OCTAVE)
    return squares.where(levels > 0, 0.0).reshape(value["shape"])


_SHORT = (torch.float16, torch.bfloat16)
_WAYS_BACK: dict[str, Callable[[Any], Tensor]] = {
    **{str(kind): _of_16_bits for kind in _SHORT},
    "linear": _of_linear,
    "squares": _of_squares,
}


def _restored(value: Any, weights: Mapping[str, Any], name: str = "") -> Any:
    if not isinstance(value, Mapping):
        return [_restored(one, weights) for one in value] if isinstance(value, list) else value
    if KIND not in value:
        return {key: _restored(one, weights, str(key)) for key, one in value.items()}
    if value[KIND] != "beside":
        return _WAYS_BACK[value[KIND]](value)
    own = _of_16_bits(weights[name.removeprefix("weights.")])
    return own + _of_linear(value) if "data" in value else own.clone()


def _mapped(value: Any, change: Callable[[Tensor], Any]) -> Any:
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _mapped(one, change) for key, one in value.items()}
    return [_mapped(one, change) for one in value] if isinstance(value, list) else value


def _tensors(part: Any) -> list[tuple[str, Any]]:
    """The weights of a part, by name, packed or not; averages and moments have other names."""
    if not isinstance(part, Mapping) or "param_groups" in part or "updates" in part:
        return []
    return [
        (str(name), value)
        for name, value in part.items()
        if isinstance(value, Tensor) or (isinstance(value, Mapping) and KIND in value)
    ]
