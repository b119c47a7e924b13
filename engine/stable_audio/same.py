"""SAME, the autoencoders of Stable Audio 3: transformers between 16 patches of 256 samples and one latent frame.

Every latent frame is a group of 17 tokens: 16 patches and one more, which becomes the latent frame in the encoder and
is made from it in the decoder. SAME-S attends within pairs of frames (folded; the pairs shift by one frame half-way),
SAME-L up to one frame to either side (banded). Decoding is deterministic unless a generator is given for the
reference's noise. Knows nothing of diffusion or text.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.autoencoder import AUDIO_CHANNELS, Autoencoder
from engine.errors import ShapeError
from engine.layers import FeedForward, Rotation, rotation
from engine.registry import SameConfig
from engine.stable_audio.differential import DifferentialSelfAttention

PATCH = 256
"""Audio samples per channel and token."""
STRIDE = 16
"""Patches per latent frame."""
GROUP = STRIDE + 1
"""Tokens per latent frame inside the transformer."""
HEAD_DIM = 64
LATENT_NOISE = 1e-3
"""Standard deviation of the noise that the reference adds to latents before decoding."""


class DynamicTanh(nn.Module):
    """gamma tanh(alpha x) + beta: a replacement for normalization, without statistics."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.full((1,), 4.0))
        self.gamma = nn.Parameter(torch.ones(width))
        self.beta = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """[..., E] to [..., E]."""
        return torch.addcmul(self.beta, self.gamma, (self.alpha * x).tanh_())


