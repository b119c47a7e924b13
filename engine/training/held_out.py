"""The loss on pieces that are never trained on, by window length and noise level: always the same crops and noise.

With the score, and with none, so that figures of different steps, slots and runs can be compared. Knows nothing of
networks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from engine.conditioning import Asked
from engine.training.batches import Batch
from engine.training.material.latents import LatentItem
from engine.training.material.windows import Windows
from engine.training.recipes import Recipe

LEVELS = (0.3, 0.6, 0.8, 0.9, 0.97)
"""Times at which the loss is measured: from what little noise hides to where only the prompt says what will sound."""
CROPS, FRAMES = 24, 6144
"""Most crops of one length, and about how many frames they have together: the same whatever the batches of a run."""
_SEED = 0x4E1D


class HeldOut:
    """Batches to measure on.

    Args:
        recipe: the model, its windows, and how often to measure.
        items: held-out pieces; if there are none, nothing is measured.
        silence: latents [D] of what follows the end of a piece.
    """

    def __init__(
        self, recipe: Recipe, items: Sequence[LatentItem], silence: NDArray[np.float32]
    ) -> None:
        self.recipe, self.items, self.silence = recipe, items, silence
        self.every = recipe.dit.measure_every
        self._made: list[tuple[str, Batch]] = []

    def batches(self, device: torch.device) -> Iterator[tuple[str, Batch]]:
        """A batch for each length and level, by its loss: `held_out_256_at_0.9`, `alone_256_at_0.9` without a score."""
        if not self._made:
            self._made = [(name, batch.to(device)) for name, batch in self._batches()]
        for name, batch in self._made:
            for level in LEVELS:
                times = torch.full_like(batch.times, level)
                yield f"{name}_at_{level:g}", replace(batch, times=times)

    def _batches(self) -> Iterator[tuple[str, Batch]]:
        spec = self.recipe.model
        windows = Windows(self.items, self.silence, spec.latent_rate)
        for window in self.recipe.dit.phases[-1].windows:
            size = min(max(FRAMES // window.frames, 1), CROPS)
            latents, asked = windows.batch(window.frames, size, np.random.default_rng(_SEED))
            generator = torch.Generator().manual_seed(_SEED)
            kept = torch.zeros(size, dtype=torch.bool)
            batch = Batch(
                latents=latents,
                noise=torch.randn(latents.shape, generator=generator),
                times=torch.zeros(size),
                no_text=kept,
                no_tempo=kept,
                asked=Asked.by(asked, window.frames, spec),
                whole=size,
            )
            alone = [replace(prompt, score=None) for prompt in asked]
            yield f"held_out_{window.frames}", batch
            yield (
                f"alone_{window.frames}",
                replace(batch, asked=Asked.by(alone, window.frames, spec)),
            )
