"""Weights in 8-bit floats, as ComfyUI and others save them, widened: each is its numbers times its layer's scale.

The scale is `scale_weight`, or `weight_scale` in newer files, for a whole layer or for each output; without one the
numbers are the weights. What else such files have (scales of inputs, marks) is for arithmetic in 8 bits, which is not
done here. Integers of 8 or 4 bits are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

from torch import Tensor

from engine.errors import CheckpointError

T = TypeVar("T")
_SCALE = re.compile(r"(.+)\.(scale_weight|weight_scale)")
_BESIDES = re.compile(
    r"(.+\.)?(scale_weight|weight_scale|scale_input|input_scale|comfy_quant|scaled_fp8)"
)


def without_scales(tensors: Mapping[str, T]) -> dict[str, T]:
    """The weights alone."""
    return {name: value for name, value in tensors.items() if not _BESIDES.fullmatch(name)}


def widened(tensors: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
    """The weights alone; those of 8 bits and those with scales in float32.

    Raises:
        CheckpointError: if a weight is an integer, or has a scale of another shape.
    """
    scales = {
        f"{match[1]}.weight": scale
        for name, scale in tensors.items()
        if (match := _SCALE.fullmatch(name))
    }
    for name in scales:
        if name not in tensors:
            raise CheckpointError(f"{source} has a scale for {name}, which it does not have.")
    found: dict[str, Tensor] = {}
    for name, tensor in without_scales(tensors).items():
        if not tensor.is_floating_point():
            raise CheckpointError(
                f"{source} has weights as integers ({name}: {tensor.dtype}), which are not read here; get the model in "
                "float8, float16, bfloat16 or float32."
            )
        scale = scales.get(name)
        if scale is not None:
            found[name] = tensor.float() * _spread(scale, tensor, f"{source}: {name}")
        else:
            found[name] = tensor.float() if tensor.itemsize == 1 else tensor
    return found


def _spread(scale: Tensor, tensor: Tensor, source: str) -> Tensor:
    """The scale in a shape that multiplies the tensor: one number, or one for each output."""
    if scale.numel() not in (1, tensor.shape[0]):
        raise CheckpointError(
            f"{source} has {scale.numel()} scales for {tensor.shape[0]} outputs; only one, or one each, is read here."
        )
    return scale.float().reshape(-1, *(1,) * (tensor.ndim - 1))
