"""How Stable Audio 3 is trained, in numbers: the noise level of a crop, and which of its frames are given.

As in its LoRA trainer (docs/train.md): times by a truncated logit-normal distribution, shifted towards noise for long
pieces; a tenth of the crops keep all but some spans, a tenth their beginning. Knows nothing of latents.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

LEAST = 0.075
"""Values of the logit-normal distribution below this are never drawn."""
SPANS, BEGINNING = 0.1, 0.1
"""Shares of crops that keep what lies around random spans, and a beginning; the others keep nothing."""
MOST_SPANS = 10
SHIFTS, LENGTHS = (0.5, 1.15), (256, 4096)
"""How far times are shifted at these lengths, in latent frames; between them it rises evenly."""
_NORMAL = NormalDist()
_SHORTEST = 1e-6


def truncated_logit_normal(rng: np.random.Generator) -> float:
    """One value in [0, 1): sigmoid of a normal value, of which what is below `LEAST` is left out, and stretched."""
    below = _NORMAL.cdf(math.log(LEAST / (1 - LEAST)))
    place = below + (1 - below) * float(rng.uniform(_SHORTEST, 1 - _SHORTEST))
    value = 1 / (1 + math.exp(-_NORMAL.inv_cdf(place)))
    return (value - LEAST) / (1 - LEAST)


T = TypeVar("T", float, Tensor)


def length_shifted(time: T, frames: int) -> T:
    """A time in [0, 1] nearer to 1, which is noise, the more latent frames a piece has."""
    low, high = LENGTHS
    share = (min(max(frames, low), high) - low) / (high - low)
    factor = math.exp(SHIFTS[0] + (SHIFTS[1] - SHIFTS[0]) * share)
    return factor * time / (1 + (factor - 1) * time)


def kept_frames(frames: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """[T]: 1 where a frame is given to the model, 0 where it is to be made; in four of five crops none is given."""
    fate = rng.random()
    kept = np.zeros(frames, np.float32)
    if fate < SPANS:
        kept[:] = 1
        count = int(rng.integers(1, MOST_SPANS + 1))
        longest = max(frames // count, 1)
        for _ in range(count):
            length = int(rng.integers(1, longest + 1))
            start = int(rng.integers(0, frames - length + 1))
            kept[start : start + length] = 0
    elif fate < SPANS + BEGINNING:
        kept[: int(rng.integers(0, frames + 1))] = 1
    return kept
