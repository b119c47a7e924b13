"""Held-out pieces, each with its way through the autoencoder and a take of its prompt and score (§4.1), equally long.

What takes are compared with is thus of the same prompts and kinds. The sounds lie on disk while an evaluation runs, and
are made anew by the next, which may be of another model. Knows nothing of the measures.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import Any, Protocol

import soundfile

from engine.composing.mix import DRUMS
from engine.composing.score import Score
from engine.evaluation.alignment import full_prompt
from engine.evaluation.intervals import Estimate, mean
from engine.evaluation.scores import Written
from engine.evaluation.sounds import HELD_OUT_EVERY, RATE, Sound, composed, piece
from engine.evaluation.transcription import Heard, heard
from engine.sound.audio import Samples, read_audio

ROLES = ("piece", "again", "take")
"""The piece itself, its reconstruction, and the take."""
FIRST_TAKE = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A held-out piece and what was made of it; each sound is [2, N] at 44.1 kHz, all three equally long."""

    facts: dict[str, Any]
    prompt: str
    score: Written
    seconds: float
    folder: Path
    _heard: dict[str, Heard] = field(default_factory=dict)

    def heard(self, role: str) -> Heard:
        """Notes as the transcriber hears them; remembered."""
        if role not in self._heard:
            self._heard[role] = heard(self.sound(role))
        return self._heard[role]

    @property
    def has_drums(self) -> bool:
        """Whether drums are asked for."""
        return not set(DRUMS).isdisjoint(self.facts["instruments"])

    def sound(self, role: str) -> Samples:
        """The "piece", the piece "again" from its latents, or the "take"."""
        return read_audio(self.folder / f"{role}.wav").samples


class Maker(Protocol):
    """What a pair needs of a model."""

    def take(self, prompt: str, number: int, **settings: Any) -> Sound:
        """Generates take `number` of an evaluation."""
        ...

    def reconstructed(self, samples: Samples) -> Samples:
        """[2, N] through the autoencoder and back."""
        ...


def make_pairs(maker: Maker, how_many: int, seconds: float, work: Path) -> list[Pair]:
    """So many pairs of so many seconds: songs, loops and stems, bands and solos as the material has them."""
    from engine.composing import compose
    from engine.composing.mix import casting

    folder = work / "pairs"
    shutil.rmtree(folder, ignore_errors=True)
    seeds = (HELD_OUT_EVERY * number for number in count())
    longer = (seed for seed in seeds if casting(seed).kind != "one-shot")
    pairs: list[Pair] = []
    for number, seed in enumerate(islice(longer, how_many)):
        [item] = composed([seed], work / "pieces", None, seconds)
        true = piece(item, seconds, middle=False)
        heard = true.seconds
        arrangement = compose(seed, seconds=seconds)
        facts = arrangement.metadata()
        pair = Pair(
            facts,
            full_prompt(facts),
            Written.of(arrangement, 0.0, heard),
            heard,
            folder / str(seed),
        )
        made = maker.take(
            pair.prompt, FIRST_TAKE + number, seconds_total=heard, plays=Score.of(arrangement)
        )
        pair.folder.mkdir(parents=True)
        again = maker.reconstructed(true.samples)
        for role, sound in zip(ROLES, (true.samples, again, made.samples), strict=True):
            soundfile.write(pair.folder / f"{role}.wav", sound.T, RATE, "PCM_16")
        pairs.append(pair)
    return pairs


def per_ten_seconds(found: Sequence[int], pairs: Sequence[Pair]) -> Estimate:
    """The mean number in ten seconds."""
    return mean([10 * one / pair.seconds for one, pair in zip(found, pairs, strict=True)])
