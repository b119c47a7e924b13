"""Trains CLAP on pairs of prompts and sounds (§2.4, §3): the paper's from scratch, ours with a locked text tower.

A stage for `loop.train`. Prompts are drawn from a piece's metadata (§3.1). Spectrograms are computed once and read in
crops. Knows nothing of the diffusion model that will use the text tower.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch import Tensor
from torch.nn import ModuleDict
from torch.nn.utils import clip_grad_norm_
from torch.optim import AdamW
from transformers import ClapConfig

from engine.clap import Clap, Towers, paper_config
from engine.locked_clap import LockedClap, small_audio
from engine.training import prompts
from engine.training.contrastive import CHOICES, ContrastiveLoss, retrieval, retrieval_among
from engine.training.dataset import Item
from engine.training.loop import Budget, StageOfParts, train
from engine.training.optim import Ema, LearningRate
from engine.training.spectra import Spectra

SPECIAL_TOKENS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
"""In RoBERTa's order: ids 0 to 4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClapRecipe:
    """Training of CLAP. The paper specifies AdamW, weight decay 0.001 and averaged weights (§3), and no more."""

    batch: int = 48
    windows: tuple[float, ...] = (1.0, 1.0, 1.0, 3.0)
    """Lengths of crops in CLAP windows, one drawn per step; crops longer than one window train the fusion."""
    prompts: int = 12
    """Number of different prompts per piece, so that a locked text tower can cache them."""
    vocabulary: int = 4096
    colour_db: float = 6.0
    """Augmentation of level and spectral tilt, dB, against overfitting to codecs and recording conditions."""
    learning_rate: LearningRate = field(
        default_factory=lambda: LearningRate(base=1e-3, ramp=0.99, gamma=1000)
    )
    weight_decay: float = 1e-3
    ema_decay: float = 0.998
    measure_every: int = 100


PAPER = ClapRecipe(vocabulary=50_265, learning_rate=LearningRate(base=1e-4, ramp=0.999, gamma=1e5))
SMOKE = ClapRecipe(batch=6, windows=(1.0,), prompts=4)
"""Tests the code in seconds."""


def from_scratch(
    material: Sequence[Item], recipe: ClapRecipe, seed: int, config: ClapConfig | None = None
) -> Clap:
    """The paper's towers, or others of that kind, with a tokenizer trained on the material's prompts."""
    rng = np.random.default_rng(seed)
    texts = [prompts.prompt(item.metadata, rng) for _ in range(8) for item in material]
    clap = Clap(config or paper_config(), train_tokenizer(texts, recipe.vocabulary))
    clap.initialize(torch.Generator().manual_seed(seed))
    return clap


def against_locked_text(seed: int) -> LockedClap:
    """The embedded model's towers."""
    clap = LockedClap(small_audio())
    clap.initialize(torch.Generator().manual_seed(seed))
    return clap


@dataclass(frozen=True, slots=True)
class Pieces:
    """Training material, held-out material, and the spectrograms of both."""

    material: Sequence[Item]
    held_out: Sequence[Item]
    spectra: Spectra


