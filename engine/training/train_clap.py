"""Trains CLAP on pairs of prompts and sounds (§2.4, §3): the paper's from scratch, ours with a locked text tower.

A stage for `loop.train`. Prompts are drawn from a piece's metadata (§3.1). Spectrograms are computed once and read in
crops. Ranks that train together match their texts and sounds with everybody's. Knows nothing of the diffusion
model that will use the text tower.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch import Tensor
from torch.nn import ModuleDict
from transformers import ClapConfig

from engine.clap import Clap, Towers, paper_config
from engine.errors import SpecError
from engine.locked_clap import LockedClap, small_audio
from engine.training.batch_statistics import over_ranks
from engine.training.contrastive import (
    CHOICES,
    ContrastiveLoss,
    retrieval,
    retrieval_among,
)
from engine.training.group import Group
from engine.training.loop import Budget, StageOfParts, train
from engine.training.material import prompts
from engine.training.material.dataset import Item, first_readable
from engine.training.material.drawing import WHOLE
from engine.training.material.spectra import Spectra
from engine.training.optim import Ema, LearningRate
from engine.training.update import Update

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
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 1e-3
    ema_decay: float = 0.998
    measure_every: int = 100

    def multiplied(self, times: int) -> ClapRecipe:
        """The same with batches so many times as large."""
        return replace(self, batch=self.batch * times)


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


@dataclass(frozen=True, slots=True)
class Pairs:
    """B texts, the spectrograms of their sounds [B, 4, frames, mels], and whether these were longer, [B] bool."""

    texts: list[str]
    spectra: Tensor
    longer: Tensor


class ClapStage(StageOfParts):
    """One CLAP in training.

    Args:
        recipe: hyperparameters.
        clap: the model to train.
        pieces: sounds with metadata.
        seed: of crops and prompts; seed and step index determine everything.
        group: the processes that train it together.

    Raises:
        SpecError: if there are fewer pieces than processes.
    """

    def __init__(
        self,
        recipe: ClapRecipe,
        clap: Towers,
        pieces: Pieces,
        *,
        seed: int = 0,
        group: Group | None = None,
    ) -> None:
        self.recipe, self.clap, self.pieces, self.seed = recipe, clap, pieces, seed
        self.group = group or Group.alone()
        self.size = min(recipe.batch, len(pieces.material))
        if self.size < self.group.size:
            raise SpecError(
                f"{self.group.size} processes cannot share a batch of {self.size} pieces; use fewer."
            )
        # The library's model has temperatures as well; here the one of the loss is used.
        for name, parameter in clap.named_parameters():
            if "logit_scale" in name:
                parameter.requires_grad_(False)
        self.networks = ModuleDict({"clap": self.clap, "loss": ContrastiveLoss()})
        self.networks.to(self.group.device)
        self.statistics = over_ranks(self.networks, self.group)
        self.update = Update(
            self.networks,
            self.group,
            betas=recipe.betas,
            weight_decay=recipe.weight_decay,
            ema_decay=recipe.ema_decay,
        )

    @property
    def ema(self) -> Ema:
        """The averaged weights."""
        assert self.update.ema is not None
        return self.update.ema

    def step(self, index: int) -> Mapping[str, float | Tensor]:
        """One step with one batch of pairs."""
        self.networks.train()
        texts, sounds = self.vectors(self._pairs(index))
        texts, sounds = (self.group.gathered(part, self.size) for part in (texts, sounds))
        mine = self.group.part(self.size)
        weight = self.group.weight(mine.stop - mine.start, self.size)
        loss = self.networks["loss"](texts, sounds, mine)
        self.update.begin()
        self.update.add(loss, weight)
        applied = self.update.apply(self.recipe.learning_rate.at(index))
        losses: dict[str, float | Tensor] = {
            "loss": weight * loss.detach(),
            "retrieval": retrieval(texts.detach(), sounds.detach()),
            **applied,
        }
        if self.pieces.held_out and (index + 1) % self.recipe.measure_every == 0:
            losses["held_out_retrieval"] = self.measured()
        return losses

    def batch_of(self, index: int) -> dict[str, Any]:
        """This rank's part of what a step sees, to keep where a step failed."""
        pairs = self._pairs(index)
        return {"texts": pairs.texts, "spectra": pairs.spectra, "longer": pairs.longer}

    def _pairs(self, index: int) -> Pairs:
        """This rank's part of a step's batch."""
        rng = np.random.default_rng((self.seed, index))
        chosen = rng.choice(len(self.pieces.material), self.size, replace=False)
        items = [self.pieces.material[i] for i in chosen]
        return self.pairs(items, rng, self.recipe.colour_db, self.group.part(self.size))

    def pairs(
        self, items: Sequence[Item], rng: np.random.Generator, colour: float, mine: slice = WHOLE
    ) -> Pairs:
        """A part of a batch of pieces: a prompt and a crop of each."""
        windows = float(rng.choice(self.recipe.windows))
        # Each piece has a generator of its own, so that a rank need not read what others do.
        seeds = rng.integers(2**62, size=len(items))[mine]
        own = [np.random.default_rng(int(seed)) for seed in seeds]
        found = [
            self._pair(item, windows, items, each)
            for item, each in zip(items[mine], own, strict=True)
        ]
        texts, crops, longer = zip(*found, strict=True)
        gain, tilt = rng.uniform(-colour, colour, (2, len(items))).astype(np.float32)[:, mine]
        return Pairs(list(texts), coloured(torch.stack(crops), gain, tilt), torch.tensor(longer))

    def _pair(
        self, item: Item, windows: float, others: Sequence[Item], rng: np.random.Generator
    ) -> tuple[str, Tensor, bool]:
        """A prompt, a crop and whether it was longer; of a file that cannot be read, those of one of the others."""

        def read(item: Item) -> tuple[str, Tensor, bool]:
            text = self._prompt(item, rng)
            return text, *self.pieces.spectra.crop(item, windows, rng)

        return first_readable(item, read, lambda: others[int(rng.integers(len(others)))], "piece")

    def vectors(self, pairs: Pairs) -> tuple[Tensor, Tensor]:
        """Embeddings of texts and sounds of some pieces, [B, P] each."""
        device, spectra, longer = self.group.device, pairs.spectra, pairs.longer
        # Where others fuse longer sounds and normalise them together, every rank has to have one.
        fused = self.networks.training and self.group.agreed(bool(longer.any()))
        if beside := fused and not longer.any():
            spectra = torch.cat((spectra, spectra[-1:]))
            longer = torch.cat((longer, torch.ones(1, dtype=torch.bool)))
        for layer in self.statistics:
            layer.beside = int(beside)
        with self.group.computing():
            sounds = self.clap.embed_spectra(spectra.to(device), longer).float()
        if beside:
            sounds = sounds[:-1] + 0 * sounds[-1:]
        return self.clap.embed_texts(pairs.texts), sounds

    @torch.no_grad()
    def measured(self) -> float:
        """How often a held-out sound finds its prompt among ten with the current weights; always the same pairs."""
        self.networks.eval()
        rng = np.random.default_rng(self.seed)
        rounds = [self._held_out_vectors(rng) for _ in range(4)]
        return float(np.mean([retrieval_among(s, t, CHOICES, rng) for t, s in rounds]))

    def _held_out_vectors(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Embeddings of all held-out pieces, by so many at a time as a step has."""
        pieces, state = self.pieces.held_out, rng.bit_generator.state
        found: list[tuple[Tensor, Tensor]] = []
        for start in range(0, len(pieces), self.recipe.batch):
            rng.bit_generator.state = state  # Parts of one batch are drawn alike.
            part = slice(start, start + self.recipe.batch)
            found.append(self.vectors(self.pairs(pieces, rng, 0.0, part)))
        texts, sounds = zip(*found, strict=True)
        return torch.cat(texts), torch.cat(sounds)

    def averaged(self) -> Towers:
        """This CLAP with averaged weights and learned temperature; training cannot continue afterwards."""
        self.ema.apply_to(self.networks)
        self.clap.keep_temperature(self.networks["loss"].get_parameter("scale"))
        return self.clap.eval()

    def parts(self) -> dict[str, Any]:
        """The contents of a checkpoint; the tokenizer follows from material and seed."""
        return {"networks": self.networks, **self.update.parts()}

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
    averaged = stage.averaged()
    if stage.group.first:
        averaged.save(folder)
    stage.group.barrier()
    return folder


def coloured(spectra: Tensor, gain: NDArray[np.float32], tilt: NDArray[np.float32]) -> Tensor:
    """Augments spectrograms in dB [B, 4, frames, mels] by a gain and a spectral tilt each, [B] dB."""
    bands = torch.linspace(-1.0, 1.0, spectra.shape[-1])
    gains, tilts = (torch.from_numpy(x)[:, None, None, None] for x in (gain, tilt))
    return spectra + gains + tilts * bands


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
