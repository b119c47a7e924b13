"""The diffusion transformer of Stable Audio 3: the paper's (engine/dit.py) with adaptive layer norms.

Differences from the paper: time and seconds_total scale, shift and gate every branch instead of being prepended; 64
memory tokens are prepended; norms are RMS norms, also of queries and keys; what is kept of a recording (inpainting) is
added frame by frame in every block; medium has differential attention. Module names are those of the checkpoints. Knows
nothing of prompts or of what the output means.
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from engine.conditioning import Conditioning
from engine.dit import TIME_FEATURES, convolution, projection
from engine.errors import ShapeError
from engine.layers import (
    CrossAttention,
    FeedForward,
    GeometricFeatures,
    Rotation,
    SelfAttention,
    rotation,
)
from engine.registry import AdaptiveDiTConfig
from engine.stable_audio.differential import DifferentialCrossAttention, DifferentialSelfAttention

MEMORY_TOKENS = 64
HEAD_DIM = 64


class RMSNorm(nn.Module):
    """Root-mean-square normalization with a trained scale, always computed in float32."""

    def __init__(self, width: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """[..., E] to [..., E], in the dtype of x."""
        return F.rms_norm(x.float(), self.gamma.shape, self.gamma.float(), self.eps).to(x.dtype)


def _head_norm(head_dim: int) -> RMSNorm:
    return RMSNorm(head_dim, eps=1e-6)


class AdaptiveBlock(nn.Module):
    """The block of Figure 2, its self-attention and MLP modulated by time and length, with local conditioning."""

    def __init__(self, config: AdaptiveDiTConfig) -> None:
        super().__init__()
        width, heads = config.width, config.width // HEAD_DIM
        self.pre_norm = RMSNorm(width)
        self.cross_attend_norm = RMSNorm(width)
        if config.differential:
            self.self_attn = DifferentialSelfAttention(width, heads, _head_norm)
            self.cross_attn = DifferentialCrossAttention(width, heads, _head_norm)
        else:
            self.self_attn = SelfAttention(width, heads, _head_norm)
            self.cross_attn = CrossAttention(width, width, heads, _head_norm)
        self.ff_norm = RMSNorm(width)
        self.ff = FeedForward(width)
        self.to_scale_shift_gate = nn.Parameter(torch.randn(6 * width) / width**0.5)
        self.to_local_embed = projection(1 + config.latent_channels, width, bias=True)

    def forward(
        self, x: Tensor, angles: Rotation, cross: Tensor, modulation: Tensor, local: Tensor
    ) -> Tensor:
        """One block.

        Args:
            x: [B, memory and T, E].
            angles: of all these positions.
            cross: [B, L, E]; there is no mask, as padding is attended to.
            modulation: [B, 6 E].
            local: [B, T, 1 + D], or [B, 1, 1 + D] if all frames are the same.

        Returns:
            [B, memory and T, E].
        """
        parts = (self.to_scale_shift_gate + modulation)[:, None].chunk(6, dim=-1)
        scale, shift, gate, scale_ff, shift_ff, gate_ff = parts
        attended = self.self_attn(torch.addcmul(shift, self.pre_norm(x), 1 + scale), angles)
        x = torch.addcmul(x, torch.sigmoid(1 - gate), attended)
        x = x + self.cross_attn(self.cross_attend_norm(x), cross, None)
        x[:, MEMORY_TOKENS:] += self.to_local_embed(local)
        passed = self.ff(torch.addcmul(shift_ff, self.ff_norm(x), 1 + scale_ff))
        return torch.addcmul(x, torch.sigmoid(1 - gate_ff), passed)


class AdaptiveTransformer(nn.Module):
    """Linear layers in and out, the memory tokens, the modulation that all blocks share, and the blocks."""

    def __init__(self, config: AdaptiveDiTConfig) -> None:
        super().__init__()
        width = config.width
        self.memory_tokens = nn.Parameter(torch.randn(MEMORY_TOKENS, width))
        self.project_in = nn.Linear(config.latent_channels, width, bias=False)
        self.global_cond_embedder = nn.Sequential(
            nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 6 * width)
        )
        self.layers = nn.ModuleList(AdaptiveBlock(config) for _ in range(config.depth))
        self.project_out = nn.Linear(width, config.latent_channels, bias=False)


class AdaptiveDiT(nn.Module):
    """The diffusion transformer of Stable Audio 3 small (459 M parameters) and medium (1.45 B).

    Attributes:
        checkpointing: whether training stores only each block's input and recomputes the rest.
    """

    def __init__(self, config: AdaptiveDiTConfig, global_width: int) -> None:
        super().__init__()
        self.config = config
        self.checkpointing = False
        self.to_cond_embed = projection(config.cross_width, config.width)
        self.to_global_embed = projection(global_width, config.width)
        self.timestep_features = GeometricFeatures(TIME_FEATURES)
        self.to_timestep_embed = projection(TIME_FEATURES, config.width, bias=True)
        self.preprocess_conv = convolution(config.latent_channels)
        self.postprocess_conv = convolution(config.latent_channels)
        self.transformer = AdaptiveTransformer(config)

    def forward(self, x: Tensor, t: Tensor, conditioning: Conditioning) -> Tensor:
        """The network's output for noised latents at time t: the velocity of the rectified flow.

        Args:
            x: [B, D, T] noised latents; any T.
            t: [B], 1 is noise and 0 is clean.
            conditioning: of B items; its `kept`, if any, has T frames.

        Returns:
            [B, D, T] in the dtype of x.

        Raises:
            ShapeError: if x is not [B, D, T] with the model's D.
        """
        channels = self.config.latent_channels
        if x.ndim != 3 or x.shape[1] != channels:
            raise ShapeError(f"The latents are [B, {channels}, T]; these are {list(x.shape)}.")
        transformer = self.transformer
        dtype = transformer.memory_tokens.dtype
        latents = x.to(dtype)

        cross = self.to_cond_embed(conditioning.cross.to(dtype))
        modulation = transformer.global_cond_embedder(
            self.to_global_embed(conditioning.global_.to(dtype)) + self._time(t, dtype)
        )
        # If nothing is kept, all frames have the same local conditioning, which is computed once.
        local = conditioning.kept
        local = latents.new_zeros(len(x), 1, 1 + channels) if local is None else local.to(dtype).mT

        tokens = transformer.project_in((latents + self.preprocess_conv(latents)).mT)
        tokens = torch.cat((transformer.memory_tokens.expand(len(x), -1, -1), tokens), dim=1)
        angles = rotation(tokens.shape[1], HEAD_DIM, x.device)
        for block in transformer.layers:
            arguments = (tokens, angles, cross, modulation, local)
            if self.checkpointing and torch.is_grad_enabled():
                tokens = cast(Tensor, checkpoint(block, *arguments, use_reentrant=False))
            else:
                tokens = cast(AdaptiveBlock, block)(*arguments)

        output = transformer.project_out(tokens[:, MEMORY_TOKENS:]).mT
        return (output + self.postprocess_conv(output)).to(x.dtype)

    def _time(self, t: Tensor, dtype: torch.dtype) -> Tensor:
        """[B] to [B, E]; float16 rounds t first, as in the reference, while bfloat16 would be too coarse."""
        t = t.half() if dtype == torch.float16 else t
        return self.to_timestep_embed(self.timestep_features(t.float()).to(dtype))
