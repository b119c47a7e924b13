"""What `generate` yields: steps of progress, then blocks of audio. The whole protocol between engine and world.

Knows nothing of torch: the bridge and its processes pass these on as they are.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.spec import GenerationSpec

Stage = Literal["loading", "compiling", "encode", "diffuse", "decode"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of work is done.

    Attributes:
        stage: what is being done; stages come in the order loading, compiling (once, with the first
            step, which then takes minutes), encode, diffuse, decode.
        index: steps of this stage that are done, 1..total.
        total: how many steps this stage has.
    """

    stage: Stage
    index: int
    total: int


@dataclass(frozen=True, slots=True)
class AudioBlock:
    """The next block of the finished take; blocks follow each other without gap or overlap.

    Attributes:
        start: index of the first frame in the take.
        samples: [C, N] float32 at the model's sample rate, within [-1, 1].
    """

    start: int
    samples: NDArray[np.float32]


Update = Step | AudioBlock


class Generates(Protocol):
    """Anything that turns a spec into updates: `Engine` in this process, `EngineProcess` in a child."""

    def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        """Yields `Step`s and then `AudioBlock`s; closing the generator stops the work within one step.

        Raises:
            LongtakeError: with a sentence for the user, before or while the work is done.
        """
        ...
