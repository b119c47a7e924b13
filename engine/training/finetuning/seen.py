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
from engine.samplers.objectives import OBJECTIVES
from engine.training.batches import Batch, partly, times
from engine.training.finetuning.masks import kept_frames, length_shifted, truncated_logit_normal
from engine.training.group import Group
from engine.training.latents import LatentItem
from engine.training.recipes import DiTRecipe, Window
from engine.training.windows import Windows

SILENCE_SECONDS = 4.0
"""Mean of how much of the silence after a piece Stable Audio 3 sees with it, exponentially distributed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """B crops of one length, this rank's.

    Attributes:
        batch: latents, noise, times, prompts.
        share: of the step's loss that the whole batch has which these are a part of.
        kept: [B, 1, T], 1 where frames are given to the model (inpainting); None for models without.
    """

    batch: Batch
    share: float
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
        self.spec, self.recipe, self.group, self.seed = spec, recipe, group, seed
        self.windows = Windows(pieces.items, pieces.silence, spec.latent_rate)

    def at(self, step: int) -> Sequence[Seen]:
        """One batch for each length."""
        rng = np.random.default_rng((self.seed, step))
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        chosen = self.recipe.windows(step, rng)
        frames = sum(window.frames * window.batch for window in chosen)
        return [
            Seen(
                batch=self._batch(window, rng, generator),
                share=window.frames * window.batch / frames,
            )
            for window in chosen
        ]

    def _batch(self, window: Window, rng: np.random.Generator, generator: torch.Generator) -> Batch:
        size, part = window.batch, self.group.part(window.batch)
        latents, prompts = self.windows.batch(window.frames, size, rng, part)
        own = rng.integers(2**62, size=size)[part]
        told = [
            replace(prompt, score=partly(prompt.score, np.random.default_rng(int(number))))
            for prompt, number in zip(prompts, own, strict=True)
        ]
        noise = torch.randn((size, *latents.shape[1:]), generator=generator)
        objective = OBJECTIVES[self.spec.objective]
        drawn = times(size, self.recipe.log_snr, objective, generator).float()
        if self.spec.objective == "rectified-flow":
            # As the published configuration of Stable Audio Open Small has it.
            drawn = length_shifted(drawn, window.frames)
        chances = torch.rand((2, size), generator=generator)
        return Batch(
            latents=latents,
            noise=noise[part],
            times=drawn[part],
            no_text=chances[0, part] < self.recipe.text_dropout,
            no_tempo=chances[1, part] < self.recipe.grid_dropout,
            asked=Asked.by(told, window.frames, self.spec),
            whole=size,
        )


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
            self._crop(crop, prompt, int(number))
            for crop, prompt, number in zip(latents, prompts, seeds, strict=True)
        ]

    def _crop(self, crop: Tensor, prompt: Prompt, number: int) -> Seen:
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
            share=1.0,
            kept=kept[None, None],
        )
