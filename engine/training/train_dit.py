"""Trains the diffusion transformer (§3): v-objective on noised latents, with dropout of text and tempo.

A stage for `loop.train`. Each step draws a window length, crops of that length with their position in the piece as
timing (§2.3), and a prompt for each crop (§3.1). Reads latents and knows nothing of audio.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import ModuleDict
from torch.nn.functional import mse_loss
from torch.nn.utils import clip_grad_norm_
from torch.optim import AdamW

from engine.conditioning import GRID_BARS, Conditioner, Prompt, TextEncoder
from engine.configs import DiTConfig
from engine.dit import DiT
from engine.samplers.objectives import OBJECTIVES, Objective
from engine.training import prompts
from engine.training.latents import LatentItem, read_items, read_statistics
from engine.training.loop import StageOfParts
from engine.training.optim import Ema
from engine.training.recipes import Recipe

VARIANTS = 32
"""Number of prompts per piece; their features are cached, as encoding text would cost a third of a step."""

EXCERPTS = 0.25
"""Share of stem crops that are conditioned as complete pieces."""
BEGINNINGS, ENDINGS = 0.25, 0.15
"""Shares of crops from the beginning of a piece, where every generation starts, and from its end."""


class Remembering:
    """A text encoder with a cache."""

    def __init__(self, encoder: TextEncoder) -> None:
        self.encoder = encoder
        self.width, self.max_tokens = encoder.width, encoder.max_tokens
        self.known: dict[str, tuple[Tensor, Tensor]] = {}

    def encode(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Like the encoder's, with features cached in half precision."""
        new = [text for text in dict.fromkeys(texts) if text not in self.known]
        if new:
            features, masks = self.encoder.encode(new)
            self.known.update(zip(new, zip(features.half(), masks, strict=True), strict=True))
        features, masks = zip(*(self.known[text] for text in texts), strict=True)
        return torch.stack(features).float(), torch.stack(masks)


