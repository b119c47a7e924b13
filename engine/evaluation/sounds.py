"""The sounds to measure, with their metadata (§4): takes, held-out pieces, solo stems, noise.

Takes come from any engine that plays scores; pieces from folders of material or from the composer, whose seeds
divisible by 50 are held out. Knows nothing of the measures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import soundfile

from engine.composing.arrangement import HELD_OUT_EVERY, is_held_out
from engine.composing.score import Score
from engine.sound.audio import Samples
from engine.spec import GenerationSpec
from engine.training.material.dataset import Item
from engine.updates import AudioBlock, LeadSheet, Update

RATE = 44_100
T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """Stereo audio [2, N] at 44.1 kHz, its name, its request or metadata, and the score that a take plays, if any."""

    name: str
    samples: Samples
    facts: dict[str, Any] = field(default_factory=dict)
    score: Score | None = None

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.samples.shape[1] / RATE


class Plays(Protocol):
    """An engine that takes a score as it is."""

    def generate(self, spec: GenerationSpec, score: Score | None = None) -> Iterator[Update]:
        """Yields updates."""
        ...


def take(
    engine: Plays,
    spec: GenerationSpec,
    facts: dict[str, Any] | None = None,
    score: Score | None = None,
) -> Sound:
    """Generates a take; its name is its prompt. Without a score it plays what the spec says."""
    blocks: list[Samples] = []
    played: Score | None = None
    for update in engine.generate(spec, score):
        if isinstance(update, AudioBlock):
            blocks.append(update.samples)
        elif isinstance(update, LeadSheet):
            played = update.score
    return Sound(spec.prompt, np.concatenate(blocks, axis=1), facts or {}, played)


def piece(item: Item, seconds: float, *, middle: bool = True) -> Sound:
    """At most so many seconds of a piece of material, from its middle or its beginning."""
    frames = round(seconds * RATE)
    start = max(item.frames - frames, 0) // 2 if middle else 0
    samples, _ = soundfile.read(
        str(item.path), frames=frames, start=start, dtype="float32", always_2d=True
    )
    return Sound(item.path.stem, np.ascontiguousarray(samples.T, np.float32), item.metadata)


def composed(
    seeds: Sequence[int], folder: Path, kind: str | None, seconds: float | None
) -> list[Item]:
    """Pieces of these seeds with about this length or their own, rendered into a folder unless they are there."""
    from engine.composing import compose
    from engine.training.corpus import render
    from engine.training.corpus.items import write_item

    folder.mkdir(parents=True, exist_ok=True)
    found: list[Item] = []
    for seed in seeds:
        length = f"_{seconds:g}" if seconds else ""
        path = folder / f"{kind or 'piece'}_{seed:06d}{length}.wav"
        arrangement = compose(seed, kind=kind, seconds=seconds)  # type: ignore[arg-type]
        if not path.with_suffix(".json").exists():
            write_item(folder, path.stem, render(arrangement), arrangement.metadata())
        found.append(Item(path, soundfile.info(str(path)).frames, arrangement.metadata()))
    return found


def spread(items: Sequence[T], count: int) -> list[T]:
    """At most so many items, evenly spaced."""
    if not items:
        return []
    places = np.unique(np.linspace(0, len(items) - 1, min(count, len(items))).round().astype(int))
    return [items[place] for place in places]


def solo_seeds(instrument: str, how_many: int) -> list[int]:
    """The first held-out seeds whose piece is a solo stem of this instrument."""
    from engine.composing.mix import casting

    seeds = (HELD_OUT_EVERY * number for number in range(100_000))
    alone = (
        seed
        for seed in seeds
        if casting(seed).kind == "stem" and casting(seed).soloist == instrument
    )
    return list(islice(alone, how_many))


def training_seeds(how_many: int) -> list[int]:
    """Seeds that the embedded model was trained on (docs/sketch.md)."""
    return list(islice((seed for seed in count(1) if not is_held_out(seed)), how_many))


def noise(seconds: float, rng: np.random.Generator) -> Sound:
    """White noise as loud as music, different on both sides."""
    samples = 0.1 * rng.standard_normal((2, round(seconds * RATE)))
    return Sound("noise", samples.astype(np.float32))