class ClapStage(StageOfParts):
    """One CLAP in training.

    Args:
        recipe: hyperparameters.
        clap: the model to train.
        pieces: sounds with metadata.
        seed: of crops and prompts; seed and step index determine everything.
        device: where to train.
    """

    def __init__(
        self,
        recipe: ClapRecipe,
        clap: Towers,
        pieces: Pieces,
        *,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        self.recipe, self.clap, self.pieces, self.seed = recipe, clap, pieces, seed
        # The library's model has temperatures as well; here the one of the loss is used.
        for name, parameter in clap.named_parameters():
            if "logit_scale" in name:
                parameter.requires_grad_(False)
        self.networks = ModuleDict({"clap": self.clap, "loss": ContrastiveLoss()}).to(device)
        self.ema = Ema(self.networks, recipe.ema_decay)
        self.optimizer = AdamW(
            [p for p in self.networks.parameters() if p.requires_grad],
            1.0,
            weight_decay=recipe.weight_decay,
            fused=torch.device(device).type == "cuda",
        )

    def step(self, index: int) -> Mapping[str, float | Tensor]:
        """One step with one batch of pairs."""
        rng = np.random.default_rng((self.seed, index))
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.learning_rate.at(index)
        self.networks.train()
        material = self.pieces.material
        size = min(self.recipe.batch, len(material))
        chosen = rng.choice(len(material), size, replace=False)
        texts, sounds = self.vectors([material[i] for i in chosen], rng)
        loss = self.networks["loss"](texts, sounds)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        clip_grad_norm_(self.networks.parameters(), 1.0)
        self.optimizer.step()
        self.ema.update(self.networks)
        losses: dict[str, float | Tensor] = {
            "loss": loss.detach(),
            "retrieval": retrieval(texts.detach(), sounds.detach()),
        }
        if self.pieces.held_out and (index + 1) % self.recipe.measure_every == 0:
            losses["held_out_retrieval"] = self.measured()
        return losses

    def vectors(
        self, items: Sequence[Item], rng: np.random.Generator, colour_db: float | None = None
    ) -> tuple[Tensor, Tensor]:
        """Embeddings of texts and sounds of some pieces, [B, P] each."""
        texts = [self._prompt(item, rng) for item in items]
        windows = float(rng.choice(self.recipe.windows))
        crops, longer = zip(
            *(self.pieces.spectra.crop(item, windows, rng) for item in items), strict=True
        )
        colour = self.recipe.colour_db if colour_db is None else colour_db
        seen = coloured(torch.stack(crops), colour, rng)
        device = self.networks["loss"].get_parameter("scale").device
        with torch.autocast(device.type, torch.bfloat16):
            sounds = self.clap.embed_spectra(seen.to(device), torch.tensor(longer))
        return self.clap.embed_texts(texts), sounds.float()

    @torch.no_grad()
    def measured(self) -> float:
        """How often a held-out sound finds its prompt among ten with the current weights; always the same pairs."""
        self.networks.eval()
        rng = np.random.default_rng(self.seed)
        rounds = [self.vectors(self.pieces.held_out, rng, colour_db=0.0) for _ in range(4)]
        return float(np.mean([retrieval_among(s, t, CHOICES, rng) for t, s in rounds]))

    def averaged(self) -> Towers:
        """This CLAP with averaged weights and learned temperature; training cannot continue afterwards."""
        self.ema.apply_to(self.networks)
        self.clap.keep_temperature(self.networks["loss"].get_parameter("scale"))
        return self.clap.eval()

    def parts(self) -> dict[str, Any]:
        """The contents of a checkpoint; the tokenizer follows from material and seed."""
        return {"networks": self.networks, "ema": self.ema, "optimizer": self.optimizer}

    def _prompt(self, item: Item, rng: np.random.Generator) -> str:
        # From a fixed set of prompts per piece, seeded by its name, so that they recur.
        own = int.from_bytes(
            hashlib.sha1(item.path.name.encode(), usedforsecurity=False).digest()[:4]
        )
        number = int(rng.integers(self.recipe.prompts))
        return prompts.prompt(item.metadata, np.random.default_rng((self.seed, own, number)))


def train_clap(stage: ClapStage, run: Path, budget: Budget) -> Path:
    """Trains, or resumes, within a budget, and writes the averaged model beside the run's checkpoint.

    Returns:
        The folder `run/clap`, to be copied into the model's folder of weights.
    """
    train(stage, run, budget)
    folder = run / "clap"
    stage.averaged().save(folder)
    return folder


def coloured(spectra: Tensor, most: float, rng: np.random.Generator) -> Tensor:
    """Augments spectrograms in dB [B, 4, frames, mels] by a random gain and spectral tilt of up to `most` dB."""
    gain, tilt = rng.uniform(-most, most, (2, len(spectra), 1, 1, 1)).astype(np.float32)
    bands = torch.linspace(-1.0, 1.0, spectra.shape[-1])
    return spectra + torch.from_numpy(gain) + torch.from_numpy(tilt) * bands


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """A byte-level BPE tokenizer like RoBERTa's, trained on these texts; it can encode any text."""
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
