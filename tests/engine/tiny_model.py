"""A model of the embedded one's build, random and tiny: every part runs, in milliseconds."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from engine.dit import DiT
from engine.latent_diffusion import LatentDiffusion
from engine.registry import SKETCH, ModelSpec, SpectralConfig

TINY = replace(
    SKETCH,
    autoencoder=SpectralConfig(
        window=2048,
        hop=512,
        width=16,
        depth=2,
        stride=4,
        latent_channels=64,
    ),
    dit=replace(SKETCH.dit, width=64, depth=1, heads=2),
)


class Words:
    """A text encoder without meaning: each word has its own random vector."""

    width = 384
    max_tokens = 8

    def encode(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        features = torch.zeros(len(texts), self.max_tokens, self.width)
        mask = torch.zeros(len(texts), self.max_tokens, dtype=torch.bool)
        for row, text in enumerate(texts):
            for place, word in enumerate(text.split()[: self.max_tokens]):
                generator = torch.Generator().manual_seed(zlib.crc32(word.encode()))
                features[row, place] = torch.randn(self.width, generator=generator)
                mask[row, place] = True
        return features, mask

    def reach(self, text: str) -> int:
        words = list(re.finditer(r"\S+", text))
        return len(text) if len(words) <= self.max_tokens else words[self.max_tokens - 1].end()


def tiny_model(spec: ModelSpec = TINY) -> LatentDiffusion:
    """Equal at every call."""
    model = LatentDiffusion(replace(spec, autoencoder=TINY.autoencoder, dit=TINY.dit), Words())
    generator = torch.Generator().manual_seed(0)
    model.conditioner.initialize(generator)
    assert isinstance(model.dit, DiT)
    model.dit.initialize(generator)
    with torch.no_grad():
        for parameter in model.autoencoder.parameters():
            quiet = 0.3 * parameter[0].numel() ** -0.5 if parameter.ndim > 1 else 0.02
            parameter.normal_(std=quiet, generator=generator)
        for parameter in model.dit.parameters():
            # Training starts from silent branches; here each must be heard.
            if not parameter.any():
                parameter.normal_(std=0.1, generator=generator)
        model.latent_scale.mean.normal_(generator=generator)
        model.latent_scale.std.uniform_(0.5, 2.0, generator=generator)
    return model.eval().requires_grad_(False)
