"""What each step of the transformer's training sees (§2.3, §3.1): crops of latents, prompts, times, noise, dropout.

The batch of a step follows from the seed, the step and the pieces it may draw from, so it can be made ahead, in other
processes: training never waits, and is the same with any number of them. Knows nothing of networks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from engine.composing.score import GROUPS, NOTES, Score
from engine.conditioning import Asked, Prompt
from engine.samplers.objectives import OBJECTIVES, Objective
from engine.training import prompts
from engine.training.latents import LatentItem
from engine.training.recipes import Recipe
from engine.training.shelf import Shelf, Span

VARIANTS = 32
"""Number of prompts per piece; their features are cached, as encoding text would cost a third of a step."""
EXCERPTS = 0.25
"""Share of stem crops that are conditioned as complete pieces."""
BEGINNINGS, ENDINGS = 0.25, 0.15
"""Shares of crops from the beginning of a piece, where every generation starts, and from its end."""
WHOLE_SCORES, NO_SCORES, NOTES_ALONE = 0.5, 0.15, 0.1
"""Shares of crops that are told all of their score, none of it, or its notes as a clip has them.

Of the others each group is told or not."""
AHEAD = 4
"""Batches that each process makes ahead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """B crops of T frames: latents as the encoder gave them and noise, [B, D, T]; times, and what is left out, [B]."""

    latents: Tensor
    noise: Tensor
    times: Tensor
    no_text: Tensor
    no_tempo: Tensor
    asked: Asked

    def pin_memory(self) -> Batch:
        """In memory that can be copied to a GPU while it computes; called by torch's loader."""
        return _each(self, Tensor.pin_memory)

    def to(self, device: torch.device | str) -> Batch:
        """On a device, without waiting for the copy."""
        return _each(self, lambda tensor: tensor.to(device, non_blocking=True))


def _each(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """A dataclass with all its tensors changed."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, (Batch, Asked)):
        return replace(
            value, **{f.name: _each(getattr(value, f.name), change) for f in fields(value)}
        )
    return value


class Batches(Dataset[tuple[Batch, ...]]):
    """The batches of any step.

    Args:
        recipe: the model and its windows, distribution of times, and shares of dropout.
        shelf: the pieces.
        silence: latents [D] of what follows the end of a piece.
        seed: seed and step determine every choice.
    """

    def __init__(
        self, recipe: Recipe, shelf: Shelf, silence: NDArray[np.float32], seed: int
    ) -> None:
        self.recipe, self.spec, self.shelf = recipe.dit, recipe.model, shelf
        self.silence, self.seed = silence, seed
        self.windows: tuple[Span, Windows] | None = None

    def __getitem__(self, place: tuple[int, Span]) -> tuple[Batch, ...]:
        """The batches of a step that draws from a span, one for each length."""
        step, span = place
        rng = np.random.default_rng((self.seed, step))
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        return tuple(
            self._batch(span, window.frames, window.batch, rng, generator)
            for window in self.recipe.windows(step, rng)
        )

    def _batch(
        self,
        span: Span,
        frames: int,
        size: int,
        rng: np.random.Generator,
        generator: torch.Generator,
    ) -> Batch:
        latents, asked = self._windows(span).batch(frames, size, rng)
        asked = [replace(prompt, score=partly(prompt.score, rng)) for prompt in asked]
        objective = OBJECTIVES[self.spec.objective]
        noise = torch.randn(latents.shape, generator=generator)
        drawn = times(size, self.recipe.log_snr, objective, generator).float()
        chances = torch.rand((2, size), generator=generator)
        return Batch(
            latents=latents,
            noise=noise,
            times=drawn,
            no_text=chances[0] < self.recipe.text_dropout,
            no_tempo=chances[1] < self.recipe.grid_dropout,
            asked=Asked.by(asked, frames, self.spec),
        )

    def ahead(
        self, places: Iterator[tuple[int, Span]], processes: int, *, pinned: bool
    ) -> Iterator[tuple[Batch, ...]]:
        """The batches of these places, made ahead by so many processes; by this one, when asked for, if that is 0."""
        loader = DataLoader(
            self,
            batch_size=None,
            sampler=_Places(places),
            num_workers=processes,
            pin_memory=pinned,
            prefetch_factor=AHEAD if processes else None,
            # A fork of a process with a GPU's context and other threads may hang.
            multiprocessing_context="spawn" if processes else None,
        )
        return iter(loader)

    def _windows(self, span: Span) -> Windows:
        if self.windows is None or self.windows[0] != span:
            made = Windows(self.shelf.items(span), self.silence, self.spec.latent_rate)
            self.windows = (span, made)
        return self.windows[1]


class _Places(torch.utils.data.Sampler[tuple[int, Span]]):
    """Places in the order of an iterator, which may be endless."""

    def __init__(self, places: Iterator[tuple[int, Span]]) -> None:
        self.places = places

    def __iter__(self) -> Iterator[tuple[int, Span]]:
        return self.places


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

    def __init__(
        self, items: Sequence[LatentItem], silence: NDArray[np.float32], latent_rate: float
    ) -> None:
        self.items, self.silence, self.latent_rate = items, silence, latent_rate
        lengths = np.array([item.frames for item in items], dtype=np.float64)
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
        total = item.frames
        start = start_of_crop(total, frames, rng)
        crop = np.repeat(self.silence[:, None], frames, axis=1)
        piece = item.latents.restored(start, start + frames)
        crop[:, : piece.shape[1]] = piece
        prompt = Prompt(
            text=prompts.prompt(facts, np.random.default_rng((index, int(rng.integers(VARIANTS))))),
            seconds_start=start / self.latent_rate,
            seconds_total=float(facts.get("seconds", total / self.latent_rate)),
            tempo=facts.get("tempo"),
            beats_per_bar=float(facts.get("beats_per_bar", 4)),
            score=item.score,
        )
        whole = piece.shape[1] == frames
        if facts.get("kind") == "stem" and whole and rng.random() < EXCERPTS:
            prompt = as_a_piece(prompt, frames / self.latent_rate)
        return crop, prompt


def as_a_piece(prompt: Prompt, seconds: float) -> Prompt:
    """The prompt of a crop as that of a complete piece of so many seconds, so that short takes need not be loops."""
    return replace(
        prompt, seconds_start=0.0, seconds_total=seconds, score_start=prompt.seconds_start
    )


def partly(score: Score | None, rng: np.random.Generator) -> Score | None:
    """A score of which each group may be left out, so that a model learns to play from any of them."""
    fate, told = rng.random(), rng.random(len(GROUPS)) < 0.5
    if score is None or fate < WHOLE_SCORES:
        return score
    if fate < WHOLE_SCORES + NO_SCORES:
        return None
    if fate < WHOLE_SCORES + NO_SCORES + NOTES_ALONE:
        return replace(score, known=score.known & NOTES)
    kept = {group for group, one in zip(GROUPS, told, strict=True) if one}
    return replace(score, known=score.known & kept)


def start_of_crop(total: int, frames: int, rng: np.random.Generator) -> int:
    """Where a crop of `frames` starts in a piece of `total`: anywhere, but often at the beginning or near the end."""
    place = rng.random()
    if place < BEGINNINGS:
        return 0
    if place < BEGINNINGS + ENDINGS:
        silence = int(rng.integers(0, frames // 2)) if rng.random() < 0.5 else 0
        return max(total - frames + silence, 0)
    return int(rng.integers(0, max(total - frames, 0) + 1))
