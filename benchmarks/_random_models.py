"""Registered models with random weights, to measure where none are installed; narrow ones to try the measuring.

Knows nothing of what is measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from engine.configs import (
    AdaptiveDiTConfig,
    AutoencoderConfig,
    ModelSpec,
    OobleckConfig,
    SameConfig,
    TextConfig,
)
from engine.latent_diffusion import LatentDiffusion
from engine.public.renames import without_weight_norm
from engine.registry import MODELS


class RandomText:
    """A text encoder without meaning: a prompt of twenty tokens, the same for every text."""

    def __init__(self, config: TextConfig) -> None:
        self.width, self.max_tokens = config.width, config.max_tokens
        generator = torch.Generator().manual_seed(1)
        # On the CPU whatever torch's default is: models are built on other devices.
        self.features = torch.randn(20, self.width, generator=generator, device="cpu")

    def encode(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Features [B, L, E], zero at padding, and the mask [B, L]."""
        features = torch.zeros(len(texts), self.max_tokens, self.width, device="cpu")
        mask = torch.zeros(len(texts), self.max_tokens, dtype=torch.bool, device="cpu")
        features[:, : len(self.features)] = self.features[: self.max_tokens]
        mask[:, : len(self.features)] = True
        return features, mask

    def reach(self, text: str) -> int:
        """All of it: nothing is read."""
        return len(text)


def random_model(spec: ModelSpec, device: torch.device) -> LatentDiffusion:
    """A model for generation with random weights, which are drawn on the device: there it takes no time."""
    with torch.device(device):
        model = LatentDiffusion(spec, RandomText(spec.conditioning.text))
        generator = torch.Generator(device).manual_seed(0)
        with torch.no_grad():
            for parameter in model.autoencoder.parameters():
                quiet = 0.3 * parameter[0].numel() ** -0.5 if parameter.ndim > 1 else 0.02
                parameter.normal_(std=quiet, generator=generator)
            for parameter in model.dit.parameters():
                # Training starts from silent branches; here each has to count.
                if not parameter.any():
                    parameter.normal_(std=0.02, generator=generator)
    if spec.weights == "public":
        without_weight_norm(model.autoencoder)
    return model.to(device).eval().requires_grad_(False)


def narrow(spec: ModelSpec) -> ModelSpec:
    """The same build in two thin layers, so that all of it runs in seconds on a CPU."""
    dit: Any = (
        replace(spec.dit, width=128, depth=2)
        if isinstance(spec.dit, AdaptiveDiTConfig)
        else replace(spec.dit, width=64, depth=2, heads=2, project_cross=True)
    )
    return replace(spec, autoencoder=_narrow(spec.autoencoder), dit=dit)


def _narrow(config: AutoencoderConfig) -> AutoencoderConfig:
    if isinstance(config, OobleckConfig):
        return replace(config, channels=8)
    if isinstance(config, SameConfig):
        return replace(config, width=128, depth=2, sine_layers=min(config.sine_layers, 1))
    return replace(config, width=32, depth=2)


def distinct() -> dict[str, list[str]]:
    """One model of each build, the largest first, and the names of the others that have the same networks."""
    found: dict[tuple[Any, ...], list[str]] = {}
    for name, spec in MODELS.items():
        build = (spec.dit, spec.autoencoder, spec.conditioning.text, spec.weights)
        found.setdefault(build, []).append(name)
    largest = sorted(found.values(), key=lambda names: -size(MODELS[names[0]]))
    return {names[0]: names[1:] for names in largest}


def size(spec: ModelSpec) -> int:
    """Parameters of the transformer."""
    with torch.device("meta"):
        return parameters(LatentDiffusion(spec, RandomText(spec.conditioning.text)).dit)


def parameters(network: nn.Module) -> int:
    """How many weights a network has."""
    return sum(parameter.numel() for parameter in network.parameters())
