"""Crops of latents with their prompts (§2.3, §3.1): which pieces, where in them, and what is said of each.

Everything that is drawn follows from one generator, and only the crops of one's own part of a batch are read: so ranks
share a batch without reading each other's. Knows nothing of networks, times or noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.conditioning import Prompt
from engine.training.material import prompts
from engine.training.material.drawing import WHOLE, Chances
from engine.training.material.latent_items import LatentItem, Pieces

VARIANTS = 64
"""Number of prompts per piece: those of 1400 pieces fit into what is remembered of texts (remembered.py), and encoding
one costs a small model a third of its step. Much larger material has as many phrasings as draws, near enough."""
EXCERPTS = 0.25
"""Share of stem crops that are conditioned as complete pieces."""
BEGINNINGS, ENDINGS = 0.25, 0.15
"""Shares of crops from the beginning of a piece, where every generation starts, and from its end."""


class Windows:
    """Crops of latents with their prompts; the end of a piece is followed by silence (§2.3)."""

    def __init__(
        self, items: Sequence[LatentItem], silence: NDArray[np.float32], latent_rate: float
    ) -> None:
        self.items, self.silence, self.latent_rate = items, silence, latent_rate
        lengths = (
            items.frames if isinstance(items, Pieces) else np.array([item.frames for item in items])
        )
        # Between uniform over seconds and uniform over pieces, so that long songs do not outweigh loops and stems.
        self.chances = Chances(np.sqrt(lengths))

    def batch(
        self, frames: int, size: int, rng: np.random.Generator, part: slice = WHOLE
    ) -> tuple[Tensor, list[Prompt]]:
        """A part of a batch of so many crops: [n, D, frames] float32 and a prompt for each."""
        crops, batch_prompts = zip(
            *(self._crop(item, frames, own) for item, own in self.chances.each(size, rng, part)),
            strict=True,
        )
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


def start_of_crop(total: int, frames: int, rng: np.random.Generator) -> int:
    """Where a crop of `frames` starts in a piece of `total`: anywhere, but often at the beginning or near the end."""
    place = rng.random()
    if place < BEGINNINGS:
        return 0
    if place < BEGINNINGS + ENDINGS:
        silence = int(rng.integers(0, frames // 2)) if rng.random() < 0.5 else 0
        return max(total - frames + silence, 0)
    return int(rng.integers(0, max(total - frames, 0) + 1))
