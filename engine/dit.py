"""The diffusion transformer (§2.2, Figure 2): noised latents, the time and the conditioning in, a prediction out.

The file follows the figure. Knows nothing of prompts (conditioning.py turns them into vectors) or of what the output
means (samplers/objectives.py); it has the shape of the latents.
"""

from __future__ import annotations

import math
from functools import partial
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from engine.conditioning import GRID_ROWS, Conditioning
from engine.errors import ShapeError
from engine.layers import FourierFeatures, TransformerBlock, rotation
from engine.registry import DiTConfig

TIME_FEATURES = 256


def projection(width: int, to_width: int, bias: bool = False) -> nn.Sequential:
    """The two-layer perceptron through which each kind of conditioning enters."""
    return nn.Sequential(
        nn.Linear(width, to_width, bias=bias), nn.SiLU(), nn.Linear(to_width, to_width, bias=bias)
    )


class Transformer(nn.Module):
    """Linear layers in and out, and the blocks between them."""

    def __init__(self, config: DiTConfig, cross_width: int) -> None:
        super().__init__()
        channels = config.latent_channels * config.frames_per_token
        self.project_in = nn.Linear(channels, config.width, bias=False)
        norm = partial(nn.LayerNorm, eps=1e-6) if config.qk_norm else nn.Identity
        self.layers = nn.ModuleList(
            TransformerBlock(config.width, cross_width, config.heads, norm)
            for _ in range(config.depth)
        )
        self.project_out = nn.Linear(config.width, channels, bias=False)


class DiT(nn.Module):
    """The diffusion transformer: time and timing as a prepended token, text and timing by cross-attention, a grid.

    Attributes:
        checkpointing: whether training stores only each block's input and recomputes the rest (§2.2).
    """

    def __init__(self, config: DiTConfig, global_width: int) -> None:
        super().__init__()
        self.config = config
        self.checkpointing = False
        cross_width = config.width if config.project_cross else config.cross_width
        self.to_cond_embed = projection(config.cross_width, cross_width)
        self.to_global_embed = projection(global_width, config.width)
        self.timestep_features = FourierFeatures(TIME_FEATURES)
        self.to_timestep_embed = projection(TIME_FEATURES, config.width, bias=True)
        self.preprocess_conv = convolution(config.latent_channels)
        self.postprocess_conv = convolution(config.latent_channels)
        if config.grid:
            self.to_grid_embed = nn.Linear(
                GRID_ROWS * config.frames_per_token, config.width, bias=False
            )
        if config.pooled_text:
            self.to_text_embed = projection(config.cross_width, config.width)
        self.transformer = Transformer(config, cross_width)
        self._zero_branches()

    def forward(self, x: Tensor, t: Tensor, conditioning: Conditioning) -> Tensor:
        """The network's output for noised latents at time t (the objective defines its meaning).

        Args:
            x: [B, D, T] noised latents; any T.
            t: [B], 1 is noise and 0 is clean.
            conditioning: of B items; its grid, if the model has one, has T frames.

        Returns:
            [B, D, T].

        Raises:
            ShapeError: if x is not [B, D, T] with the model's D.
        """
        if x.ndim != 3 or x.shape[1] != self.config.latent_channels:
            known = self.config.latent_channels
            raise ShapeError(f"The latents are [B, {known}, T]; these are {list(x.shape)}.")
        cross = self.to_cond_embed(conditioning.cross)
        first = self.to_global_embed(conditioning.global_)
        first = first + self.to_timestep_embed(self.timestep_features(t))

        tokens = self.transformer.project_in(self.fold(x + self.preprocess_conv(x)))
        if self.config.grid and conditioning.grid is not None:
            tokens = tokens + self.to_grid_embed(self.fold(conditioning.grid))
        if self.config.pooled_text:
            tokens = tokens + self.to_text_embed(conditioning.pooled_text())[:, None]
        tokens = torch.cat((first[:, None].to(tokens.dtype), tokens), dim=1)

        angles = rotation(tokens.shape[1], self.config.width // self.config.heads, x.device)
        mask = conditioning.cross_mask if self.config.mask_cross else None
        for block in self.transformer.layers:
            arguments = (tokens, angles, cross, mask)
            if self.checkpointing and torch.is_grad_enabled():
                tokens = cast(Tensor, checkpoint(block, *arguments, use_reentrant=False))
            else:
                tokens = block(*arguments)

        output = self.unfold(self.transformer.project_out(tokens[:, 1:]), frames=x.shape[-1])
        return output + self.postprocess_conv(output)

    def fold(self, x: Tensor) -> Tensor:
        """[B, D, T] to tokens [B, ceil(T / k), k * D] of k = frames_per_token frames each, frame after frame."""
        k = self.config.frames_per_token
        return F.pad(x, (0, -x.shape[-1] % k)).mT.unflatten(1, (-1, k)).flatten(2)

    def unfold(self, tokens: Tensor, frames: int) -> Tensor:
        """The inverse of `fold`: the first T = frames frames, [B, D, T]."""
        return (
            tokens.unflatten(2, (self.config.frames_per_token, -1)).flatten(1, 2).mT[..., :frames]
        )

    def initialize(self, generator: torch.Generator) -> None:
        """Initialises all weights reproducibly, and the last layer of each branch with zeros.

        Linear layers and convolutions are uniform in ±1/sqrt(inputs), frequencies standard normal.
        """
        with torch.no_grad():
            for module in self.modules():
                if isinstance(module, (nn.Linear, nn.Conv1d)):
                    bound = 1 / math.sqrt(module.weight[0].numel())
                    for parameter in module.parameters():
                        parameter.uniform_(-bound, bound, generator=generator)
                elif isinstance(module, FourierFeatures):
                    module.weight.normal_(generator=generator)
        self._zero_branches()

    def _zero_branches(self) -> None:
        """Zeroes every residual branch, so that training starts from the input and output layers alone."""
        zeroed: list[nn.Module] = [self.preprocess_conv, self.postprocess_conv]
        if self.config.pooled_text:
            zeroed.append(self.to_text_embed[2])
        for block in self.transformer.layers:
            zeroed += cast(TransformerBlock, block).branch_outputs()
        for module in zeroed:
            for parameter in module.parameters():
                nn.init.zeros_(parameter)


def convolution(channels: int) -> nn.Conv1d:
    """The 1 x 1 convolution beside a skip connection at either end of the network."""
    return nn.Conv1d(channels, channels, kernel_size=1, bias=False)
