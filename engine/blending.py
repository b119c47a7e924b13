"""Two prompts in one: their text features mixed, so that a take or a stream lies between them.

Costs nothing per step; mixing two guided estimates instead moves the timbre alike, at half as much again. Knows nothing
of where prompts come from.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from engine.conditioning import Conditioning
from engine.registry import DiTConfig, ModelSpec


def blended(
    first: Conditioning, second: Conditioning, share: float, model: ModelSpec
) -> Conditioning:
    """What `first` asks, its words moved towards those of `second` by a share of 0 to 1; 0 is `first` itself.

    Features are mixed token by token. Where padding is masked out, the shorter text's tokens are repeated until it has
    as many as the other: their order is nothing to attention, and a token beside none would weigh as much as two.
    """
    if share == 0:
        return first
    count = first.text_tokens
    if isinstance(model.dit, DiTConfig) and model.dit.mask_cross and share < 1:
        longest = torch.maximum(_lengths(first), _lengths(second))
        first, second = _stretched(first, longest), _stretched(second, longest)
    text = torch.lerp(first.cross[:, :count], second.cross[:, :count], share)
    return _with_text(first, text, second.cross_mask[:, :count])


def _lengths(asked: Conditioning) -> Tensor:
    """[B]: how many tokens each text has."""
    return asked.cross_mask[:, : asked.text_tokens].sum(dim=1)


def _stretched(asked: Conditioning, lengths: Tensor) -> Conditioning:
    """Texts with so many tokens [B], no fewer than they have: each as often as its neighbours, or once more."""
    count = asked.text_tokens
    places, wanted = torch.arange(count, device=lengths.device), lengths[:, None]
    inside = places < wanted
    source = torch.where(inside, places * _lengths(asked)[:, None] // wanted.clamp(min=1), places)
    width = asked.cross.shape[2]
    text = asked.cross[:, :count].gather(1, source[..., None].expand(-1, -1, width))
    return _with_text(asked, text, inside)


def _with_text(asked: Conditioning, text: Tensor, mask: Tensor) -> Conditioning:
    count = asked.text_tokens
    return replace(
        asked,
        cross=torch.cat((text, asked.cross[:, count:]), dim=1),
        cross_mask=torch.cat((mask, asked.cross_mask[:, count:]), dim=1),
    )
