"""The resources of an evaluation: the model, its listeners, pairs, training material, and sample sizes.

Knows nothing of the measures.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from engine.autoencoder import Autoencoder
from engine.composing.score import Score
from engine.evaluation.embeddings import Embedded, embedded
from engine.evaluation.hygiene import Hygiene, hygiene
from engine.evaluation.listening import Listener
from engine.evaluation.pairs import Pair, make_pairs
from engine.evaluation.sounds import Plays, Sound, composed, take, training_seeds
from engine.registry import model_spec
from engine.sound.audio import Samples
from engine.spec import GenerationSpec
from engine.training.material.dataset import Item, all_items, is_held_out

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """Sample sizes; seconds are those of one take or piece."""

    pairs: int = 210
    """Held-out pieces with their reconstructions, and takes from their prompts; 102 of them have drums."""
    training: int = 80
    """Training pieces, where no folders are given."""
    trained: int = 40
    """Takes from the prompts of training pieces."""
    reconstructed: int = 60
    solos: int = 4
    """Takes and stems per instrument."""
    stems: int = 8
    """Stems per instrument to train the classifier on."""
    long_takes: int = 8
    long_seconds: float = 285.0
    scoreless: int = 32
    """Prompts of held-out pieces whose takes play the composer's lead sheet, or none."""
    tried: int = 4
    """Recordings on which the default strength is chosen."""
    recordings: int = 8
    """Recordings on which it is judged."""
    strengths: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
    seconds: float = 12.0

    def within(self, longest: float) -> Amounts:
        """The same with takes of at most `longest` seconds, a model's limit."""
        return replace(
            self,
            seconds=min(self.seconds, longest),
            long_seconds=min(self.long_seconds, longest),
        )


QUICK = Amounts(
    pairs=12,
    training=6,
    trained=2,
    reconstructed=4,
    solos=1,
    stems=2,
    long_takes=2,
    long_seconds=120.0,
    scoreless=4,
    tried=1,
    recordings=2,
    strengths=(0.3, 0.6, 0.9, 1.0),
    seconds=11.0,
)


@dataclass(frozen=True, slots=True)
class Made:
    """What is kept of a take: its prompt, its faults, and whether it is of a recording, whose stereo it has."""

    prompt: str
    hygiene: Hygiene
    restyled: bool


@dataclass(slots=True, kw_only=True)
class Bench:
    """The model and everything it is compared with."""

    model: str
    engine: Plays
    autoencoder: Autoencoder
    listener: Listener
    amounts: Amounts
    work: Path
    """Folder for rendered pieces, takes of pairs and source recordings."""
    folders: tuple[Path, ...] = ()
    """Material on disk: training pieces, and held-out recordings. Without any, training pieces are composed."""
    seed: int = 1
    takes: list[Made] = field(default_factory=list)
    """Every take so far."""
    _pairs: list[Pair] = field(default_factory=list)
    _training: list[Item] = field(default_factory=list)
    _embedded: dict[str, Embedded] = field(default_factory=dict)

    def take(
        self,
        prompt: str,
        number: int,
        *,
        plays: Score | None = None,
        facts: dict[str, Any] | None = None,
        **settings: Any,
    ) -> Sound:
        """Generates take `number` of this evaluation, which determines its seed.

        It plays the given score; without one what the settings say, by default the composer's lead sheet.
        """
        spec = GenerationSpec(
            prompt=prompt, model=self.model, seed=self.seed * 100_003 + number, **settings
        )
        made = take(self.engine, spec, facts, plays)
        self.takes.append(Made(prompt, hygiene(made.samples), "init_audio" in settings))
        return made

    @property
    def plays_scores(self) -> bool:
        """Whether the model takes a score at all."""
        return model_spec(self.model).dit.grid

    @property
    def pairs(self) -> list[Pair]:
        """Made at the first use."""
        if not self._pairs:
            log.info("making %d pairs of a held-out piece and a take", self.amounts.pairs)
            self._pairs = make_pairs(self, self.amounts.pairs, self.amounts.seconds, self.work)
        return self._pairs

    @property
    def training(self) -> list[Item]:
        """Pieces that the model was trained on: the folders', or some composed anew at the first use."""
        if not self._training and self.folders:
            every = all_items(self.folders)
            self._training = [item for item in every if not is_held_out(item.metadata)]
        elif not self._training:
            log.info("no material given: composing %d training pieces", self.amounts.training)
            seeds = training_seeds(self.amounts.training)
            self._training = composed(seeds, self.work / "training", None, None)
        return self._training

    @property
    def recordings(self) -> list[Item]:
        """Held-out recordings of the folders, which nobody here composed."""
        every = all_items(self.folders)
        return [i for i in every if is_held_out(i.metadata) and i.metadata.get("kind") == "real"]

    def embedded(self, role: str) -> Embedded:
        """The pairs' pieces, reconstructions or takes as vectors; listened to at the first use."""
        if role not in self._embedded:
            self._embedded[role] = self.listened(pair.sound(role) for pair in self.pairs)
        return self._embedded[role]

    def listened(self, sounds: Iterable[Samples]) -> Embedded:
        """Any sounds [2, N] as vectors."""
        return embedded(self.listener, sounds)

    def reconstructed(self, samples: Samples) -> Samples:
        """[2, N] through the autoencoder and back."""
        place = next(self.autoencoder.parameters()).device
        with torch.inference_mode():
            latents = self.autoencoder.encode(torch.from_numpy(samples)[None].to(place))
            return self.autoencoder.decode(latents)[0, :, : samples.shape[1]].cpu().numpy()
