"""All randomness of a take: one seed, with a separate CPU generator for every use.

This rule must never change: the generator of (seed, role, index) is seeded with the first four bytes, big-endian, of
the BLAKE2b digest of the text "longtake SEED ROLE INDEX". So the noise of a step depends neither on the device nor on
what was drawn before, and a take's first frames have the same noise whatever its length. Knows nothing of networks.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Role = Literal["start", "step", "encode"]
# Noise is drawn in whole blocks of frames, so that a longer take begins with the same noise as a shorter one.
BLOCK_FRAMES = 64
_MOST_STEPS = 1000


@dataclass(frozen=True, slots=True)
class NoiseSource:
    """All noise of one take.

    Attributes:
        seed: the seed of the take.
        variation: in [0, 1], how far all noise is rotated towards that of `variation_seed`; 1 reaches it.
        variation_seed: the seed of the other take.
    """

    seed: int
    variation: float = 0.0
    variation_seed: int = 0

    def start(self, shape: tuple[int, int, int], attempt: int = 0) -> Tensor:
        """The initial noise, [B, D, T] float32 on the CPU; its first frames do not depend on T.

        Attempts after the first are for takes that came out silent.
        """
        return self._normal("start", attempt, shape)

    def encoding(self, shape: tuple[int, ...]) -> Tensor:
        """The noise of a recording's latents [B, D, T], where these are drawn from the bottleneck's distribution."""
        batch, channels, frames = shape
        return self._normal("encode", 0, (batch, channels, frames))

    def step(self, index: int, like: Tensor) -> Tensor:
        """Fresh noise for step `index` of a stochastic solver; shape, dtype and device as `like` [B, D, T]."""
        batch, channels, frames = like.shape
        return self._normal("step", index, (batch, channels, frames)).to(like)

    def _normal(self, role: Role, index: int, shape: tuple[int, int, int]) -> Tensor:
        """Spherical interpolation between the noise of both seeds, which keeps unit variance."""
        own = _normal(generator_for(self.seed, role, index), shape)
        if self.variation == 0:
            return own
        other = _normal(generator_for(self.variation_seed, role, index), shape)
        # A sine of the remaining angle instead of a cosine: exactly 0 at variation 1.
        keep = math.sin(math.pi / 2 * (1 - self.variation))
        return keep * own + math.sin(math.pi / 2 * self.variation) * other


@dataclass(frozen=True, slots=True)
class PlacedNoise:
    """Noise that belongs to places in time without end: windows that overlap have the same where they do.

    Attributes:
        seed: of all of it.
        first: the latent frame at which the window begins; it may be negative.
    """

    seed: int
    first: int

    def start(self, shape: tuple[int, int, int]) -> Tensor:
        """The initial noise of the window, [B, D, T] float32 on the CPU; with `first` 0 it is that of `NoiseSource`.

        Not up to its bits: there, all blocks are of one generator.
        """
        return self._normal("start", 0, shape)

    def step(self, index: int, like: Tensor) -> Tensor:
        """Fresh noise for step `index` of a stochastic solver; shape, dtype and device as `like` [B, D, T]."""
        batch, channels, frames = like.shape
        return self._normal("step", index, (batch, channels, frames)).to(like)

    def _normal(self, role: Role, step: int, shape: tuple[int, int, int]) -> Tensor:
        batch, channels, frames = shape
        block, skipped = divmod(self.first, BLOCK_FRAMES)
        blocks = [
            _normal(
                generator_for(self.seed, role, _MOST_STEPS * (block + later) + step),
                (batch, channels, BLOCK_FRAMES),
            )
            for later in range(math.ceil((skipped + frames) / BLOCK_FRAMES))
        ]
        return torch.cat(blocks, dim=-1)[..., skipped : skipped + frames]


def generator_for(seed: int, role: Role, index: int = 0) -> torch.Generator:
    """The CPU generator for one use; torch's CPU generator uses only 32 bits of the seed."""
    digest = hashlib.blake2b(f"longtake {seed} {role} {index}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:4], "big"))


def _normal(generator: torch.Generator, shape: tuple[int, int, int]) -> Tensor:
    """Standard normal noise [B, D, T], drawn block by block along T."""
    batch, channels, frames = shape
    blocks = [
        torch.randn(batch, channels, BLOCK_FRAMES, generator=generator)
        for _ in range(math.ceil(frames / BLOCK_FRAMES))
    ]
    return torch.cat(blocks, dim=-1)[..., :frames]
