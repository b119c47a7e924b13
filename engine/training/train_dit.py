"""Trains the diffusion transformer (§3): v-objective on noised latents, with dropout of text and tempo.

A stage for `loop.train`. On a GPU nothing in a step waits for it: batches come from other processes (batches.py), the
loss stays there until it is logged, the blocks are compiled. Ranks share each batch, and weights that are too many for
one card (sharding.py). Reads latents and knows nothing of audio.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn import ModuleDict
from torch.nn.functional import mse_loss

from engine.checkpoints import load_weights
from engine.conditioning import Conditioner, Conditioning, TextEncoder
from engine.configs import DiTConfig
from engine.dit import DiT
from engine.latent_diffusion import LatentScale
from engine.samplers.objectives import OBJECTIVES, noised
from engine.text import MiniLM
from engine.training.batches import Batch, Batches
from engine.training.group import Group
from engine.training.held_out import HeldOut
from engine.training.loop import StageOfParts
from engine.training.material.latents import LatentItem, Statistics
from engine.training.material.remembered import Remembering
from engine.training.material.shelf import Ledger, Shelf, Span
from engine.training.optim import Cooldown, Ema
from engine.training.recipes import Recipe
from engine.training.sharding import entire, shard
from engine.training.speed import forward_flops
from engine.training.update import Update

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
        group: the processes that train it together; they read the same folder, which stays as it is if there are
            several.

    Raises:
        SpecError: if a batch cannot be shared, or the optimiser cannot be had here.
    """

    def __init__(
        self,
        recipe: Recipe,
        material: Material,
        text_encoder: TextEncoder,
        *,
        seed: int = 0,
        group: Group | None = None,
    ) -> None:
        self.recipe, self.spec = recipe.dit, recipe.model
        self.group = group or Group.alone()
        self.device = self.group.device
        self.on_gpu = self.device.type == "cuda"
        self.shelf, self.ledger = material.shelf, Ledger()
        silence = material.statistics.silence
        self.batches = Batches(recipe, self.shelf, silence, seed, group=self.group)
        self.held_out = HeldOut(recipe, material.held_out, silence)
        if self.on_gpu and isinstance(text_encoder, MiniLM):
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
        if self.on_gpu:
            # All blocks share one compiled program, which serves all lengths.
            for block in self.dit.transformer.layers:
                block.compile(dynamic=True)
        if recipe.sharded and dist.is_initialized():
            shard(self.dit, self.group)
        self.update = self._update()
        self.cooldown: Cooldown | None = None
        self._ahead: tuple[int, Iterator[tuple[Batch, ...]]] | None = None

    def _update(self) -> Update:
        recipe = self.recipe
        update = Update(
            self.networks,
            self.group,
            betas=recipe.betas,
            weight_decay=recipe.weight_decay,
            ema_decay=recipe.ema_decay,
        )
        if recipe.optimizer != "adamw":
            update.use(recipe.optimizer)
        return update

    @property
    def ema(self) -> Ema:
        """The averaged weights."""
        assert self.update.ema is not None
        return self.update.ema

    def begin_from(self, weights: Path) -> None:
        """Takes over a transformer that was exported, with the scale of its latents, in place of random weights.

        Raises:
            CheckpointError: if the file is missing, damaged or of another network.
        """
        load_weights(self.networks, weights)
        self.update.ema = Ema(self.networks, self.recipe.ema_decay)

    def step(self, index: int) -> Mapping[str, float | Tensor]:
        """One step: batches of crops of several lengths, each frame counting as much."""
        rate = self.recipe.learning_rate.at(index)
        began = time.monotonic()
        batches = self._batch(index)
        waited = time.monotonic() - began
        self.update.begin()
        losses = self._learnt(batches)
        applied = self.update.apply(
            rate if self.cooldown is None else rate * self.cooldown.at(index)
        )
        return {**losses, **applied, "waited": waited, **self._measured(index + 1)}

    def batch_of(self, index: int) -> dict[str, Any]:
        """This rank's part of what a step sees, to keep where a step failed."""
        batches = self.batches[(index, self.ledger.at(index))]
        return {str(number): batch.kept() for number, batch in enumerate(batches)}

    def _learnt(self, batches: Sequence[Batch]) -> dict[str, float | Tensor]:
        """Adds up the gradients of some batches; their losses by length, the whole one, and the operations."""
        # Of all ranks; pieces of one batch say the same.
        whole = {batch.latents.shape[-1]: batch.whole for batch in batches}
        total = sum(frames * count for frames, count in whole.items())
        losses: dict[str, Tensor] = {f"loss_{frames}": torch.zeros(()) for frames in whole}
        flops = 0.0
        for batch in batches:
            batch = batch.to(self.device)
            conditioning = self.conditioner.embedded(batch.asked).dropped(
                text=batch.no_text, tempo=batch.no_tempo
            )
            loss = self.loss(batch, conditioning)
            count, frames = len(batch.latents), batch.latents.shape[-1]
            weight = self.group.weight(count, batch.whole)
            self.update.add(loss, weight * frames * batch.whole / total)
            losses[f"loss_{frames}"] = losses[f"loss_{frames}"] + weight * loss.detach()
            flops += 3 * forward_flops(self.spec, count, frames)
        shares = {f"loss_{frames}": frames * count / total for frames, count in whole.items()}
        loss = sum(share * losses[name] for name, share in shares.items())
        return {"loss": loss, **losses, "flops": flops}

    def loss(self, batch: Batch, conditioning: Conditioning) -> Tensor:
        """Mean squared error of the predicted target."""
        clean = self.scale.scaled(batch.latents)
        shown = noised(self.objective, clean, batch.noise, batch.times)
        with self.group.computing():
            output = self.dit(shown, batch.times, conditioning)
        return mse_loss(output.float(), self.objective.target(clean, batch.noise, batch.times))

    def parts(self) -> dict[str, Any]:
        """The contents of a checkpoint."""
        return {
            "networks": self.networks,
            **self.update.parts(),
            "ledger": self.ledger,
        }

    def averaged(self) -> dict[str, Tensor]:
        """The averaged weights with the scale of the latents, by name; whole ones, so every rank has to call it."""
        scale = self.scale.state_dict(prefix="latent_scale.")
        return {**{name: entire(weight) for name, weight in self.ema.weights.items()}, **scale}

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
            processes = max(1, BATCH_PROCESSES // self.group.size) if self.on_gpu else 0
            made = self.batches.ahead(self._places(index), processes, pinned=self.on_gpu)
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
