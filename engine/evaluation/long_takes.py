"""Form of long takes (§4.4), beside the lead sheets that they play, and the songs that their prompts are of.

Boundaries and ends are heard where they are written, or not: so are those of the songs, beside their own scores. Knows
nothing of how form is heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.composing.score import Score
from engine.evaluation import pictures
from engine.evaluation.alignment import full_prompt
from engine.evaluation.bench import Bench
from engine.evaluation.intervals import Estimate, difference, mean
from engine.evaluation.scores import Form
from engine.evaluation.sounds import HELD_OUT_EVERY, Sound, composed, noise, piece
from engine.evaluation.structure import Structure, boundaries_met, lands, structure
from engine.training.material.dataset import Item

SHOWN = 3
"""Takes, and pieces, in the picture of structure."""
PARTED, RETURNING = 4, 0.25
"""Least boundaries of a take that has parts, and least share of one that repeats itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """The form that is heard in so many seconds, and the one that is written; None if there is no score."""

    heard: Structure
    written: Form | None
    seconds: float

    @classmethod
    def of(cls, sound: Sound, score: Score | None) -> Played:
        """A sound and what it plays."""
        written = None if score is None else Form.of(score, sound.seconds)
        return cls(structure(sound.samples), written, sound.seconds)

    @property
    def lands(self) -> bool:
        """Whether it ends where it is written to end."""
        end = self.written and lands(self.heard.last, self.written.end, self.seconds)
        return bool(end)

    @property
    def ends(self) -> bool:
        """Whether it ends on purpose: where it is written to, and if nothing is written, by dying away."""
        return self.heard.ends if self.written is None else self.lands

    def met(self, written: Form | None) -> float:
        """How well its boundaries are those of a form; NaN if there is none."""
        places = written.boundaries if written else ()
        return boundaries_met(places, self.heard.boundaries, self.seconds)


def structures(bench: Bench, out: Path) -> dict[str, Any]:
    """Structure of long takes, and of the held-out songs that their prompts are of; plots some of both, and noise."""
    seconds = bench.amounts.long_seconds
    seeds = [HELD_OUT_EVERY * (number + 1) for number in range(bench.amounts.long_takes)]
    songs = composed(seeds, bench.work / "songs", "song", seconds)
    prompts = [full_prompt(item.metadata) for item in songs]
    ours = [_played(bench, prompt, 4000 + n) for n, prompt in enumerate(prompts)]
    theirs = [_song(item, seed, seconds) for item, seed in zip(songs, seeds, strict=True)]
    roar = structure(noise(seconds, np.random.default_rng(bench.seed)).samples)
    _plotted(ours, theirs, roar, out / "structure.png")
    names = ("boundaries", "returns")
    return {
        **_summary(ours),
        "pieces": _summary(theirs),
        "chance": _known([a.met(b.written) for a, b in zip(ours, _next(ours), strict=True)]),
        "noise": {"boundaries": len(roar.boundaries), "returns": roar.repetition},
        "behind": {
            name: difference(*([_formal(one)[name] for one in each] for each in (ours, theirs)))
            for name in names
        },
        "seconds": seconds,
        "takes": len(ours),
        "rows": [
            (prompt, _row(a), _row(b)) for prompt, a, b in zip(prompts, ours, theirs, strict=True)
        ],
    }


def _played(bench: Bench, prompt: str, number: int) -> Played:
    made = bench.take(prompt, number, seconds_total=bench.amounts.long_seconds)
    return Played.of(made, made.score)


def _song(item: Item, seed: int, seconds: float) -> Played:
    from engine.composing import compose

    score = Score.of(compose(seed, kind="song", seconds=seconds))
    return Played.of(piece(item, seconds, middle=False), score)


def _plotted(ours: Sequence[Played], theirs: Sequence[Played], roar: Structure, path: Path) -> None:
    shown = {f"take {number}": one for number, one in enumerate(ours[:SHOWN], 1)}
    shown |= {f"its piece {number}": one for number, one in enumerate(theirs[:SHOWN], 1)}
    written = {name: one.written.boundaries for name, one in shown.items() if one.written}
    forms = {name: one.heard for name, one in shown.items()} | {"noise": roar}
    pictures.structures(forms, written, path)


def _next(forms: Sequence[Played]) -> list[Played]:
    return [*forms[1:], *forms[:1]]


def _formal(form: Played) -> dict[str, Any]:
    heard = form.heard
    return {
        "boundaries": len(heard.boundaries),
        "parted": len(heard.boundaries) >= PARTED,
        "met": form.met(form.written),
        "returns": heard.repetition,
        "returning": heard.repetition >= RETURNING,
        "starts": heard.starts,
        "ends": heard.ends,
        "lands": form.lands if form.written else float("nan"),
        "whole": heard.starts and form.ends,
        "unbroken": heard.holes == 0,
    }


def _summary(forms: Sequence[Played]) -> dict[str, Estimate]:
    table = [_formal(form) for form in forms]
    return {name: _known([row[name] for row in table]) for name in table[0]}


def _known(values: Sequence[Any]) -> Estimate:
    """The mean of those that are defined."""
    return mean([value for value in values if value == value])


def _row(form: Played) -> dict[str, Any]:
    return {name: getattr(form.heard, name) for name in ("starts", "ends", "holes")} | {
        "boundaries": len(form.heard.boundaries),
        "written": len(form.written.boundaries) if form.written else None,
        "returns": form.heard.repetition,
        "lands": form.lands,
    }
