"""Trains the diffusion transformer (§3): v-objective on noised latents, with dropout of text and tempo.

A stage for `loop.train`. On a GPU nothing in a step waits for it: batches come from other processes (batches.py), the
loss stays there until it is logged, the blocks are compiled. Reads latents and knows nothing of audio.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import ModuleDict
from torch.nn.functional import mse_loss
from torch.nn.utils import clip_grad_norm_
from torch.optim import AdamW

from engine.checkpoints import load_weights
from engine.conditioning import Conditioner, Conditioning, TextEncoder
from engine.configs import DiTConfig
from engine.dit import DiT
from engine.latent_diffusion import LatentScale
from engine.samplers.objectives import OBJECTIVES, noised
from engine.text import MiniLM
from engine.training.batches import Batch, Batches
from engine.training.held_out import HeldOut
from engine.training.latents import LatentItem, Statistics
from engine.training.loop import StageOfParts
from engine.training.optim import Cooldown, Ema
from engine.training.recipes import Recipe
from engine.training.remembered import Remembering
from engine.training.shelf import Ledger, Shelf, Span
from engine.training.speed import forward_flops

BATCH_PROCESSES = max(1, min(8, (os.cpu_count() or 1) // 2))
"""Processes that make batches for a GPU; for a CPU they are made here, in little of a step."""
GROWS_EVERY = 50
"""Steps after which new pieces are looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a transformer is trained on, and measured on; statistics of both come from the first."""

    shelf: Shelf
    held_out: Sequence[LatentItem]
    statistics: Statistics


class DiTStage(StageOfParts):
    """One transformer in training, with its number conditioners and the scale of its latents.

    Args:
        recipe: model and hyperparameters.
        material: latents.
        text_encoder: the frozen text encoder.
        seed: of weights, crops, prompts and noise; seed, step index and the pieces drawn from (see `Ledger`) determine
            everything.
        device: where to train.
    """

    def __init__(
        self,
        recipe: Recipe,
        material: Material,
        text_encoder: TextEncoder,
        *,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        self.recipe, self.spec = recipe.dit, recipe.model
        self.device = torch.device(device)
        on_gpu = self.device.type == "cuda"
        if on_gpu and isinstance(text_encoder, MiniLM):
            text_encoder.on(self.device)
        generator = torch.Generator().manual_seed(seed)
        self.conditioner = Conditioner(self.spec, Remembering(text_encoder))
        self.conditioner.initialize(generator)
        assert isinstance(
            self.spec.dit, DiTConfig
        )  # That of Stable Audio 3 cannot be trained here.
        self.dit = DiT(self.spec.dit, self.conditioner.global_width)
        self.dit.initialize(generator)
        self.dit.checkpointing = self.recipe.gradient_checkpointing
        self.scale = LatentScale(self.spec.autoencoder.latent_channels)
        self.scale.mean.copy_(torch.from_numpy(material.statistics.mean))
        self.scale.std.copy_(torch.from_numpy(material.statistics.std))
        parts = {"dit": self.dit, "conditioner": self.conditioner, "latent_scale": self.scale}
        self.networks = ModuleDict(parts).to(self.device)
        self.objective = OBJECTIVES[self.spec.objective]
        self.ema = Ema(self.networks, self.recipe.ema_decay)
        self.optimizer = AdamW(
            self.networks.parameters(),
            1.0,
            self.recipe.betas,
            weight_decay=self.recipe.weight_decay,
            fused=on_gpu,
        )
        if on_gpu:
            # All blocks share one compiled program, which serves all lengths.
            for block in self.dit.transformer.layers:
                block.compile(dynamic=True)
        self.shelf, self.ledger = material.shelf, Ledger()
        silence = material.statistics.silence
        self.batches = Batches(recipe, self.shelf, silence, seed)
        self.held_out = HeldOut(recipe, material.held_out, silence)
        self.cooldown: Cooldown | None = None
        self._ahead: tuple[int, Iterator[tuple[Batch, ...]]] | None = None

    def begin_from(self, weights: Path) -> None:
        """Takes over a transformer that was exported, with the scale of its latents, in place of random weights.

        Raises:
            CheckpointError: if the file is missing, damaged or of another network.
        """
        load_weights(self.networks, weights)
        self.ema = Ema(self.networks, self.recipe.ema_decay)

    def step(self, index: int) -> Mapping[str, float | Tensor]:
        """One step: batches of crops of several lengths, each frame counting as much."""
        rate = self.recipe.learning_rate.at(index)
        for group in self.optimizer.param_groups:
            group["lr"] = rate if self.cooldown is None else rate * self.cooldown.at(index)
        self.optimizer.zero_grad(set_to_none=True)
        losses = self._learnt(self._batch(index))
        clip_grad_norm_(self.networks.parameters(), 1.0)
        self.optimizer.step()
        self.ema.update(self.networks)
        return losses | self._measured(index + 1)

    def _learnt(self, batches: Sequence[Batch]) -> dict[str, float | Tensor]:
        """Adds up the gradients of some batches; their losses by length, the whole one, and the operations."""
        shares = np.array([batch.latents.shape[0] * batch.latents.shape[-1] for batch in batches])
        shares = shares / shares.sum()
        losses: dict[str, float | Tensor] = {}
        flops = 0.0
        for batch, share in zip(batches, shares.tolist(), strict=True):
            batch = batch.to(self.device)
            conditioning = self.conditioner.embedded(batch.asked).dropped(
                text=batch.no_text, tempo=batch.no_tempo
            )
            loss = self.loss(batch, conditioning)
            (share * loss).backward()
            frames = batch.latents.shape[-1]
            losses[f"loss_{frames}"] = loss.detach()
            flops += 3 * forward_flops(self.spec, len(batch.latents), frames)
        whole = sum(
            share * loss for share, loss in zip(shares.tolist(), losses.values(), strict=True)
        )
        return {"loss": whole, **losses, "flops": flops}

    def loss(self, batch: Batch, conditioning: Conditioning) -> Tensor:
        """Mean squared error of the predicted target."""
        clean = self.scale.scaled(batch.latents)
        shown = noised(self.objective, clean, batch.noise, batch.times)
        with torch.autocast(self.device.type, torch.bfloat16):
            output = self.dit(shown, batch.times, conditioning)
        return mse_loss(output.float(), self.objective.target(clean, batch.noise, batch.times))

    def parts(self) -> dict[str, Any]:
        """The contents of a checkpoint."""
        return {
            "networks": self.networks,
            "ema": self.ema,
            "optimizer": self.optimizer,
            "ledger": self.ledger,
        }

    def averaged(self) -> dict[str, Tensor]:
        """The averaged weights with the scale of the latents, by name."""
        scale = self.scale.state_dict(prefix="latent_scale.")
        return {**self.ema.weights, **scale}

    def close(self) -> None:
        """Ends the processes that make batches."""
        self._ahead = None

    def _measured(self, steps: int) -> dict[str, Tensor]:
        """Losses of the averaged weights on held-out pieces, every so many steps."""
        if steps % self.held_out.every or not self.held_out.items:
            return {}
        with self.ema.in_place_of(self.networks), torch.no_grad():
            return {
                name: self.loss(batch, self.conditioner.embedded(batch.asked))
                for name, batch in self.held_out.batches(self.device)
            }

    def _batch(self, index: int) -> Sequence[Batch]:
        if self._ahead is None or self._ahead[0] != index:
            on_gpu = self.device.type == "cuda"
            processes = BATCH_PROCESSES if on_gpu else 0
            made = self.batches.ahead(self._places(index), processes, pinned=on_gpu)
        else:
            made = self._ahead[1]
        batch = next(made)
        self._ahead = (index + 1, made)
        return batch

    def _places(self, index: int) -> Iterator[tuple[int, Span]]:
        """Every step from this one on, with the pieces it draws from."""
        first = index
        while True:
            if index == first or index % GROWS_EVERY == 0:
                self.ledger.note(index, self.shelf.grown(self.ledger.at(index - 1), index))
            yield index, self.ledger.at(index)
            index += 1
