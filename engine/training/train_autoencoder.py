"""Trains the autoencoder (§2.1): reconstruction, KL divergence, and later adversarial losses.

A stage for `loop.train` that owns the networks and their updates. Knows nothing of folders, budgets or logs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import Module

from engine.errors import SpecError
from engine.networks import build_autoencoder
from engine.training.discriminators import Discriminators
from engine.training.group import Group
from engine.training.loop import StageOfParts
from engine.training.losses import MultiResolutionSTFTLoss
from engine.training.material.dataset import Crops, Item
from engine.training.optim import Ema
from engine.training.recipes import Recipe
from engine.training.update import Update


class AutoencoderStage(StageOfParts):
    """One autoencoder in training.

    Args:
        recipe: model and hyperparameters.
        material: what to train on.
        seed: of weights, crops and noise. Seed and step index determine everything, so a resumed run continues as if it
            had never stopped.
        group: the processes that train it together.
        freeze_encoder: train the decoder alone, so that existing latents stay valid.
    """

    def __init__(
        self,
        recipe: Recipe,
        material: Sequence[Item],
        *,
        seed: int = 0,
        group: Group | None = None,
        freeze_encoder: bool = False,
    ) -> None:
        self.recipe = recipe.autoencoder
        self.seed, self.group = seed, group or Group.alone()
        self.device = self.group.device
        if self.recipe.batch < self.group.size:
            raise SpecError(
                f"{self.group.size} processes cannot share a batch of {self.recipe.batch}; make batches larger with "
                "--batch, or use fewer processes."
            )
        with torch.random.fork_rng(devices=[]):
            torch.random.set_rng_state(torch.Generator().manual_seed(seed).get_state())
            self.autoencoder = build_autoencoder(recipe.model.autoencoder).to(self.device)
            self.discriminators = Discriminators(
                self.recipe.discriminator_lengths,
                self.recipe.discriminator_filters,
                self.recipe.drawn_judges,
            ).to(self.device)
        self.autoencoder.encoder.requires_grad_(not freeze_encoder)
        self.ratio = recipe.model.autoencoder.downsampling_ratio
        self.crops = Crops(material, self.recipe.crop_latents * self.ratio)
        self.loss = MultiResolutionSTFTLoss(
            self.recipe.resolutions,
            self.recipe.drawn_resolutions,
            weights=self.recipe.weights,
            fir=self.recipe.fir_weighting,
            floor=self.recipe.floor,
        ).to(self.device)
        self.update = self._update_of(self.autoencoder, self.recipe.ema_decay)
        self.judging = self._update_of(self.discriminators)

    @property
    def ema(self) -> Ema:
        """The averaged weights."""
        assert self.update.ema is not None
        return self.update.ema

    def step(self, index: int) -> Mapping[str, float | Tensor]:
        """One step of the autoencoder and, in the adversarial phase, one of the discriminators."""
        if index == 0:
            self._begin()
        audio, noise, rng = self._batch(index)
        weight = self.group.weight(len(audio), self.recipe.batch)
        with self.group.computing():
            mean, std = self.autoencoder.moments(audio)
            latents = mean + std * noise.to(mean)
            estimate, own_loss = self.autoencoder.decode_in_training(latents, audio)
        estimate = estimate.float()
        losses = {
            "stft": weight * self.loss(estimate, audio, rng),
            "own": weight * own_loss,
            "kl": weight * self.autoencoder.bottleneck.kl(mean.float(), std.float()),
        }
        kl_weight = self.recipe.kl_weight * min(1.0, (index + 1) / (self.recipe.kl_ramp + 1))
        total = losses["stft"] + self.recipe.own_weight * losses["own"] + kl_weight * losses["kl"]
        if index >= self.recipe.adversarial_from:
            judged = self._judged(index, audio, estimate, rng)
            losses |= judged
            total = total + self.recipe.adversarial_weight * judged["adversarial"]
            total = total + self.recipe.feature_weight * judged["features"]
        self.update.begin()
        self.update.add(total)
        applied = self.update.apply(self.recipe.learning_rate.at(index))
        return {**{name: loss.detach() for name, loss in losses.items()}, **applied}

    def batch_of(self, index: int) -> dict[str, Tensor]:
        """This rank's part of what a step sees, to keep where a step failed."""
        audio, noise, _ = self._batch(index)
        return {"audio": audio, "noise": noise}

    def parts(self) -> dict[str, Any]:
        """The contents of a checkpoint."""
        return {
            "autoencoder": self.autoencoder,
            "discriminators": self.discriminators,
            **self.update.parts(),
            "discriminator_optimizer": self.judging.optimizer,
        }

    def _begin(self) -> None:
        """Initialises the network from crops of the material; so does every rank."""
        rng = np.random.default_rng((self.seed, 0, 0))
        crops = self.crops.batch(self.recipe.first_crops, rng)
        self.autoencoder.begin_with(crops.to(self.device))
        self.group.same(self.autoencoder.parameters())
        self.update.ema = Ema(self.autoencoder, self.recipe.ema_decay)

    def _batch(self, index: int) -> tuple[Tensor, Tensor, np.random.Generator]:
        """This rank's crops [n, 2, N], the bottleneck's noise [n, D, T], and what decides the rest of the step."""
        rng = np.random.default_rng((self.seed, index))
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        mine = self.group.part(self.recipe.batch)
        audio = self.crops.batch(self.recipe.batch, rng, mine).to(self.device)
        shape = (self.recipe.batch, self.autoencoder.latent_channels, self.recipe.crop_latents)
        return audio, torch.randn(shape, generator=generator)[mine], rng

    def _judged(
        self, index: int, audio: Tensor, estimate: Tensor, rng: np.random.Generator
    ) -> dict[str, Tensor]:
        """A step of the discriminators, and what they then make of the estimate."""
        panel = self.discriminators.panel(rng)
        heard = self._heard()
        weight = self.group.weight(len(heard), self.recipe.judged_crops or self.recipe.batch)
        if not heard:  # Other ranks have all of the crops that are judged.
            nothing = 0 * estimate.sum()
            self._judge(index, nothing.detach(), 0.0)
            return {name: nothing for name in ("discriminators", "adversarial", "features")}
        real, fake = audio[heard], estimate[heard]
        with self.group.computing():
            loss = self.discriminators.loss(panel, real, fake)
        self._judge(index, loss, weight)
        with self.group.computing():
            terms = self.discriminators.generator_losses(
                panel, real, fake, absolute=self.recipe.absolute_features
            )
        return {
            "discriminators": weight * loss,
            "adversarial": weight * terms.adversarial,
            "features": weight * terms.feature_matching,
        }

    def _heard(self) -> list[int]:
        """Which of this rank's crops are judged: the same of a batch with any number of ranks, spread over it."""
        size = self.recipe.batch
        count = min(self.recipe.judged_crops or size, size)
        mine = self.group.part(size)
        chosen = {size * number // count for number in range(count)}
        return [place - mine.start for place in range(mine.start, mine.stop) if place in chosen]

    def _judge(self, index: int, loss: Tensor, weight: float) -> None:
        """Moves the discriminators."""
        rate = self.recipe.discriminator_learning_rate
        self.judging.begin()
        if weight:
            self.judging.add(loss, weight)
        self.judging.apply(rate.at(index - self.recipe.adversarial_from))

    def _update_of(self, network: Module, ema_decay: float | None = None) -> Update:
        recipe = self.recipe
        return Update(
            network,
            self.group,
            betas=recipe.betas,
            weight_decay=recipe.weight_decay,
            ema_decay=ema_decay,
        )
