"""The differential and banded attention of Stable Audio 3.

Differential: two attentions over the same values, the second subtracted from the first. Banded: a token attends only to
its neighbours, in memory linear in the length. Tokens in, tokens out: knows nothing of audio or diffusion.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.layers import Rotation, attention, rotate

BLOCK = 64
"""Queries that share one window of keys: a larger block repeats fewer keys, a smaller one masks fewer products."""


def banded_attention(query: Tensor, key: Tensor, value: Tensor, band: int) -> Tensor:
    """Attention of every token to the tokens at most `band` away; exact, in memory linear in the length.

    Args:
        query: [B, tokens, H, head_dim].
        key: as query.
        value: as query.
        band: how many tokens a token attends to on either side.

    Returns:
        [B, tokens, H * head_dim].
    """
    batch, tokens = query.shape[:2]
    blocks = -(-tokens // BLOCK)
    spare = blocks * BLOCK - tokens
    query = F.pad(query, (0, 0, 0, 0, 0, spare)).unflatten(1, (blocks, BLOCK)).flatten(0, 1)
    key, value = (
        F.pad(x, (0, 0, 0, 0, band, band + spare)).unfold(1, BLOCK + 2 * band, BLOCK).flatten(0, 1)
        for x in (key, value)
    )
    mask = _band_mask(tokens, band, query.device).repeat(batch, 1, 1)[:, None]
    query, key, value = query.transpose(1, 2), key.transpose(2, 3), value.transpose(2, 3)
    near = F.scaled_dot_product_attention(query, key, value, mask)
    return near.transpose(1, 2).flatten(2).unflatten(0, (batch, blocks)).flatten(1, 2)[:, :tokens]


def _band_mask(tokens: int, band: int, device: torch.device) -> Tensor:
    """[blocks, BLOCK, BLOCK + 2 band]: which keys of its window a query attends to."""
    first = torch.arange(0, tokens, BLOCK, device=device)[:, None, None]
    query = torch.arange(BLOCK, device=device)[:, None]
    key = torch.arange(-band, BLOCK + band, device=device)
    near = (key - query).abs() <= band
    real = (first + key >= 0) & (first + key < tokens)
    # The padding queries after the last token attend to themselves, so that no row of the softmax is empty.
    return near & (real | (key == query))


class DifferentialSelfAttention(nn.Module):
    """Self-attention minus a second self-attention with the same values and its own queries and keys.

    Args:
        width: of the tokens.
        heads: number of heads of each of the two attentions.
        norm: builds the normalization of queries and keys from the head's dimensions.
        band: how many tokens a token attends to on either side; None for all.
    """

    def __init__(
        self, width: int, heads: int, norm: Callable[[int], nn.Module], band: int | None = None
    ) -> None:
        super().__init__()
        self.heads = heads
        self.attend = attention if band is None else partial(banded_attention, band=band)
        self.to_qkv = nn.Linear(width, 5 * width, bias=False)
        self.to_out = nn.Linear(width, width, bias=False)
        self.q_norm = norm(width // heads)
        self.k_norm = norm(width // heads)

    def forward(self, x: Tensor, angles: Rotation) -> Tensor:
        """[B, tokens, E] to [B, tokens, E]."""
        return self.attended(self.to_qkv(x), angles)

    def attended(self, projected: Tensor, angles: Rotation) -> Tensor:
        """The rest of it, from what `to_qkv` gives: [B, tokens, 5 E] to [B, tokens, E]."""
        # The checkpoints order the five parts q, k, v, q', k'.
        parts = projected.unflatten(-1, (5, self.heads, -1))
        query = rotate(self.q_norm(parts[:, :, 0::3]).flatten(2, 3), angles)
        key = rotate(self.k_norm(parts[:, :, 1::3]).flatten(2, 3), angles)
        value = parts[:, :, 2].repeat(1, 1, 2, 1)
        return self.to_out(_difference(self.attend(query, key, value)))


class DifferentialCrossAttention(nn.Module):
    """Cross-attention minus a second cross-attention with the same values."""

    def __init__(self, width: int, heads: int, norm: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(width, 2 * width, bias=False)
        self.to_kv = nn.Linear(width, 3 * width, bias=False)
        self.to_out = nn.Linear(width, width, bias=False)
        self.q_norm = norm(width // heads)
        self.k_norm = norm(width // heads)

    def forward(self, x: Tensor, cross: Tensor, mask: Tensor | None) -> Tensor:
        """[B, tokens, E] with cross [B, L, E] and mask [B, L] or None to [B, tokens, E]."""
        query = self.q_norm(self.to_q(x).unflatten(-1, (2 * self.heads, -1)))
        # Here the order is k, k', v.
        parts = self.to_kv(cross).unflatten(-1, (3, self.heads, -1))
        key = self.k_norm(parts[:, :, :2].flatten(2, 3))
        value = parts[:, :, 2].repeat(1, 1, 2, 1)
        return self.to_out(_difference(attention(query, key, value, mask)))


def _difference(both: Tensor) -> Tensor:
    """[B, tokens, 2 E], the two attentions concatenated, to their difference."""
    first, second = both.chunk(2, dim=-1)
    return first - second
