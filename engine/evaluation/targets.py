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


SEVEN_OF_EIGHT = 0.6
"""What is reached if seven of eight takes have it, and not if six have: the lower end of the interval of seven."""
TARGETS = (
    Target(
        "Note onsets in reconstructions, of those in the pieces",
        "notes",
        "again_of_piece",
        0.8,
        "More steps of the decoder on pieces where many notes sound at once.",
        share=True,
    ),
    Target(
        "Notes of the score in takes, F1, of the pieces' own",
        "notes",
        "f1_of_piece",
        0.6,
        "Longer training of the transformer on scores; what reconstructions lose is the decoder's.",
        share=True,
    ),
    Target(
        "Key of the score in takes, of as often as in the pieces",
        "harmony",
        "keys_of_piece",
        0.9,
        "Longer training of the transformer on scores, and stronger guidance by them.",
        share=True,
    ),
    Target(
        "Right triad in takes, of as long as in the pieces",
        "harmony",
        "triads_of_piece",
        70 / 85,
        "Longer training of the transformer on scores, and stronger guidance by them.",
        share=True,
    ),
    Target(
        "Drum onsets in takes, F1",
        "drums",
        "f1",
        0.85,
        "Longer training of the transformer on drums alone and on scores; the ceiling stands in the table.",
        share=True,
    ),
    Target(
        "Drum onsets in takes, F1, of the pieces' own",
        "drums",
        "f1_of_piece",
        0.85,
        "Longer training of the transformer on drums alone and on scores.",
        share=True,
    ),
    Target(
        "Tempo within 3 %, or exactly half or double",
        "tempo",
        "followed",
        0.95,
        "Longer training of the transformer on pieces with drums; the ceiling stands in the table.",
        share=True,
    ),
    Target(
        "The same, of as often as in the pieces",
        "tempo",
        "followed_of_piece",
        0.95,
        "Longer training of the transformer on pieces with drums.",
        share=True,
    ),
    Target(
        "A take finds its prompt among 10",
        "alignment",
        "retrieval",
        0.75,
        "Longer training of the transformer on single instruments and styles, and stronger guidance.",
        share=True,
    ),
    Target(
        "The requested instrument is recognised, of as often as true stems are",
        "instruments",
        "of_ceiling",
        0.85,
        "Train the transformer on more stems of the instruments that are confused (see the table).",
        share=True,
    ),
    Target(
        "Reconstruction, STFT distance",
        "reconstruction",
        "stft",
        1.3,
        "A decoder with sharper magnitudes: with the true ones, integrated phases lose little.",
        most=True,
    ),
    Target(
        "Reconstruction, mel distance",
        "reconstruction",
        "mel",
        0.85,
        "More steps of the decoder, and more of the material's bright and noisy sounds in its crops.",
        most=True,
    ),
    Target(
        "Beatbox onsets kept at the default strength, F1",
        "transfer",
        "onsets",
        0.7,
        "Training on recordings paired with the drums that they stand for.",
    ),
    Target(
        "Timbre moved at the default strength",
        "transfer",
        "moved",
        0.5,
        "A higher default strength: the strokes that are heard in the recording are played at any.",
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
        "285 s takes with at least 4 boundaries",
        "structure",
        "parted",
        SEVEN_OF_EIGHT,
        "Longer training on whole forms: the lead sheet has more sections than are heard.",
        share=True,
    ),
    Target(
        "285 s takes of which a quarter or more returns",
        "structure",
        "returning",
        SEVEN_OF_EIGHT,
        "Longer training on whole forms, where repetition must be learned.",
        share=True,
    ),
    Target(
        "285 s takes that start at once and end where they are written to",
        "structure",
        "whole",
        SEVEN_OF_EIGHT,
        "Longer training on whole pieces: the place in the piece is told, and not yet followed.",
        share=True,
    ),
    Target(
        "285 s takes without loudness holes",
        "structure",
        "unbroken",
        SEVEN_OF_EIGHT,
        "Longer training on whole pieces of all lengths.",
        share=True,
    ),
    Target(
        "Takes without DC, clicks or clipping",
        "hygiene",
        "clean",
        0.95,
        "Better phases: peaks over full scale are limited, and limiting asymmetric ones leaves a DC offset.",
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
