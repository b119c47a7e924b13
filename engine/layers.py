"""Building blocks of the diffusion transformer (§2.2): rotary positions, attention, the gated MLP, the block.

Names and layouts follow the public checkpoints, so that loading them is a change of prefix. Knows nothing of latents,
prompts or diffusion: tokens in, tokens out.
"""

from __future__ import annotations

import importlib
import logging
import math
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

log = logging.getLogger(__name__)
Rotation = tuple[Tensor, Tensor]
"""Cosine and sine of every position's angles, [tokens, rotated dimensions / 2] each."""


class FourierFeatures(nn.Module):
    """Cosines and sines of a scalar at learned frequencies: the sinusoidal embedding of §2.2."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(features // 2, 1))

    def forward(self, value: Tensor) -> Tensor:
        """[B] to [B, features]: the cosines, then the sines."""
        angles = 2 * math.pi * value[:, None] * self.weight[:, 0]
        return torch.cat((angles.cos(), angles.sin()), dim=-1)


class GeometricFeatures(nn.Module):
    """Cosines and sines of a scalar at fixed frequencies, log-spaced from 1/2 to 10 000 (Stable Audio 3)."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features

    def forward(self, value: Tensor) -> Tensor:
        """[B] to [B, features]: the cosines, then the sines."""
        exponents = torch.linspace(0, 1, self.features // 2, device=value.device)
        frequencies = torch.exp(exponents * math.log(10_000 / 0.5) + math.log(0.5))
        # At 60 000 radians the order of multiplication changes the third decimal; the models were trained with this
        # one.
        angles = value.float()[:, None] * frequencies * 2 * math.pi
        return torch.cat((angles.cos(), angles.sin()), dim=-1)


class LayerNorm(nn.Module):
    """Layer normalization with a trained scale and no bias."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """[..., E] to [..., E], in the dtype of x."""
        return F.layer_norm(x, self.gamma.shape, self.gamma.to(x.dtype), eps=1e-5)


def rotation(tokens: int, head_dim: int, device: torch.device) -> Rotation:
    """The angles of rotary positions 0 ... tokens - 1, for the lower half of a head's dimensions (§2.2)."""
    rotated = head_dim // 2
    frequencies = 10_000.0 ** -(torch.arange(0, rotated, 2, device=device) / rotated)
    angles = torch.arange(tokens, device=device)[:, None] * frequencies
    return angles.cos(), angles.sin()


def rotate(x: Tensor, angles: Rotation) -> Tensor:
    """Rotates the lower half of each head's dimensions by its position's angles.

    The product of a query and a key rotated like this depends on their distance alone.

    Args:
        x: [B, tokens, H, head_dim].
        angles: from `rotation`; they may have a higher precision than x.

    Returns:
        [B, tokens, H, head_dim] in the dtype of x.
    """
    cos, sin = (angle[:, None, :] for angle in angles)
    half = cos.shape[-1]
    a, b, kept = x.split((half, half, x.shape[-1] - 2 * half), dim=-1)
    return torch.cat(
        ((a * cos - b * sin).to(x.dtype), (b * cos + a * sin).to(x.dtype), kept), dim=-1
    )


def attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
    """Scaled dot-product attention, block by block in linear memory (§2.2).

    Args:
        query: [B, tokens, H, head_dim].
        key: [B, others, key heads, head_dim]; key heads divide H, and each serves H / key heads queries.
        value: as key.
        mask: [B, others], True where a token may be attended to; None for everywhere.

    Returns:
        [B, tokens, H * head_dim].
    """
    flash = _flash_for(query, key, value) if mask is None else None
    if flash is not None:
        return flash(query, key, value).flatten(2)
    query, key, value = (x.transpose(1, 2) for x in (query, key, value))
    shown = None if mask is None else mask[:, None, None, :]
    grouped = key.shape[1] < query.shape[1]
    mixed = F.scaled_dot_product_attention(query, key, value, shown, enable_gqa=grouped)
    return mixed.transpose(1, 2).flatten(2)


_HALVES = (torch.float16, torch.bfloat16)
_KERNELS = (("flash_attn.cute", (9, 0)), ("flash_attn_interface", (9, 0)), ("flash_attn", (8, 0)))
"""flash-attn 4, 3 and 2: the module of each, and the lowest compute capability it supports."""


def _flash_for(*tensors: Tensor) -> Callable[[Tensor, Tensor, Tensor], Tensor] | None:
    """The flash-attn kernel for these tensors, if there is one; it handles grouped keys itself.

    Under torch.compile, torch's own attention is used, which the compiler understands.
    """
    on_cuda = all(tensor.is_cuda and tensor.dtype in _HALVES for tensor in tensors)
    if not on_cuda or torch.compiler.is_compiling():
        return None
    return flash_attention(torch.cuda.get_device_capability(tensors[0].device))


@cache
def flash_attention(
    capability: tuple[int, int],
) -> Callable[[Tensor, Tensor, Tensor], Tensor] | None:
    """The newest flash-attn that is installed, importable, and supports this compute capability."""
    for name, least in _KERNELS:
        if capability < least:
            continue
        try:
            kernel: Callable[..., Any] = importlib.import_module(name).flash_attn_func
        except (ImportError, OSError, AttributeError) as error:
            log.debug("no %s: %s", name, error)
            continue
        log.info("attention by %s", name)
        return partial(_first, kernel)
    return None


def _first(kernel: Callable[..., Any], query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """The kernel's output; some kernels also return the log-sum-exp."""
    mixed = kernel(query, key, value)
    return mixed[0] if isinstance(mixed, tuple) else mixed


HeadNorm = Callable[[int], nn.Module]
"""Builds the normalization of queries and keys with so many dimensions; the paper's model has none."""


class SelfAttention(nn.Module):
    """Self-attention with rotary positions on queries and keys (§2.2)."""

    def __init__(self, width: int, heads: int, norm: HeadNorm = nn.Identity) -> None:
        super().__init__()
        self.heads = heads
        self.to_qkv = nn.Linear(width, 3 * width, bias=False)
        self.to_out = nn.Linear(width, width, bias=False)
        self.q_norm = norm(width // heads)
        self.k_norm = norm(width // heads)

    def forward(self, x: Tensor, angles: Rotation) -> Tensor:
        """[B, tokens, E] to [B, tokens, E]."""
        query, key, value = self.to_qkv(x).unflatten(-1, (3, self.heads, -1)).unbind(2)
        query, key = rotate(self.q_norm(query), angles), rotate(self.k_norm(key), angles)
        return self.to_out(attention(query, key, value))


class CrossAttention(nn.Module):
    """Cross-attention to the conditioning tokens; narrower ones serve as grouped keys and values (§2.2)."""

    def __init__(
        self, width: int, cross_width: int, heads: int, norm: HeadNorm = nn.Identity
    ) -> None:
        super().__init__()
        self.head_dim = width // heads
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_kv = nn.Linear(cross_width, 2 * cross_width, bias=False)
        self.to_out = nn.Linear(width, width, bias=False)
        self.q_norm = norm(self.head_dim)
        self.k_norm = norm(self.head_dim)

    def forward(self, x: Tensor, cross: Tensor, mask: Tensor | None) -> Tensor:
        """[B, tokens, E] with cross [B, L, cross width] and mask [B, L] to [B, tokens, E]."""
        query = self.to_q(x).unflatten(-1, (-1, self.head_dim))
        key, value = self.to_kv(cross).unflatten(-1, (2, -1, self.head_dim)).unbind(2)
        return self.to_out(attention(self.q_norm(query), self.k_norm(key), value, mask))


class GLU(nn.Module):
    """Gated linear unit: the first half of a linear layer's output is the value, the second its gate."""

    def __init__(
        self, width: int, inner: int, activation: Callable[[Tensor], Tensor] = F.silu
    ) -> None:
        super().__init__()
        self.proj = nn.Linear(width, 2 * inner)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """[..., E] to [..., inner]."""
        value, gate = self.proj(x).chunk(2, dim=-1)
        return value * self.activation(gate)


class FeedForward(nn.Module):
    """The gated MLP of a block (§2.2), with `multiple` times the width inside."""

    def __init__(
        self, width: int, multiple: int = 4, activation: Callable[[Tensor], Tensor] = F.silu
    ) -> None:
        super().__init__()
        inner = multiple * width
        self.ff = nn.Sequential(
            GLU(width, inner, activation), nn.Identity(), nn.Linear(inner, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """[..., E] to [..., E]."""
        return self.ff(x)


class TransformerBlock(nn.Module):
    """Self-attention, cross-attention and gated MLP, each with a pre-norm and a skip connection (Figure 2)."""

    def __init__(
        self, width: int, cross_width: int, heads: int, norm: HeadNorm = nn.Identity
    ) -> None:
        super().__init__()
        self.pre_norm = LayerNorm(width)
        self.self_attn = SelfAttention(width, heads, norm)
        self.cross_attend_norm = LayerNorm(width)
        self.cross_attn = CrossAttention(width, cross_width, heads, norm)
        self.ff_norm = LayerNorm(width)
        self.ff = FeedForward(width)

    def forward(self, x: Tensor, angles: Rotation, cross: Tensor, mask: Tensor | None) -> Tensor:
        """[B, tokens, E] to [B, tokens, E]."""
        x = x + self.self_attn(self.pre_norm(x), angles)
        x = x + self.cross_attn(self.cross_attend_norm(x), cross, mask)
        return x + self.ff(self.ff_norm(x))

    def branch_outputs(self) -> tuple[nn.Linear, ...]:
        """The last layer of each residual branch; with zeros there, a block is the identity."""
        last = self.ff.ff[2]
        assert isinstance(last, nn.Linear)
        return self.self_attn.to_out, self.cross_attn.to_out, last
