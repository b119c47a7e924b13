"""A model that knows one song by heart and an autoencoder that loses nothing: what the engine does around them shows.

The autoencoder only folds 2048 samples of two channels into 4096 latent channels. The network's estimate is always the
song, whatever the noise; so a take is the song, wherever nothing else was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from torch import Tensor

from engine.autoencoder import Autoencoder
from engine.conditioning import Conditioning, Prompt
from engine.latent_diffusion import LatentDiffusion, LatentScale
from engine.registry import SKETCH, DiTConfig, ModelSpec
from engine.samplers.objectives import OBJECTIVES

RATIO = 2048


@dataclass(frozen=True)
class Folding:
    downsampling_ratio: int = RATIO
    latent_channels: int = 2 * RATIO


class FoldingAutoencoder(Autoencoder):
    """Lossless: a latent frame is its 2048 samples."""

    def __init__(self) -> None:
        super().__init__(cast(Any, Folding()), halo=0)

    def moments(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        padded = torch.nn.functional.pad(audio, (0, -audio.shape[-1] % RATIO))
        mean = padded.unflatten(-1, (-1, RATIO)).permute(0, 1, 3, 2).flatten(1, 2)
        return mean, torch.zeros_like(mean)

    def decode(self, latents: Tensor) -> Tensor:
        return latents.unflatten(1, (2, RATIO)).permute(0, 1, 3, 2).flatten(2)


class Listener:
    """Stands in for a `Conditioner` and its text encoder; remembers what it was asked and reads all of it."""

    max_tokens = 64

    def __init__(self) -> None:
        self.prompts: list[Prompt] = []
        self.text_encoder = self

    def reach(self, text: str) -> int:
        return len(text)

    def __call__(self, prompts: Sequence[Prompt], frames: int) -> Conditioning:
        self.prompts += prompts
        return Conditioning(
            cross=torch.zeros(1, 1, 4),
            cross_mask=torch.ones(1, 1, dtype=torch.bool),
            global_=torch.zeros(1, 4),
            grid=None,
            text_tokens=1,
        )


class SongModel:
    """Stands in for `LatentDiffusion`; remembers what it was asked."""

    def __init__(self, song: Tensor, spec: ModelSpec = SKETCH) -> None:
        """`song` is [2, N], silent after its end. Nothing can be asked of it, so it takes no score."""
        self.spec = replace(spec, autoencoder=cast(Any, Folding()))
        if isinstance(spec.dit, DiTConfig):
            self.spec = replace(self.spec, dit=replace(spec.dit, grid=False))
        self.autoencoder = FoldingAutoencoder()
        self.latent_scale = LatentScale(2 * RATIO)
        self.song = self.autoencoder.encode(song[None])
        self.conditioner = Listener()
        self.prompts = self.conditioner.prompts
        self.calls: list[tuple[int, float]] = []
        self.conditioning: list[Conditioning] = []

    def placed(self, device: torch.device, precision: str) -> SongModel:
        return self

    def width_directions(self) -> None:
        """A folded song knows none."""

    def network(self, x: Tensor, t: Tensor, conditioning: Conditioning) -> Tensor:
        """The output whose estimate is the song: v = (alpha x - song) / sigma."""
        self.calls.append((len(x), float(t[0])))
        self.conditioning.append(conditioning)
        objective = OBJECTIVES[self.spec.objective]
        missing = x.shape[-1] - self.song.shape[-1]
        song = torch.nn.functional.pad(self.song, (0, max(missing, 0)))[..., : x.shape[-1]]
        alpha, sigma = objective.alpha(t[:, None, None]), objective.sigma(t[:, None, None])
        return (alpha * x - song) / sigma

    def loaded(self, spec: ModelSpec) -> LatentDiffusion:
        """For `Engine(load=...)`."""
        return cast(LatentDiffusion, self)
