"""The resources of an evaluation: the model, CLAP, material on both sides of the split, and sample sizes.

Knows nothing of the measures.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from engine.autoencoder import Autoencoder
from engine.evaluation.listening import Listener
from engine.evaluation.pairs import Pair, make_pairs
from engine.evaluation.sounds import HELD_OUT_EVERY, Sound, composed, take
from engine.sound.audio import Samples
from engine.spec import GenerationSpec
from engine.training.dataset import Item, all_items, is_held_out, items
from engine.updates import Generates

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """Sample sizes; seconds are those of one take or piece."""

    prompts: int = 40
    """Number of tempo prompts."""
    pairs: int = 200
    """Held-out pieces with their reconstructions, and takes from their prompts."""
    generations: int = 200
    pieces: int = 40
    """Held-out pieces, whose figures are the ceilings."""
    solos: int = 3
    """Solo takes per instrument."""
    stems: int = 8
    """Stems per instrument to train the classifier on."""
    keys: int = 24
    long_takes: int = 2
    long_seconds: float = 285.0
    recordings: int = 4
    strengths: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
    seconds: float = 12.0
    tempo_seconds: float = 20.0


QUICK = Amounts(
    prompts=6,
    pairs=12,
    generations=12,
    pieces=8,
    solos=1,
    stems=3,
    keys=4,
    long_takes=1,
    long_seconds=120.0,
    recordings=1,
    strengths=(0.3, 0.6, 0.9),
    seconds=11.0,
    tempo_seconds=12.0,
)


@dataclass(slots=True, kw_only=True)
class Bench:
    """The model and everything it is compared with."""

    model: str
    engine: Generates
    autoencoder: Autoencoder
    listener: Listener
    held_out: list[Item]
    training: list[Item]
    amounts: Amounts
    work: Path
    """Folder for rendered pieces and source recordings."""
    seed: int = 1
    takes: list[Sound] = field(default_factory=list)
    """Every take so far, for the hygiene part."""
    _pairs: list[Pair] = field(default_factory=list)

    @property
    def pairs(self) -> list[Pair]:
        """Made at the first use."""
        if not self._pairs:
            self._pairs = make_pairs(self)
        return self._pairs

    def take(self, prompt: str, number: int, **settings: Any) -> Sound:
        """Generates take `number` of this evaluation, which determines its seed."""
        facts = settings.pop("facts", {})
        spec = GenerationSpec(
            prompt=prompt, model=self.model, seed=self.seed * 100_003 + number, **settings
        )
        made = take(self.engine, spec, facts)
        self.takes.append(made)
        return made

    @property
    def composed(self) -> list[Item]:
        """Held-out pieces by the composer, if there are any: recordings have less metadata, and faults."""
        return [i for i in self.held_out if i.metadata.get("kind") != "real"] or self.held_out

    def reconstructed(self, samples: Samples) -> Samples:
        """[2, N] through the autoencoder and back."""
        with torch.inference_mode():
            latents = self.autoencoder.encode(torch.from_numpy(samples)[None])
            return self.autoencoder.decode(latents)[0, :, : samples.shape[1]].cpu().numpy()


def material(folders: Sequence[Path], work: Path, pieces: int) -> tuple[list[Item], list[Item]]:
    """Held-out and training items in the folders; without folders, both come from the composer.

    Its training pieces are those of its current version; the model may have been trained on others.

    Raises:
        AudioError: if the folders contain no held-out items.
    """
    if folders:
        every = all_items(folders)
        held_out = items(folders, held_out=True)
        return held_out, [item for item in every if not is_held_out(item.metadata)]
    log.info("no material given: rendering %d pieces of each side of the split", pieces)
    seeds = [HELD_OUT_EVERY * number for number in range(pieces)]
    held_out = composed(seeds, work / "held_out", None, 40.0)
    training = composed([seed + 1 for seed in seeds], work / "training", None, 40.0)
    return held_out, training
