"""Devices, and the number formats of the transformer that each supports; linear layers in int8, or packed for a CPU.

Only the transformer runs in reduced precision; the autoencoders stay in float32, because their decoders produce audible
noise in half precision, unless bfloat16 is asked for by name. Knows nothing of what the networks compute.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import torch
from torch import Tensor, nn

from engine.errors import SpecError, choices

PRECISIONS = {
    # In half precision, these models produce noise on Apple's GPUs.
    "mps": ("float32",),
    "cuda": ("bfloat16", "float32"),
    "cpu": ("bfloat16", "float32", "int8"),
}
"""What each type of device supports; the first is the default, if the hardware runs it at full speed."""
NAMES = ("auto", "float32", "bfloat16", "int8")
LARGEST = 127
PACKED_ROWS = 2048
"""Tokens for which packed weights are laid out; others work as well."""


def resolved_precision(precision: str, device: torch.device) -> str:
    """The number format for a device: "float32", "bfloat16" or "int8".

    Args:
        precision: one of `NAMES`; auto is the fastest without an audible difference.
        device: where the transformer runs.

    Raises:
        SpecError: if the device does not support it.
    """
    known = PRECISIONS.get(device.type, ("float32",))
    if precision == "auto":
        return "bfloat16" if known[0] == "bfloat16" and has_quick_bfloat16(device) else "float32"
    if precision not in known:
        raise SpecError(
            f"{device.type.upper()} does not support {precision}; choose auto or {choices(known)}."
        )
    return precision


def autocasts(precision: str, device: torch.device) -> bool:
    """Whether layers that are not int8 run in bfloat16, for a resolved precision."""
    return precision == "bfloat16" or (precision == "int8" and has_quick_bfloat16(device))


def decoder_dtype(asked: str, device: torch.device) -> torch.dtype:
    """The number format of a decoder's linear layers: "auto" never gives up float32, "bfloat16" does for speed."""
    quick = asked == "bfloat16" and has_quick_bfloat16(device)
    return torch.bfloat16 if quick else torch.float32


@cache
def has_quick_bfloat16(device: torch.device) -> bool:
    """Whether a device has bfloat16 in hardware; others emulate it, more slowly than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16"))
    return False


class Int8Linear(nn.Module):
    """A linear layer with int8 weights and activations.

    Weights have one scale per output channel, activations one per token, computed on the fly.
    """

    weight: Tensor
    scale: Tensor

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        exact = linear.weight.detach().float()
        scale = exact.abs().amax(dim=1).clamp_min(1e-12) / LARGEST
        self.register_buffer("weight", (exact / scale[:, None]).round().to(torch.int8))
        self.register_buffer("scale", scale)
        self.bias = linear.bias

    def forward(self, x: Tensor) -> Tensor:
        """[..., inputs] to [..., outputs] in the dtype of x."""
        tokens = x.flatten(0, -2).float()
        step = tokens.abs().amax(dim=1, keepdim=True).clamp_min(1e-12) / LARGEST
        rounded = (tokens / step).round_().to(torch.int8)
        y = torch.ops.aten._int_mm(rounded, self.weight.T).float().mul_(step).mul_(self.scale)
        if self.bias is not None:
            y += self.bias
        return y.to(x.dtype).unflatten(0, x.shape[:-1])


class PackedLinear(nn.Module):
    """A linear layer for inference on a CPU, its weights laid out as oneDNN's kernels read them.

    In float32, the same products in another order of summation: a tenth faster than torch's own where those are MKL's
    on AMD. In bfloat16, twice as fast; then inputs and outputs are rounded too. It stays: it can be neither copied,
    moved to another device nor saved.
    """

    def __init__(self, linear: nn.Linear, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.dtype = dtype
        weight = linear.weight.detach().to(dtype)
        # Not a buffer: a tensor in this layout can be neither moved nor saved.
        self.packed = torch.ops.mkldnn._reorder_linear_weight(weight, PACKED_ROWS)
        self.bias = None if linear.bias is None else linear.bias.detach().to(dtype)

    def forward(self, x: Tensor) -> Tensor:
        """[..., inputs] to [..., outputs] in the dtype of x."""
        given = x.to(self.dtype)
        y = torch.ops.mkldnn._linear_pointwise(given, self.packed, self.bias, "none", [], "")
        return y.to(x.dtype)


def to_bfloat16(network: nn.Module) -> None:
    """Converts the weights of all linear layers and convolutions to bfloat16, for a network that autocasts to it."""
    for module in network.modules():
        if isinstance(module, (nn.Linear, nn.Conv1d)):
            module.to(torch.bfloat16)


def to_int8(blocks: nn.Module) -> None:
    """Replaces every linear layer in a transformer's blocks by an `Int8Linear`."""
    _replace_linears(blocks, Int8Linear)


def to_packed(blocks: nn.Module, dtype: torch.dtype = torch.float32) -> None:
    """Replaces every linear layer in a transformer's blocks by a `PackedLinear`, where this machine `packs`."""
    if packs():
        _replace_linears(blocks, partial(PackedLinear, dtype=dtype))


def packs() -> bool:
    """Whether a `PackedLinear` works here: with oneDNN and on x86, as it was tried nowhere else."""
    there = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    return there and "AVX" in torch.backends.cpu.get_cpu_capability()


def _replace_linears(blocks: nn.Module, kind: Callable[[nn.Linear], nn.Module]) -> None:
    # One at a time, so that only one layer is in memory twice.
    for module in [part for part in blocks.modules() if not isinstance(part, nn.Linear)]:
        for name, child in module.named_children():
            if isinstance(child, nn.Linear):
                setattr(module, name, kind(child))


def device_named(name: str) -> torch.device:
    """The device of that name; auto is the fastest available.

    Raises:
        SpecError: if it is not available; names those that are.
    """
    there = ["cpu"]
    if torch.backends.mps.is_available():
        there.insert(0, "mps")
    if torch.cuda.is_available():
        there.insert(0, "cuda")
    if name == "auto":
        return torch.device(there[0])
    if name not in there:
        raise SpecError(f"There is no device {name!r} here; choose auto or {choices(there)}.")
    return torch.device(name)
