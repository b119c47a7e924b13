"""What the embedded model is to reach, and what would be done about each where it falls short.

Knows nothing of how the figures came about: they are looked up by part and name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Figures = Mapping[str, Mapping[str, Any]]
"""Part of the evaluation -> name -> figure."""


@dataclass(frozen=True, slots=True)
class Target:
    """A figure of a part, and the least (or, with `most`, the largest) value it is to have."""

    what: str
    part: str
    figure: str
    wanted: float
    next_step: str
    most: bool = False
    share: bool = False

    def judged(self, figures: Figures) -> Judgement | None:
        """This target against what was measured; None where its part was not."""
        measured = figures.get(self.part, {}).get(self.figure)
        return None if measured is None else Judgement(self, float(measured))


@dataclass(frozen=True, slots=True)
class Judgement:
    """A target and what was measured."""

    target: Target
    measured: float

    @property
    def missed_by(self) -> float:
        """How much is missing; 0 where the target is reached."""
        short = self.target.wanted - self.measured
        return max(-short if self.target.most else short, 0.0)


TARGETS = (
    Target(
        "Reconstruction, STFT distance",
        "reconstruction",
        "stft",
        1.2,
        "Train the decoder longer, with the discriminators on: its phases are made up, and noise is smeared.",
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
        "The asked instrument is recognised",
        "instruments",
        "recognised",
        0.8,
        "More stems of the instruments that are confused (the table names them), in the transformer's training.",
        share=True,
    ),
    Target(
        "Beatbox onsets kept at the default strength, F1",
        "transfer",
        "onsets",
        0.7,
        "A strength that falls with time inside a take, or training on recordings paired with their drums.",
    ),
    Target(
        "Timbre moved at the default strength",
        "transfer",
        "moved",
        0.5,
        "Start from the recording's onsets on the metre grid instead of from its sound.",
        share=True,
    ),
    Target(
        "Boundaries in each 285 s take",
        "structure",
        "boundaries",
        4,
        "More steps on the whole window, with the sections' names in the prompts.",
    ),
    Target(
        "285 s takes with repetition",
        "structure",
        "repeat",
        1.0,
        "More steps on the whole window: what returns must be learned there.",
        share=True,
    ),
    Target(
        "285 s takes that start and end on purpose",
        "structure",
        "whole",
        1.0,
        "Tell the transformer where in the piece a frame lies: it sees relative places only and has to guess.",
        share=True,
    ),
    Target(
        "Loudness holes in 285 s takes",
        "structure",
        "holes",
        0,
        "More steps on the whole window, with pieces of every length up to it.",
        most=True,
    ),
    Target(
        "Takes without DC, clicks or clipping",
        "hygiene",
        "clean",
        1.0,
        "Phases that are not made up: peaks lie 6 dB over full scale, and limiting lopsided ones leaves a DC.",
        share=True,
    ),
    Target(
        "Takes with a stereo correlation between 0.2 and 0.99",
        "hygiene",
        "stereo",
        1.0,
        "More steps of the transformer: without any guidance, too, some of its takes are wider than true pieces.",
        share=True,
    ),
)


def judged(figures: Figures) -> list[Judgement]:
    """Every target whose part was measured."""
    return [judgement for target in TARGETS if (judgement := target.judged(figures))]