class DiTStage(StageOfParts):
    """One transformer in training, with its number conditioners.

    Args:
        recipe: model and hyperparameters.
        latents: a folder from `train latents`.
        text_encoder: the frozen text encoder.
        seed: of weights, crops, prompts and noise; seed and step index determine everything.
        device: where to train.
    """

    def __init__(
        self,
        recipe: Recipe,
        latents: Path,
        text_encoder: TextEncoder,
        *,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        self.recipe, self.spec = recipe.dit, recipe.model
        self.seed, self.device = seed, device
        generator = torch.Generator().manual_seed(seed)
        self.conditioner = Conditioner(self.spec, Remembering(text_encoder))
        self.conditioner.initialize(generator)
        assert isinstance(
            self.spec.dit, DiTConfig
        )  # That of Stable Audio 3 cannot be trained here.
        self.dit = DiT(self.spec.dit, self.conditioner.global_width)
        self.dit.initialize(generator)
        self.dit.checkpointing = self.recipe.gradient_checkpointing
        self.networks = ModuleDict({"dit": self.dit, "conditioner": self.conditioner}).to(device)
        self.windows = Windows(read_items(latents, held_out=False), latents, self.spec.latent_rate)
        self.objective = OBJECTIVES[self.spec.objective]
        self.ema = Ema(self.networks, self.recipe.ema_decay)
        self.optimizer = AdamW(
            self.networks.parameters(),
            1.0,
            self.recipe.betas,
            weight_decay=self.recipe.weight_decay,
        )

    def step(self, index: int) -> Mapping[str, float]:
        """One step with one batch of crops of one length."""
        rng = np.random.default_rng((self.seed, index))
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        frames, size = self.recipe.window(index, rng)
        clean, batch_prompts = self.windows.batch(frames, size, rng)
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.learning_rate.at(index)
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(clean.to(self.device), batch_prompts, generator)
        loss.backward()
        clip_grad_norm_(self.networks.parameters(), 1.0)
        self.optimizer.step()
        self.ema.update(self.networks)
        value = float(loss.detach())
        return {"loss": value, f"loss_{frames}": value}

    def loss(
        self, clean: Tensor, batch_prompts: list[Prompt], generator: torch.Generator
    ) -> Tensor:
        """Mean squared error of the predicted target, at times drawn as the recipe specifies."""
        noise = torch.randn(clean.shape, generator=generator).to(clean)
        t = times(len(clean), self.recipe.log_snr, self.objective, generator).to(clean)
        level = t[:, None, None]
        noised = self.objective.alpha(level) * clean + self.objective.sigma(level) * noise
        conditioning = self.conditioner(batch_prompts, clean.shape[-1]).with_dropout(
            generator, text=self.recipe.text_dropout, tempo=self.recipe.grid_dropout
        )
        with torch.autocast(clean.device.type, torch.bfloat16):
            output = self.dit(noised, t, conditioning)
        return mse_loss(output.float(), self.objective.target(clean, noise, level))

    def parts(self) -> dict[str, Any]:
        """The contents of a checkpoint."""
        return {"networks": self.networks, "ema": self.ema, "optimizer": self.optimizer}


def times(
    size: int,
    log_snr: tuple[float, float] | None,
    objective: Objective,
    generator: torch.Generator,
) -> Tensor:
    """Stratified times in (0, 1), [size], in descending order.

    Args:
        size: how many.
        log_snr: mean and scale of the logistic distribution of log(alpha / sigma); None for uniform t.
        objective: converts log(alpha / sigma) to times.
        generator: draws each time within its stratum.
    """
    u = (torch.arange(size, dtype=torch.float64) + torch.rand(size, generator=generator)) / size
    if log_snr is None:
        return 1 - u
    mean, scale = log_snr
    return objective.time(mean + scale * torch.logit(u, eps=1e-6))


class Windows:
    """Crops of latents with their prompts; the end of a piece is followed by silence (§2.3)."""

    def __init__(self, items: list[LatentItem], folder: Path, latent_rate: float) -> None:
        self.items = items
        self.latent_rate = latent_rate
        statistics = read_statistics(folder)
        self.silence = (statistics.silence - statistics.mean) / statistics.std
        lengths = np.array([item.latents.shape[1] for item in items], dtype=np.float64)
        # Between uniform over seconds and uniform over pieces, so that long songs do not outweigh loops and stems.
        chances = np.sqrt(lengths)
        self.chances = chances / chances.sum()

    def batch(
        self, frames: int, size: int, rng: np.random.Generator
    ) -> tuple[Tensor, list[Prompt]]:
        """[size, D, frames] float32 and a prompt for each."""
        chosen = rng.choice(len(self.items), size, p=self.chances)
        crops, batch_prompts = zip(*(self._crop(int(i), frames, rng) for i in chosen), strict=True)
        return torch.from_numpy(np.stack(crops)), list(batch_prompts)

    def _crop(self, index: int, frames: int, rng: np.random.Generator) -> tuple[np.ndarray, Prompt]:
        item = self.items[index]
        facts = item.metadata
        total = item.latents.shape[1]
        start = start_of_crop(total, frames, rng)
        crop = np.repeat(self.silence[:, None], frames, axis=1)
        piece = item.latents[:, start : start + frames]
        crop[:, : piece.shape[1]] = piece
        prompt = Prompt(
            text=prompts.prompt(facts, np.random.default_rng((index, int(rng.integers(VARIANTS))))),
            seconds_start=start / self.latent_rate,
            seconds_total=float(facts.get("seconds", total / self.latent_rate)),
            tempo=facts.get("tempo"),
            beats_per_bar=int(facts.get("beats_per_bar", 4)),
        )
        whole = piece.shape[1] == frames
        if facts.get("kind") == "stem" and whole and rng.random() < EXCERPTS:
            prompt = as_a_piece(prompt, frames / self.latent_rate)
        return crop, prompt


def as_a_piece(prompt: Prompt, seconds: float) -> Prompt:
    """The prompt of a crop as that of a complete piece of so many seconds, so that short takes need not be loops.

    To keep the phase of the grid, `seconds_start` is up to four bars before 0, which the number conditioner clamps.
    """
    start = 0.0
    if prompt.tempo is not None:
        cycle = max(GRID_BARS) * prompt.beats_per_bar * 60 / prompt.tempo
        start = prompt.seconds_start % cycle - cycle
    return replace(prompt, seconds_start=start, seconds_total=seconds)


def start_of_crop(total: int, frames: int, rng: np.random.Generator) -> int:
    """Where a crop of `frames` starts in a piece of `total`: anywhere, but often at the beginning or near the end."""
    place = rng.random()
    if place < BEGINNINGS:
        return 0
    if place < BEGINNINGS + ENDINGS:
        silence = int(rng.integers(0, frames // 2)) if rng.random() < 0.5 else 0
        return max(total - frames + silence, 0)
    return int(rng.integers(0, max(total - frames, 0) + 1))
