"""What each step of the transformer's training sees (§2.3, §3.1): crops of latents, prompts, times, noise, dropout.

The batch of a step follows from the seed, the step and the pieces it may draw from, so it can be made ahead, in other
processes: training never waits, and is the same with any number of them. Ranks that train together draw the whole of
it, and read their own part. Knows nothing of networks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from engine.composing.score import GROUPS, NOTES, Score
from engine.conditioning import Asked
from engine.errors import SpecError
from engine.registry import ModelSpec
from engine.samplers.objectives import OBJECTIVES, Objective
from engine.training.group import Group
from engine.training.material.readers import read_by
from engine.training.material.shelf import Shelf, Span
from engine.training.material.windows import Windows
from engine.training.recipes import DiTRecipe, Recipe, Window

WHOLE_SCORES, NO_SCORES, NOTES_ALONE = 0.5, 0.15, 0.1
"""Shares of crops that are told all of their score, none of it, or its notes as a clip has them.

Of the others each group is told or not."""
NEITHER = 0.5
"""Share of the crops without a text that are told nothing of their score either."""
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
    whole: int
    """How many crops of this length all ranks have in the step, these included."""

    def pin_memory(self) -> Batch:
        """In memory that can be copied to a GPU while it computes; called by torch's loader."""
        return _each(self, Tensor.pin_memory)

    def kept(self) -> dict[str, Any]:
        """What it holds as tensors and texts, for a file."""
        return {
            "latents": self.latents,
            "noise": self.noise,
            "times": self.times,
            "texts": list(self.asked.texts),
            "numbers": self.asked.numbers,
        }

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


@dataclass(frozen=True, slots=True)
class Draws:
    """How the batches of a step are drawn from some pieces.

    Attributes:
        recipe: windows, distribution of times, and shares of dropout.
        spec: the model.
        group: the processes that share each batch.
        seed: seed and step determine every choice.
    """

    recipe: DiTRecipe
    spec: ModelSpec
    group: Group
    seed: int

    def of(self, windows: Windows, step: int) -> Iterator[Batch]:
        """This rank's part of a step: a batch for each length, or the pieces of it one after the other."""
        rng = np.random.default_rng((self.seed, step))
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        for window in self.recipe.windows(step, rng):
            yield from self._batch(windows, window, rng, generator)

    def _batch(
        self,
        windows: Windows,
        window: Window,
        rng: np.random.Generator,
        generator: torch.Generator,
    ) -> Iterator[Batch]:
        """This rank's part of the batch of one length, in pieces."""
        frames, size = window.frames, window.batch
        mine = self.group.part(size)
        latents, asked = windows.batch(frames, size, rng, mine)
        seeds = rng.integers(2**62, size=size)[mine]
        objective = OBJECTIVES[self.spec.objective]
        noise = torch.randn((size, *latents.shape[1:]), generator=generator)[mine]
        drawn = times(size, self.recipe.log_snr, objective, generator).float()[mine]
        chances = torch.rand((2, size), generator=generator)[:, mine]
        no_text = chances[0] < self.recipe.text_dropout
        asked = [
            replace(prompt, score=partly(prompt.score, np.random.default_rng(int(seed)), text=text))
            for prompt, seed, text in zip(asked, seeds, (~no_text).tolist(), strict=True)
        ]
        for piece in self._pieces(size, len(latents)):
            yield Batch(
                latents=latents[piece],
                noise=noise[piece],
                times=drawn[piece],
                no_text=no_text[piece],
                no_tempo=chances[1, piece] < self.recipe.grid_dropout,
                asked=Asked.by(asked[piece], frames, self.spec),
                whole=size,
            )

    def _pieces(self, size: int, mine: int) -> Iterator[slice]:
        """The pieces of a rank's part of a batch; as many on every rank, since sharded weights meet in each."""
        count = min(self.recipe.pieces, size // self.group.size)
        return (slice(mine * k // count, mine * (k + 1) // count) for k in range(count))


class Batches(Dataset[tuple[Batch, ...]]):
    """The batches of any step.

    Args:
        recipe: the model and its windows, distribution of times, and shares of dropout.
        shelf: the pieces.
        silence: latents [D] of what follows the end of a piece.
        seed: seed and step determine every choice.
        group: the processes that share each batch.

    Raises:
        SpecError: if a batch has fewer crops than there are ranks.
    """

    def __init__(
        self,
        recipe: Recipe,
        shelf: Shelf,
        silence: NDArray[np.float32],
        seed: int,
        *,
        group: Group | None = None,
    ) -> None:
        self.draws = Draws(recipe.dit, recipe.model, group or Group.alone(), seed)
        check_batches(recipe.dit, self.draws.group.size)
        self.shelf, self.silence = shelf, silence
        self.windows: tuple[Span, Windows] | None = None

    def __getitem__(self, place: tuple[int, Span]) -> tuple[Batch, ...]:
        """The batches of a step that draws from a span, one for each length."""
        step, span = place
        return tuple(self.draws.of(self._windows(span), step))

    def ahead(
        self, places: Iterator[tuple[int, Span]], processes: int, *, pinned: bool
    ) -> Iterator[tuple[Batch, ...]]:
        """The batches of these places, made ahead by so many processes; by this one, when asked for, if that is 0."""
        return read_by(
            processes,
            self,
            sampler=_Places(places),
            pin_memory=pinned,
            prefetch_factor=AHEAD if processes else None,
        )

    def _windows(self, span: Span) -> Windows:
        if self.windows is None or self.windows[0] != span:
            made = Windows(self.shelf.items(span), self.silence, self.draws.spec.latent_rate)
            self.windows = (span, made)
        return self.windows[1]


def check_batches(recipe: DiTRecipe, processes: int) -> None:
    """Checks that every rank has something of every batch.

    Raises:
        SpecError: with the number of times that batches have to be larger.
    """
    least = min(window.batch for phase in recipe.phases for window in phase.windows)
    if least < processes:
        more = -(-processes // least)
        raise SpecError(
            f"{processes} processes cannot share a batch of {least}; make batches {more} times as large: give "
            f"--batch {more}, or use fewer processes."
        )


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


def partly(score: Score | None, rng: np.random.Generator, *, text: bool = True) -> Score | None:
    """A score of which each group may be left out, so that a model learns to play from any of them.

    Without a text it is often left out whole: guidance compares with a model that knows neither.
    """
    fate, told = rng.random(), rng.random(len(GROUPS)) < 0.5
    if not text and rng.random() < NEITHER:
        return None
    if score is None or fate < WHOLE_SCORES:
        return score
    if fate < WHOLE_SCORES + NO_SCORES:
        return None
    if fate < WHOLE_SCORES + NO_SCORES + NOTES_ALONE:
        return replace(score, known=score.known & NOTES)
    kept = {group for group, one in zip(GROUPS, told, strict=True) if one}
    return replace(score, known=score.known & kept)
