"""Trains the autoencoder (§2.1): reconstruction, KL divergence, and later adversarial losses.

A stage for `loop.train` that owns the networks and their optimisers. Knows nothing of folders, budgets or logs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import Module
from torch.nn.utils import clip_grad_norm_
from torch.optim import AdamW, Optimizer

from engine.networks import build_autoencoder
from engine.training.dataset import Crops, Item
from engine.training.discriminators import Discriminators
from engine.training.loop import StageOfParts
from engine.training.losses import MultiResolutionSTFTLoss
from engine.training.optim import Ema, LearningRate
from engine.training.recipes import Recipe


class AutoencoderStage(StageOfParts):
    """One autoencoder in training.

    Args:
        recipe: model and hyperparameters.
        material: what to train on.
        seed: of weights, crops and noise. Seed and step index determine everything, so a resumed run continues as if it
            had never stopped.
        device: where to train.
        freeze_encoder: train the decoder alone, so that existing latents stay valid.
    """

    def __init__(
        self,
        recipe: Recipe,
        material: Sequence[Item],
        *,
        seed: int = 0,
        device: str = "cpu",
        freeze_encoder: bool = False,
    ) -> None:
        self.recipe = recipe.autoencoder
        self.seed, self.device = seed, device
        with torch.random.fork_rng(devices=[]):
            torch.random.set_rng_state(torch.Generator().manual_seed(seed).get_state())
            self.autoencoder = build_autoencoder(recipe.model.autoencoder).to(device)
            self.discriminators = Discriminators(
                self.recipe.discriminator_lengths,
                self.recipe.discriminator_filters,
                self.recipe.drawn_judges,
            ).to(device)
        self.autoencoder.encoder.requires_grad_(not freeze_encoder)
        ratio = recipe.model.autoencoder.downsampling_ratio
        self.crops = Crops(material, self.recipe.crop_latents * ratio)
        self.loss = MultiResolutionSTFTLoss(
            self.recipe.resolutions, self.recipe.drawn_resolutions
        ).to(device)
        self.ema = Ema(self.autoencoder, self.recipe.ema_decay)
        self.optimizer = self._adamw(self.autoencoder)
        self.discriminator_optimizer = self._adamw(self.discriminators)

    def step(self, index: int) -> Mapping[str, float]:
        """One step of the autoencoder and, in the adversarial phase, one of the discriminators."""
        rng = np.random.default_rng((self.seed, index))
        if index == 0:
            crops = self.crops.batch(self.recipe.first_crops, rng)
            self.autoencoder.begin_with(crops.to(self.device))
            self.ema = Ema(self.autoencoder, self.recipe.ema_decay)
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        audio = self.crops.batch(self.recipe.batch, rng).to(self.device)
        with torch.autocast(audio.device.type, torch.bfloat16):
            mean, std = self.autoencoder.moments(audio)
            latents = self.autoencoder.bottleneck.sample(mean, std, generator)
            estimate, own_loss = self.autoencoder.decode_in_training(latents, audio)
        estimate = estimate.float()
        losses = {
            "stft": self.loss(estimate, audio, rng),
            "own": own_loss,
            "kl": self.autoencoder.bottleneck.kl(mean.float(), std.float()),
        }
        kl_weight = self.recipe.kl_weight * min(1.0, (index + 1) / (self.recipe.kl_ramp + 1))
        total = losses["stft"] + self.recipe.own_weight * own_loss + kl_weight * losses["kl"]
        if index >= self.recipe.adversarial_from:
            panel = self.discriminators.panel(rng)
            real, fake = audio[: self.recipe.judged_crops], estimate[: self.recipe.judged_crops]
            losses["discriminators"] = self._judge(index, panel, real, fake)
            terms = self.discriminators.generator_losses(panel, real, fake)
            losses["adversarial"], losses["features"] = terms.adversarial, terms.feature_matching
            total = total + self.recipe.adversarial_weight * terms.adversarial
            total = total + self.recipe.feature_weight * terms.feature_matching
        self._update(self.optimizer, self.recipe.learning_rate, index, total)
        self.ema.update(self.autoencoder)
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def parts(self) -> dict[str, Any]:
        """The contents of a checkpoint."""
        return {
            "autoencoder": self.autoencoder,
            "discriminators": self.discriminators,
            "ema": self.ema,
            "optimizer": self.optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
        }

    def _judge(self, index: int, panel: list[Module], real: Tensor, fake: Tensor) -> Tensor:
        loss = self.discriminators.loss(panel, real, fake)
        rate = self.recipe.discriminator_learning_rate
        self._update(self.discriminator_optimizer, rate, index - self.recipe.adversarial_from, loss)
        return loss

    def _adamw(self, module: Module) -> AdamW:
        return AdamW(
            module.parameters(), 1.0, self.recipe.betas, weight_decay=self.recipe.weight_decay
        )

    @staticmethod
    def _update(optimizer: Optimizer, rate: LearningRate, index: int, loss: Tensor) -> None:
        for group in optimizer.param_groups:
            group["lr"] = rate.at(index)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], 1.0)
        optimizer.step()
