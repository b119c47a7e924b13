"""Where all randomness of a take comes from: one seed, and a CPU generator of its own for every use.

The rule, for good: the generator of (seed, role, index) is seeded with the first four bytes, big-endian, of the BLAKE2b
digest of the text "longtake SEED ROLE INDEX". So a step's noise depends neither on the device nor on how many numbers
were drawn before, and a take's first frames are the same whatever its length. Knows nothing of networks.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Role = Literal["start", "step"]
# Noise is drawn in whole blocks of frames, so that a longer take begins with the very noise of a shorter one.
BLOCK_FRAMES = 64


@dataclass(frozen=True, slots=True)
class NoiseSource:
    """All noise of one take.

    Attributes:
        seed: the take.
        variation: in [0, 1], how far all of its noise is turned towards that of `variation_seed`; 1 arrives there.
        variation_seed: the other take.
    """

    seed: int
    variation: float = 0.0
    variation_seed: int = 0

    def start(self, shape: tuple[int, int, int]) -> Tensor:
        """The noise a walk starts from, [B, D, T] float32 on the CPU; its first frames do not depend on T."""
        return self._normal("start", 0, shape)

    def step(self, index: int, like: Tensor) -> Tensor:
        """Fresh noise for step `index` of a stochastic solver, in the shape, type and place of `like` [B, D, T]."""
        batch, channels, frames = like.shape
        return self._normal("step", index, (batch, channels, frames)).to(like)

    def _normal(self, role: Role, index: int, shape: tuple[int, int, int]) -> Tensor:
        """Two unit normals turned into each other on the sphere stay unit normal: no level is lost on the way."""
        own = _normal(generator_for(self.seed, role, index), shape)
        if self.variation == 0:
            return own
        other = _normal(generator_for(self.variation_seed, role, index), shape)
        # The sine of the rest instead of a cosine: exactly 0 on arrival.
        keep = math.sin(math.pi / 2 * (1 - self.variation))
        return keep * own + math.sin(math.pi / 2 * self.variation) * other


def generator_for(seed: int, role: Role, index: int = 0) -> torch.Generator:
    """The CPU generator of one use; torch's takes 32 bits of seed and ignores the rest."""
    digest = hashlib.blake2b(f"longtake {seed} {role} {index}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:4], "big"))


def _normal(generator: torch.Generator, shape: tuple[int, int, int]) -> Tensor:
    """Standard normal [B, D, T], drawn block by block along T."""
    batch, channels, frames = shape
    blocks = [
        torch.randn(batch, channels, BLOCK_FRAMES, generator=generator)
        for _ in range(math.ceil(frames / BLOCK_FRAMES))
    ]
    return torch.cat(blocks, dim=-1)[..., :frames]
