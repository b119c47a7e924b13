"""SAME, the autoencoders of Stable Audio 3: transformers between 16 patches of 256 samples and one latent frame.

Every latent frame is a group of 17 tokens: 16 patches and one more, which becomes the latent frame in the encoder and
is made from it in the decoder. SAME-S attends within pairs of frames (folded; the pairs shift by one frame half-way),
SAME-L up to one frame to either side (banded). Decoding is deterministic unless a generator is given for the
reference's noise. Knows nothing of diffusion or text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

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
        # tanh x = 2 sigmoid(2 x) - 1, which torch computes six times as fast.
        rising = (2 * self.alpha * x).sigmoid_()
        return torch.addcmul(self.beta - self.gamma, 2 * self.gamma, rising)


class SameBlock(nn.Module):
    """Differential self-attention and a gated MLP, each with a dynamic tanh before it and a skip connection."""

    def __init__(self, width: int, band: int | None, sine: bool) -> None:
        super().__init__()
        self.pre_norm = DynamicTanh(width)
        self.self_attn = DifferentialSelfAttention(width, width // HEAD_DIM, DynamicTanh, band)
        self.ff_norm = DynamicTanh(width)
        self.ff = FeedForward(width, multiple=3, activation=_sine if sine else F.silu)

    def projected(self, x: Tensor) -> Tensor:
        """Queries, keys and values of tokens [..., E], [..., 5 E]: they depend on each token alone."""
        return self.self_attn.to_qkv(self.pre_norm(x))

    def forward(self, x: Tensor, angles: Rotation, projected: Tensor | None = None) -> Tensor:
        """[B, tokens, E] to [B, tokens, E]; `projected`, if known, is what the method of this name gives for x."""
        projected = self.projected(x) if projected is None else projected
        x = x + self.self_attn.attended(projected, angles)
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
        self._half = config.depth // 2

    def forward(self, x: Tensor, projected: Tensor | None = None) -> Tensor:
        """[B, T * 17, E] to the same shape; T is even if attention is folded. `projected`: of the first block."""
        if not self.folded:
            return self._run(self.transformers, x, x.shape[1], projected)
        x = self.first_half(x, projected)
        return self.second_half(torch.cat((x[:, :GROUP], x, x[:, -GROUP:]), dim=1))[:, GROUP:-GROUP]

    def first_half(self, x: Tensor, projected: Tensor | None = None) -> Tensor:
        """Pairs of frames, the first of which begins the sound: [B, T * 17, E], T even, to the same shape."""
        return self._run(self.transformers[: self._half], x, 2 * GROUP, projected)

    def second_half(self, x: Tensor) -> Tensor:
        """Pairs that straddle those of the first half; a frame that has no neighbour is its own."""
        return self._run(self.transformers[self._half :], x, 2 * GROUP)

    @staticmethod
    def _run(
        blocks: Iterable[nn.Module], x: Tensor, span: int, projected: Tensor | None = None
    ) -> Tensor:
        """Runs the blocks on independent spans of so many tokens."""
        folded = x.reshape(-1, span, x.shape[-1])
        if projected is not None:
            projected = projected.reshape(-1, span, projected.shape[-1])
        angles = rotation(span, HEAD_DIM, x.device)
        for block in blocks:
            folded, projected = block(folded, angles, projected), None
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
        x = super().forward(*self._begun(latents, generator))
        return self._audio(x)[..., : frames * STRIDE * PATCH]

    def continued(
        self, latents: Tensor, past: Tensor | None, ahead: int
    ) -> tuple[Tensor, Tensor | None]:
        """Folded attention: decodes further frames; what the frames before contribute is not computed again.

        Args:
            latents: [B, D, T], those that follow all that earlier calls got; T is even except at the sound's end.
            past: what the call before returned; None to begin.
            ahead: how many of all frames given so far are ahead of where the next call's audio begins; 0 at the end.

        Returns:
            The audio from the first frame, or with a past from one frame before where the call before stopped; and
            the past of the next call: the last frame between the halves, and `ahead` finished ones.
        """
        known, done = (None, None) if past is None else (past[:, :GROUP], past[:, GROUP:])
        x = self.first_half(*self._begun(latents))
        # The sound's first and last frame are repeated, so that every pair straddles two pairs of the first half; in
        # between, the last frame waits for its neighbour.
        x = torch.cat((x[:, :GROUP] if known is None else known, x), dim=1)
        last = x[:, -GROUP:]
        x = self.second_half(x[:, :-GROUP] if ahead else torch.cat((x, last), dim=1))
        x = x[:, GROUP:] if done is None else torch.cat((done, x), dim=1)
        x = x if ahead else x[:, :-GROUP]
        past = torch.cat((last, x[:, -ahead * GROUP :]), dim=1) if ahead else None
        return self._audio(x), past

    def _begun(
        self, latents: Tensor, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """The tokens of latents [B, D, T], [B, T * 17, E], and what the first block projects them to."""
        x = self.from_latents(latents.mT)[:, :, None]
        if self.folded:
            x = F.pad(x, (0, 0, 0, 0, 0, latents.shape[-1] % 2))
        block = cast(SameBlock, self.transformers[0])
        shape = (*x.shape[:2], STRIDE, -1)
        if generator is not None:
            new = self.new_tokens[:, None].expand(shape)
            tokens = torch.cat((x, new + self.mask_noise * _noise(new, generator)), dim=2)
            return tokens.flatten(1, 2), block.projected(tokens).flatten(1, 2)
        # The learned token is the same everywhere: its projection is computed once.
        new = self.new_tokens[:, None]
        own, shared = block.projected(x), block.projected(new)
        return (
            torch.cat((x, new.expand(shape)), dim=2).flatten(1, 2),
            torch.cat((own, shared.expand(shape)), dim=2).flatten(1, 2),
        )

    def _audio(self, x: Tensor) -> Tensor:
        """Finished tokens [B, T * 17, E] to [B, 2, N]."""
        patches = self.mapping(x.unflatten(1, (-1, GROUP))[:, :, 1:].flatten(1, 2).mT)
        return patches.unflatten(1, (AUDIO_CHANNELS, PATCH)).transpose(2, 3).flatten(2)


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

    def decode_inside(
        self, latents: Tensor, left: int, right: int, past: Tensor | None = None, tail: int = 0
    ) -> tuple[Tensor, Tensor | None]:
        """As in the base class; folded attention needs no context before, if the past is known.

        What it remembers is of the frames ahead too, so it remembers nothing where these may change.
        """
        if tail or not self.decoder.folded:
            return super().decode_inside(latents, left, right, tail=tail)
        known = 0 if past is None else left + past.shape[1] // GROUP - 1
        fresh = self.bottleneck.restored(latents[..., known:], None)
        # Where less follows than the context, the sound ends: nothing is left to continue.
        ahead = right + latents.shape[-1] % 2 if right >= self.halo else 0
        audio, past = self.decoder.continued(fresh, past, ahead)
        ratio = self.downsampling_ratio
        start = (1 if known else left) * ratio
        return audio[..., start : start + (latents.shape[-1] - left - right) * ratio], past


def _noise(like: Tensor, generator: torch.Generator) -> Tensor:
    """Standard normal noise in the shape of `like`, drawn on the CPU so that it is the same on every device."""
    return torch.randn(like.shape, generator=generator, dtype=torch.float32).to(like)
