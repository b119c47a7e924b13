"""Fine-tuning as a stage for `loop.train`: the model's own objective, on adapters or on all weights of its transformer.

Knows nothing of audio or of files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import ModuleDict

from engine.latent_diffusion import LatentDiffusion
from engine.samplers.objectives import OBJECTIVES, noised
from engine.training.finetuning.seen import Seen, Sight
from engine.training.group import Group
from engine.training.loop import StageOfParts
from engine.training.material.remembered import Remembering
from engine.training.recipes import DiTRecipe
from engine.training.update import Update


class FineTuning(StageOfParts):
    """A model in training whose weights that need a gradient learn; the others are neither moved nor saved.

    Args:
        model: on the group's device; its autoencoder is not used.
        sight: what each step sees.
        recipe: the optimiser's numbers.
        group: the processes that train it together.
        averaged: whether the weights' moving average is kept.
    """

    def __init__(
        self,
        model: LatentDiffusion,
        sight: Sight,
        recipe: DiTRecipe,
        group: Group,
        *,
        averaged: bool = False,
    ) -> None:
        self.model, self.sight, self.recipe, self.group = model, sight, recipe, group
        self.objective = OBJECTIVES[model.spec.objective]
        encoder = model.conditioner.text_encoder
        if not isinstance(encoder, Remembering):
            model.conditioner.text_encoder = Remembering(encoder)
        model.dit.checkpointing = recipe.gradient_checkpointing
        self.networks = ModuleDict({"dit": model.dit, "conditioner": model.conditioner})
        self.update = Update(
            self.networks,
            group,
            betas=recipe.betas,
            weight_decay=recipe.weight_decay,
            ema_decay=recipe.ema_decay if averaged else None,
        )

    def step(self, index: int) -> Mapping[str, float | Tensor]:
        """One step: the gradients of all that is seen, added up."""
        self.update.begin()
        whole = torch.zeros((), device=self.group.device)
        for seen in self.sight.at(index):
            loss = self.loss(seen.to(self.group.device))
            weight = seen.share * self.group.weight(seen.mine, seen.batch.whole)
            self.update.add(loss, weight)
            whole += weight * loss.detach()
        moved = self.update.apply(self.recipe.learning_rate.at(index))
        return {"loss": whole, **moved}

    def batch_of(self, index: int) -> dict[str, Any]:
        """This rank's part of what a step sees, to keep where a step failed."""
        return {str(number): seen.batch.kept() for number, seen in enumerate(self.sight.at(index))}

    def loss(self, seen: Seen) -> Tensor:
        """Mean squared error of the predicted target; of given frames apart, where some are given."""
        batch, model = seen.batch, self.model
        clean = model.latent_scale.scaled(batch.latents)
        conditioning = model.conditioner.embedded(batch.asked).dropped(
            text=batch.no_text, tempo=batch.no_tempo
        )
        if seen.kept is not None:
            given = torch.cat((seen.kept, clean * seen.kept), dim=1)
            conditioning = replace(conditioning, kept=given)
        shown = noised(self.objective, clean, batch.noise, batch.times)
        output = model.network(shown, batch.times, conditioning)
        missed = (output - self.objective.target(clean, batch.noise, batch.times)).square()
        if seen.kept is None:
            return missed.mean()
        return _mean_over(missed, 1 - seen.kept) + _mean_over(missed, seen.kept)

    def parts(self) -> dict[str, Any]:
        """The contents of a checkpoint."""
        return {"learnt": Learnt(self.networks), "update": self.update}


class Learnt:
    """The parameters of a network that need a gradient, as a part of a stage."""

    def __init__(self, network: torch.nn.Module) -> None:
        self.network = network

    def state_dict(self) -> dict[str, Tensor]:
        """By name."""
        named = self.network.named_parameters()
        return {name: p.detach() for name, p in named if p.requires_grad}

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Resumes from `state_dict`."""
        for name, parameter in self.state_dict().items():
            parameter.copy_(state[name])


def _mean_over(missed: Tensor, where: Tensor) -> Tensor:
    """The mean of [B, D, T] over the frames where [B, 1, T] is 1, of each item, then over items; 0 for none."""
    counts = where.sum(dim=(1, 2)) * missed.shape[1]
    return ((missed * where).sum(dim=(1, 2)) / counts.clamp(min=1)).mean()