class SameBlock(nn.Module):
    """Differential self-attention and a gated MLP, each with a dynamic tanh before it and a skip connection."""

    def __init__(self, width: int, band: int | None, sine: bool) -> None:
        super().__init__()
        self.pre_norm = DynamicTanh(width)
        self.self_attn = DifferentialSelfAttention(width, width // HEAD_DIM, DynamicTanh, band)
        self.ff_norm = DynamicTanh(width)
        self.ff = FeedForward(width, multiple=3, activation=_sine if sine else F.silu)

    def forward(self, x: Tensor, angles: Rotation) -> Tensor:
        """[B, tokens, E] to [B, tokens, E]."""
        x = x + self.self_attn(self.pre_norm(x), angles)
        return x + self.ff(self.ff_norm(x))


def _sine(x: Tensor) -> Tensor:
    """sin(pi x), with pi rounded as in the reference."""
    return torch.sin(3.14159265359 * x)


class SameTransformer(nn.Module):
    """The blocks of an encoder or decoder and the learned token, on groups of 17 tokens."""

    def __init__(self, config: SameConfig, sine_layers: int) -> None:
        super().__init__()
        self.folded = config.folded
        self.new_tokens = nn.Parameter(1e-5 * torch.randn(1, 1, config.width))
        self.transformers = nn.ModuleList(
            SameBlock(
                config.width, None if config.folded else GROUP, layer >= config.depth - sine_layers
            )
            for layer in range(config.depth)
        )

    def forward(self, x: Tensor) -> Tensor:
        """[B, T * 17, E] to the same shape; T is even if attention is folded."""
        if not self.folded:
            return self._run(self.transformers, x, x.shape[1])
        half = len(self.transformers) // 2
        x = self._run(self.transformers[:half], x, 2 * GROUP)
        # With the outer frames repeated, every pair of the second half straddles two pairs of the first.
        x = torch.cat((x[:, :GROUP], x, x[:, -GROUP:]), dim=1)
        return self._run(self.transformers[half:], x, 2 * GROUP)[:, GROUP:-GROUP]

    @staticmethod
    def _run(blocks: nn.ModuleList | Sequence[nn.Module], x: Tensor, span: int) -> Tensor:
        """Runs the blocks on independent spans of so many tokens."""
        folded = x.reshape(-1, span, x.shape[-1])
        angles = rotation(span, HEAD_DIM, x.device)
        for block in blocks:
            folded = block(folded, angles)
        return folded.reshape(x.shape)


class SameEncoder(SameTransformer):
    """Patches to latents: the last token of each group, the learned one, becomes the latent frame."""

    def __init__(self, config: SameConfig) -> None:
        super().__init__(config, sine_layers=0)
        self.mapping = nn.Conv1d(AUDIO_CHANNELS * PATCH, config.width, 1)
        self.to_latents = nn.Linear(config.width, config.latent_channels)

    def forward(self, audio: Tensor) -> Tensor:
        """[B, 2, N], N a whole number of latent frames, to [B, D, T]."""
        frames = audio.shape[-1] // (PATCH * STRIDE)
        if self.folded:
            audio = F.pad(audio, (0, (frames % 2) * PATCH * STRIDE))
        patches = audio.unflatten(-1, (-1, PATCH)).transpose(1, 2).flatten(2)
        tokens = self.mapping(patches.mT).mT.unflatten(1, (-1, STRIDE))
        groups = torch.cat((tokens, self.new_tokens.expand(*tokens.shape[:2], 1, -1)), dim=2)
        x = super().forward(groups.flatten(1, 2))
        return self.to_latents(x[:, STRIDE::GROUP]).mT[..., :frames]


class SameDecoder(SameTransformer):
    """Latents to patches: each latent frame is followed by 16 copies of the learned token, which become its audio."""

    def __init__(self, config: SameConfig) -> None:
        super().__init__(config, config.sine_layers)
        self.mask_noise = config.mask_noise
        self.from_latents = nn.Linear(config.latent_channels, config.width)
        self.mapping = nn.Conv1d(
            config.width,
            AUDIO_CHANNELS * PATCH,
            config.mapping_kernel,
            padding=config.mapping_kernel // 2,
        )

    def forward(self, latents: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """[B, D, T] to [B, 2, N]; with a generator, noise is added to the learned tokens."""
        frames = latents.shape[-1]
        x = self.from_latents(latents.mT)[:, :, None]
        if self.folded:
            x = F.pad(x, (0, 0, 0, 0, 0, frames % 2))
        new_tokens = self.new_tokens[:, None].expand(*x.shape[:2], STRIDE, -1)
        if generator is not None:
            new_tokens = new_tokens + self.mask_noise * _noise(new_tokens, generator)
        x = super().forward(torch.cat((x, new_tokens), dim=2).flatten(1, 2))
        patches = self.mapping(x.unflatten(1, (-1, GROUP))[:, :, 1:].flatten(1, 2).mT)
        audio = patches.unflatten(1, (AUDIO_CHANNELS, PATCH)).transpose(2, 3).flatten(2)
        return audio[..., : frames * STRIDE * PATCH]


class SoftNorm(nn.Module):
    """The bottleneck: a trained scale and shift, and a running standard deviation; it is deterministic."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scaling_factor = nn.Parameter(torch.ones(1, channels, 1))
        self.bias = nn.Parameter(torch.zeros(1, channels, 1))
        self.register_buffer("running_std", torch.ones(1))
        self.running_std: Tensor

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """[B, D, T] to latents of about unit variance, and their standard deviation, which is zero."""
        latents = (x * self.scaling_factor + self.bias) / self.running_std
        return latents, torch.zeros_like(latents)

    def restored(self, latents: Tensor, generator: torch.Generator | None) -> Tensor:
        """Latents [B, D, T] at the scale of the decoder."""
        if generator is not None:
            latents = latents + LATENT_NOISE * _noise(latents, generator)
        return latents * self.running_std


class SameAutoencoder(Autoencoder):
    """SAME-S (108 M parameters, folded) or SAME-L (852 M, banded): stereo to 256 channels at 10.8 Hz and back."""

    encoder: SameEncoder
    decoder: SameDecoder
    bottleneck: SoftNorm

    def __init__(self, config: SameConfig) -> None:
        # Folded: the pairs of both halves, and the kernel across their border. Banded: one frame per block.
        super().__init__(config, halo=2 if config.folded else config.depth)
        self.alignment = 2 if config.folded else 1
        self.encoder = SameEncoder(config)
        self.decoder = SameDecoder(config)
        self.bottleneck = SoftNorm(config.latent_channels)

    def decode(self, latents: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Turns latents into a waveform.

        Args:
            latents: [B, D, T].
            generator: source of the reference's decoding noise; decoding is deterministic without it.

        Returns:
            [B, 2, N] with N = T * downsampling_ratio, not clipped.

        Raises:
            ShapeError: if D is not the model's latent width.
        """
        if latents.ndim != 3 or latents.shape[1] != self.latent_channels:
            raise ShapeError(
                f"The decoder takes latents [B, {self.latent_channels}, T]; it got {list(latents.shape)}."
            )
        return self.decoder(self.bottleneck.restored(latents, generator), generator)


def _noise(like: Tensor, generator: torch.Generator) -> Tensor:
    """Standard normal noise in the shape of `like`, drawn on the CPU so that it is the same on every device."""
    return torch.randn(like.shape, generator=generator, dtype=torch.float32).to(like)
