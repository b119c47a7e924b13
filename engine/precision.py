"""In what numbers a transformer computes: a table of devices, and linear maps in eight bits.

Only the transformer is quick and small this way; the autoencoders stay in single precision everywhere, since in half
precision their decoders make noise. Knows nothing of what the networks compute.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor, nn

from engine.errors import SpecError, choices

PRECISIONS = {
    # On Apple's GPUs half precision makes noise of this family of models.
    "mps": ("float32",),
    "cuda": ("bfloat16", "float32"),
    "cpu": ("bfloat16", "float32", "int8"),
}
"""What each kind of device can do; the first is what it does by itself, where it does that at full speed."""
NAMES = ("auto", "float32", "bfloat16", "int8")
LARGEST = 127


def settled(precision: str, device: torch.device) -> str:
    """What a device computes in: "float32", "bfloat16" or "int8".

    Args:
        precision: one of `NAMES`; auto is what is quickest there and not heard.
        device: where.

    Raises:
        SpecError: if the device cannot do that.
    """
    known = PRECISIONS.get(device.type, ("float32",))
    if precision == "auto":
        return "bfloat16" if known[0] == "bfloat16" and has_quick_bfloat16(device) else "float32"
    if precision not in known:
        raise SpecError(
            f"{device.type.upper()} does not compute in {precision}; choose auto or {choices(known)}."
        )
    return precision


def autocasts(precision: str, device: torch.device) -> bool:
    """Whether what is not in eight bits is multiplied in bfloat16, for a settled precision."""
    return precision == "bfloat16" or (precision == "int8" and has_quick_bfloat16(device))


@cache
def has_quick_bfloat16(device: torch.device) -> bool:
    """Whether a device multiplies bfloat16 in hardware; others emulate it, slower than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16"))
    return False


class Int8Linear(nn.Module):
    """A linear map whose weights are held, and multiplied, as whole numbers in ±127.

    Each output has a scale of its own, found once, and each token of the input one that is found as it comes.
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


def halve(network: nn.Module) -> None:
    """Holds the weights of all maps in bfloat16, where a network computes in that anyway."""
    for module in network.modules():
        if isinstance(module, (nn.Linear, nn.Conv1d)):
            module.to(torch.bfloat16)


def quarter(blocks: nn.Module) -> None:
    """Puts an `Int8Linear` in the place of every linear map in a transformer's blocks."""
    # One after the other, and no list of them, so that none is there twice.
    for module in [part for part in blocks.modules() if not isinstance(part, nn.Linear)]:
        for name, child in module.named_children():
            if isinstance(child, nn.Linear):
                setattr(module, name, Int8Linear(child))
