"""Trains CLAP from scratch on pairs of prompt and sound (§2.4, §3).

A stage of `loop.train`. Prompts are drawn anew for every step from what is known of a piece (§3.1). Knows nothing of
the diffusion that will listen to its text tower.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch import Tensor
from torch.nn import ModuleDict
from torch.nn.utils import clip_grad_norm_
from torch.optim import AdamW
from transformers import ClapConfig

from engine.clap import SAMPLE_RATE, Clap, small_config
from engine.training import prompts
from engine.training.contrastive import ContrastiveLoss, retrieval
from engine.training.dataset import Item
from engine.training.loop import Budget, train
from engine.training.optim import Ema, LearningRate

SPECIAL_TOKENS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
"""In RoBERTa's order: numbers 0 to 4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClapRecipe:
    """Training of CLAP. The paper says AdamW, weight decay 0.001 and an average of the weights (§3), and no more."""

    batch: int = 32
    seconds: float = 10.0
    """Length of the crops; longer than ten seconds brings the fusion into play."""
    vocabulary: int = 4096
    learning_rate: LearningRate = field(
        default_factory=lambda: LearningRate(base=3e-4, ramp=0.99, gamma=10_000)
    )
    weight_decay: float = 1e-3
    ema_decay: float = 0.999


class ClapStage:
    """One CLAP in training.

    Args:
        recipe: numbers.
        material: pieces with their metadata.
        config: shape of the towers; None is the small one.
        seed: of tokenizer, weights, crops and prompts; with the step's number it decides everything.
        device: where to train.
    """

    def __init__(
        self,
        recipe: ClapRecipe,
        material: list[Item],
        *,
        config: ClapConfig | None = None,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        self.recipe, self.material, self.seed = recipe, material, seed
        rng = np.random.default_rng(seed)
        texts = [prompts.prompt(item.metadata, rng) for _ in range(8) for item in material]
        tokenizer = train_tokenizer(texts, recipe.vocabulary)
        self.clap = Clap(config or small_config(tokenizer.get_vocab_size()), tokenizer)
        self.clap.initialize(torch.Generator().manual_seed(seed))
        # The library's model has temperatures of its own; here the loss owns it.
        self.clap.model.logit_scale_a.requires_grad_(False)
        self.clap.model.logit_scale_t.requires_grad_(False)
        self.networks = ModuleDict({"clap": self.clap, "loss": ContrastiveLoss()}).to(device)
        self.ema = Ema(self.networks, recipe.ema_decay)
        self.optimizer = AdamW(
            [p for p in self.networks.parameters() if p.requires_grad],
            1.0,
            weight_decay=recipe.weight_decay,
        )

    def step(self, index: int) -> Mapping[str, float]:
        """One step on one batch of pairs."""
        rng = np.random.default_rng((self.seed, index))
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.learning_rate.at(index)
        self.networks.train()
        texts, sounds = self.vectors(rng)
        loss = self.networks["loss"](texts, sounds)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        clip_grad_norm_(self.networks.parameters(), 1.0)
        self.optimizer.step()
        self.ema.update(self.networks)
        return {
            "loss": float(loss.detach()),
            "retrieval": retrieval(texts.detach(), sounds.detach()),
        }

    def vectors(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Texts and sounds of a batch of different pieces, [B, P] each."""
        size = min(self.recipe.batch, len(self.material))
        chosen = [self.material[i] for i in rng.choice(len(self.material), size, replace=False)]
        texts = [prompts.prompt(item.metadata, rng) for item in chosen]
        sounds = [mono_crop(item, self.recipe.seconds, rng) for item in chosen]
        return self.clap.embed_texts(texts), self.clap.embed_audio(sounds, rng)

    def averaged(self) -> Clap:
        """This CLAP with the averaged weights and the learned temperature; the training does not go on from it."""
        self.ema.apply_to(self.networks)
        with torch.no_grad():
            for scale in (self.clap.model.logit_scale_a, self.clap.model.logit_scale_t):
                scale.copy_(self.networks["loss"].get_parameter("scale"))
        return self.clap.eval()

    def state_dict(self) -> dict[str, Any]:
        """Networks, average and optimiser; the tokenizer follows from material and seed."""
        return {name: part.state_dict() for name, part in self._parts().items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from `state_dict`."""
        for name, part in self._parts().items():
            part.load_state_dict(state[name])

    def _parts(self) -> dict[str, Any]:
        return {"networks": self.networks, "ema": self.ema, "optimizer": self.optimizer}


def train_clap(stage: ClapStage, run: Path, budget: Budget) -> Path:
    """Trains, or goes on, within a budget, and writes the averaged model beside the run's checkpoint.

    Returns:
        The folder `run/clap`, in transformers' layout: where `stable-audio-2` looks for it in a folder of weights.
    """
    train(stage, run, budget)
    folder = run / "clap"
    stage.averaged().save(folder)
    return folder


def mono_crop(item: Item, seconds: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """A random crop of a piece as CLAP hears it: mono at 48 kHz, [N]; all of a piece that is shorter."""
    with soundfile.SoundFile(str(item.path)) as file:
        frames = round(seconds * file.samplerate)
        file.seek(int(rng.integers(0, max(item.frames - frames, 0) + 1)))
        samples = file.read(frames, dtype="float32", always_2d=True).mean(axis=1)
        return soxr.resample(samples, file.samplerate, SAMPLE_RATE).astype(np.float32)


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """A byte-level BPE tokenizer as RoBERTa's, made from these texts: any text can be written with it."""
    tokenizer = Tokenizer(models.BPE(unk_token=None))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=SPECIAL_TOKENS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(
        sep=("</s>", 2), cls_token=("<s>", 0), add_prefix_space=False
    )
    return tokenizer
