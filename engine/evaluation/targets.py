"""Targets for the embedded model, and the next step for each that is missed.

Figures are looked up by part and name; each comes with its interval, and a target counts as reached or missed only
where the whole interval does. So no target is 100 %, which no number of takes can show. Knows nothing of how they were
measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Figures = Mapping[str, Mapping[str, Any]]
"""Part of the evaluation -> name -> figure with its interval."""
Verdict = Literal["reached", "missed", "undecided"]


@dataclass(frozen=True, slots=True)
class Target:
    """A figure of a part, and its least (or, with `most`, largest) value."""

    what: str
    part: str
    figure: str
    wanted: float
    next_step: str
    most: bool = False
    share: bool = False

    def judged(self, figures: Figures) -> Judgement | None:
        """This target against the measured figure; None if its part was not measured."""
        measured = figures.get(self.part, {}).get(self.figure)
        return None if measured is None else Judgement(self, *map(float, measured))


@dataclass(frozen=True, slots=True)
class Judgement:
    """A target, the measured figure and its interval."""

    target: Target
    measured: float
    low: float
    high: float

    @property
    def verdict(self) -> Verdict:
        """What the interval says."""
        wanted, most = self.target.wanted, self.target.most
        if (self.high <= wanted) if most else (self.low >= wanted):
            return "reached"
        return "missed" if (self.low > wanted if most else self.high < wanted) else "undecided"


TARGETS = (
    Target(
        "Note onsets in reconstructions, of those in the pieces",
        "notes",
        "again_of_piece",
        0.8,
        "Phases integrated from the decoder's magnitudes.",
        share=True,
    ),
    Target(
        "Reconstruction, STFT distance",
        "reconstruction",
        "stft",
        1.2,
        "A decoder with sharper magnitudes: with the true ones, integrated phases lose little.",
        most=True,
    ),
    Target(
        "Reconstruction, mel distance",
        "reconstruction",
        "mel",
        0.9,
        "More steps of the decoder, and more of the material's bright and noisy sounds in its crops.",
        most=True,
    ),
    Target(
        "Tempo within 3 %, or exactly half or double",
        "tempo",
        "followed",
        0.85,
        "Longer training of the transformer on pieces with drums; the metre grid is already exact.",
        share=True,
    ),
    Target(
        "A take finds its prompt among 10",
        "alignment",
        "retrieval",
        0.7,
        "Longer training of the transformer on single instruments and styles, and stronger guidance.",
        share=True,
    ),
    Target(
        "The requested instrument is recognised, of as often as true stems are",
        "instruments",
        "of_ceiling",
        0.8,
        "Train the transformer on more stems of the instruments that are confused (see the table).",
        share=True,
    ),
    Target(
        "Beatbox onsets kept at the default strength, F1",
        "transfer",
        "onsets",
        0.7,
        "A strength that falls over a take, or training on recordings paired with drums.",
    ),
    Target(
        "Timbre moved at the default strength",
        "transfer",
        "moved",
        0.5,
        "Start from the recording's onsets on the metre grid instead of its sound.",
        share=True,
    ),
    Target(
        "Level at the quietest strength, dB below both the recording and the model's own",
        "transfer",
        "sunk",
        3.0,
        "Recordings brought nearer to what the model was trained on before they are noised.",
        most=True,
    ),
    Target(
        "Boundaries in a 285 s take",
        "structure",
        "boundaries",
        4,
        "More steps on the full window, with section names in the prompts.",
    ),
    Target(
        "What returns in a 285 s take",
        "structure",
        "returns",
        0.25,
        "More steps on the full window, where repetition must be learned.",
        share=True,
    ),
    Target(
        "285 s takes that start and end on purpose",
        "structure",
        "whole",
        0.6,
        "Condition the transformer on the position in the piece: it only sees relative positions.",
        share=True,
    ),
    Target(
        "285 s takes without loudness holes",
        "structure",
        "unbroken",
        0.6,
        "More steps on the full window, with pieces of all lengths.",
        share=True,
    ),
    Target(
        "Takes without DC, clicks or clipping",
        "hygiene",
        "clean",
        0.95,
        "Better phases: peaks are 6 dB over full scale, and limiting asymmetric ones leaves a DC offset.",
        share=True,
    ),
    Target(
        "Takes with a stereo correlation between 0.2 and 0.99",
        "hygiene",
        "stereo",
        0.95,
        "Train the transformer longer: even without guidance, some takes are wider than real pieces.",
        share=True,
    ),
)


def judged(figures: Figures) -> list[Judgement]:
    """Every target whose part was measured."""
    return [judgement for target in TARGETS if (judgement := target.judged(figures))]
