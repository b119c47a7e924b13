"""What `generate` yields: a lead sheet, steps, remarks, then blocks of audio. This is the whole protocol of the engine.

Knows nothing of torch, so that the bridge and its processes can pass these on unchanged.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from engine.composing.score import Score
from engine.spec import GenerationSpec

Stage = Literal["loading", "compiling", "timing", "encode", "diffuse", "decode"]


@dataclass(frozen=True, slots=True)
class Step:
    """Progress: one step of work is done.

    Attributes:
        stage: in the order loading, compiling (once, before a first diffusion step that then takes minutes), encode,
            diffuse, decode. A live stream is timing between loading and its first hop.
        index: number of steps of this stage that are done, 1..total.
        total: number of steps of this stage.
    """

    stage: Stage
    index: int
    total: int


@dataclass(frozen=True, slots=True)
class AudioBlock:
    """The next block of the finished take; blocks are contiguous.

    Attributes:
        start: index of the first frame in the take.
        samples: [C, N] float32 at the model's sample rate, within [-1, 1].
    """

    start: int
    samples: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class LeadSheet:
    """What the take will play, before the first step of diffusion.

    Attributes:
        score: the notes, chords and sections; None if they are left to the model.
        about: one line for people: where it comes from and what it has.
        tempo: BPM of the take; None if unknown.
    """

    score: Score | None
    about: str
    tempo: float | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence about the take that is no error, such as what of a prompt was not read; may come at any time."""

    text: str


Update = Step | LeadSheet | Remark | AudioBlock


def said(update: LeadSheet | Remark) -> str:
    """What will be played, or what there is to say about the take, in a line."""
    return update.about if isinstance(update, LeadSheet) else update.text


class Generates(Protocol):
    """Anything that turns a spec into updates: `Engine` in this process, `EngineProcess` in a child."""

    def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        """Yields `Step`s, a `LeadSheet` and perhaps `Remark`s among them, and then `AudioBlock`s.

        Closing the generator stops the work within one step.

        Raises:
            LongtakeError: with a sentence for the user, before or while the work is done.
        """
        ...


@runtime_checkable
class GeneratesBatches(Generates, Protocol):
    """What can make several takes in one batch as well."""

    def generate_batch(
        self, specs: Sequence[GenerationSpec]
    ) -> Generator[tuple[int, Update], None, None]:
        """Yields each take's updates with its index; audio of one take after the other.

        Raises:
            LongtakeError: with a sentence for the user, before or while the work is done.
        """
        ...
