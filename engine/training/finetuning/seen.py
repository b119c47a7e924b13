"""What a step of fine-tuning sees: crops with prompts, noise and times, drawn as each family of models was trained.

Everything follows from the seed and the step, and every crop has generators of its own, so that ranks share a step.
Knows nothing of networks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.conditioning import Asked, Prompt
from engine.registry import ModelSpec
from engine.training.batches import Batch, Draws
from engine.training.finetuning.masks import kept_frames, length_shifted, truncated_logit_normal
from engine.training.group import Group
from engine.training.material.latents import LatentItem
from engine.training.material.windows import Windows
from engine.training.recipes import DiTRecipe

SILENCE_SECONDS = 4.0
"""Mean of how much of the silence after a piece Stable Audio 3 sees with it, exponentially distributed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """B crops of one length, this rank's.

    Attributes:
        batch: latents, noise, times, prompts.
        share: of this rank's loss in the step; all that it sees have 1 together.
        mine: how many of the `batch.whole` crops this rank sees, in this batch or one by one.
        kept: [B, 1, T], 1 where frames are given to the model (inpainting); None for models without.
    """

    batch: Batch
    share: float
    mine: int
    kept: Tensor | None = None

    def to(self, device: torch.device) -> Seen:
        """On a device."""
        kept = None if self.kept is None else self.kept.to(device)
        return replace(self, batch=self.batch.to(device), kept=kept)


class Sight(Protocol):
    """What is seen in each step."""

    def at(self, step: int) -> Sequence[Seen]:
        """This rank's part of a step; never empty."""
        ...


@dataclass(frozen=True, slots=True)
class Pieces:
    """The material: latents, and the latents [D] of silence."""

    items: Sequence[LatentItem]
    silence: NDArray[np.float32]


class WholeWindows:
    """Crops of fixed lengths, each frame counting as much: `sketch` with its score and metre, and Stable Audio Open."""

    def __init__(
        self, spec: ModelSpec, pieces: Pieces, recipe: DiTRecipe, group: Group, seed: int
    ) -> None:
        self.draws = Draws(recipe, spec, group, seed)
        self.windows = Windows(pieces.items, pieces.silence, spec.latent_rate)

    def at(self, step: int) -> Sequence[Seen]:
        """One batch for each length."""
        batches = [self._timed(batch) for batch in self.draws.of(self.windows, step)]
        frames = [batch.whole * batch.latents.shape[-1] for batch in batches]
        return [
            Seen(batch=batch, share=own / sum(frames), mine=len(batch.latents))
            for batch, own in zip(batches, frames, strict=True)
        ]

    def _timed(self, batch: Batch) -> Batch:
        """With times shifted as the published configuration of Stable Audio Open Small has it."""
        if self.draws.spec.objective != "rectified-flow":
            return batch
        return replace(batch, times=length_shifted(batch.times, batch.latents.shape[-1]))


class KeptSpans:
    """Crops as Stable Audio 3 is trained on: to the end of the music and some silence, with spans that are given.

    Each crop is as long as what its model would attend to, so none needs a mask; noise is not paired with pieces in a
    batch (optimal transport), which the official default of one crop a step does not do either.
    """

    def __init__(
        self, spec: ModelSpec, pieces: Pieces, recipe: DiTRecipe, group: Group, seed: int
    ) -> None:
        self.spec, self.recipe, self.group, self.seed = spec, recipe, group, seed
        self.windows = Windows(pieces.items, pieces.silence, spec.latent_rate)

    def at(self, step: int) -> Sequence[Seen]:
        """One batch for each crop, as each has its own length."""
        window = self.recipe.phases[-1].windows[0]
        rng, part = np.random.default_rng((self.seed, step)), self.group.part(window.batch)
        latents, prompts = self.windows.batch(window.frames, window.batch, rng, part)
        seeds = rng.integers(2**62, size=window.batch)[part]
        return [
            self._crop(crop, prompt, int(number), mine=len(prompts))
            for crop, prompt, number in zip(latents, prompts, seeds, strict=True)
        ]

    def _crop(self, crop: Tensor, prompt: Prompt, number: int, *, mine: int) -> Seen:
        rng, generator = np.random.default_rng(number), torch.Generator().manual_seed(number)
        rate = self.spec.latent_rate
        music = math.ceil((prompt.seconds_total - prompt.seconds_start) * rate)
        silence = int(rng.exponential(SILENCE_SECONDS * rate))
        frames = min(max(music, 1) + silence, crop.shape[-1])
        kept = torch.from_numpy(kept_frames(frames, rng))
        whole = math.ceil(prompt.seconds_total * rate)
        time = length_shifted(1 - truncated_logit_normal(rng), whole)
        return Seen(
            batch=Batch(
                latents=crop[None, :, :frames],
                noise=torch.randn((1, crop.shape[0], frames), generator=generator),
                times=torch.tensor([time], dtype=torch.float32),
                no_text=torch.tensor([bool(rng.random() < self.recipe.text_dropout)]),
                no_tempo=torch.tensor([False]),
                asked=Asked.by([prompt], frames, self.spec),
                whole=self.recipe.phases[-1].windows[0].batch,
            ),
            share=1 / mine,
            mine=mine,
            kept=kept[None, None],
        )
