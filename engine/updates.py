"""What `generate` yields: progress steps, then blocks of audio. This is the whole protocol of the engine.

Knows nothing of torch, so that the bridge and its processes can pass these on unchanged.
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
    """Progress: one step of work is done.

    Attributes:
        stage: in the order loading, compiling (once, before a first diffusion step that then takes minutes), encode,
            diffuse, decode.
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


Update = Step | AudioBlock


class Generates(Protocol):
    """Anything that turns a spec into updates: `Engine` in this process, `EngineProcess` in a child."""

    def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        """Yields `Step`s and then `AudioBlock`s; closing the generator stops the work within one step.

        Raises:
            LongtakeError: with a sentence for the user, before or while the work is done.
        """
        ...
