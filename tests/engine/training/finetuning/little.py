"""Small random models of every family with all weights heard, and what one forward pass of theirs gives."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from engine.composing.score import Score
from engine.conditioning import Asked, Prompt
from engine.latent_diffusion import LatentDiffusion
from engine.registry import AdaptiveDiTConfig, ModelSpec
from engine.training.finetuning.seen import Pieces
from engine.training.material.latents import EightBits, LatentItem
from tests.engine.public.public_models import TINY_MEDIUM, TINY_OPEN, TINY_SMALL
from tests.engine.tiny_model import TINY, tiny_model
from tests.golden.values import weight

OPEN = replace(TINY_OPEN, latent_frames=64)
FAMILIES: tuple[ModelSpec, ...] = (TINY, OPEN, TINY_SMALL, TINY_MEDIUM)


class Words:
    """A text encoder whose features follow from the text."""

    def __init__(self, spec: ModelSpec) -> None:
        self.width, self.max_tokens = spec.conditioning.text.width, 4

    def encode(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        shape = (self.max_tokens, self.width)
        features = [
            torch.randn(shape, generator=torch.Generator().manual_seed(zlib.crc32(text.encode())))
            for text in texts
        ]
        return torch.stack(features), torch.ones(len(texts), self.max_tokens, dtype=torch.bool)

    def reach(self, text: str) -> int:
        return len(text)


def little(spec: ModelSpec) -> LatentDiffusion:
    """Equal at every call."""
    if spec.weights == "embedded":
        return tiny_model(spec)
    model = LatentDiffusion(spec, Words(spec))
    state = model.state_dict()
    made = {
        n: t if n.startswith("latent_scale") else weight(n, tuple(t.shape))
        for n, t in state.items()
    }
    model.load_state_dict(made)
    return model.eval().requires_grad_(False)


def heard(model: LatentDiffusion) -> Tensor:
    """One forward pass, with a kept span where the model knows any."""
    spec, frames = model.spec, 12
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(2, spec.dit.latent_channels, frames, generator=generator)
    prompts = [Prompt(text="warm tape", seconds_total=3.0), Prompt(text="drums", seconds_total=9.0)]
    with torch.no_grad():
        conditioning = model.conditioner.embedded(Asked.by(prompts, frames, spec))
        if isinstance(spec.dit, AdaptiveDiTConfig):
            mask = (torch.arange(frames) < 5).float().expand(2, 1, -1)
            conditioning = replace(conditioning, kept=torch.cat((mask, x * mask), dim=1))
        return model.dit(x, torch.tensor([0.4, 0.9]), conditioning)


def shaken(model: LatentDiffusion) -> None:
    """Gives whatever needs a gradient other values, always the same."""
    generator = torch.Generator().manual_seed(6)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                scale = 0.1 * float(parameter.std()) if parameter.any() else 0.05
                parameter += scale * torch.randn(parameter.shape, generator=generator)


def pieces_for(spec: ModelSpec, *seconds: float, score: Score | None = None) -> Pieces:
    """Made-up latents of a model."""
    rng, channels = np.random.default_rng(0), spec.autoencoder.latent_channels
    items = [
        LatentItem(
            EightBits.of(rng.normal(size=(channels, round(length * spec.latent_rate)))),
            np.full(channels, 0.1, np.float32),
            {"genres": ["House"], "instruments": ["Bass"], "tempo": 120.0, "seconds": length},
            score,
        )
        for length in seconds
    ]
    return Pieces(items, np.zeros(channels, np.float32))
