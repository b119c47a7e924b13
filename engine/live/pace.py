"""Hops: where they lie, how long they may be, and which are the shortest that this machine is sure to make in time.

Pure: times are measured elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.errors import LongtakeError
from engine.live_settings import LiveSettings, Metre, Pace
from engine.registry import SAMPLE_RATE, ModelSpec

SECONDS = (0.186, 0.279, 0.372, 0.465, 0.557, 1.115)
"""Hops that are tried, shortest first."""
SAFE = 0.7
"""Share of a hop that 95 of 100 hops may take to be made."""
LEAST_AHEAD, MOST_AHEAD = 2, 0.186
"""Look-ahead is half a hop, but no fewer latent frames and no more seconds than these."""
BEAT_PARTS = (8, 6, 4, 3, 2, 1)
"""Hops to a beat."""


@dataclass(frozen=True, slots=True)
class Hops:
    """Where hops lie, in latent frames: boundary k is k times `frames`, rounded to multiples of `alignment`."""

    frames: float
    alignment: int = 1

    def boundary(self, k: int) -> int:
        """The first frame of hop k."""
        return math.floor(k * self.frames / self.alignment + 0.5) * self.alignment

    @property
    def longest(self) -> int:
        """Frames of the longest hop."""
        return math.ceil(self.frames / self.alignment - 1e-9) * self.alignment


def paced(frames: float, model: ModelSpec, alignment: int, steps: int) -> Pace:
    """The pace of hops of so many latent frames."""
    longest = Hops(frames, alignment).longest
    ahead = min(math.ceil(longest / 2), round(MOST_AHEAD * model.latent_rate))
    ahead = max(ahead, LEAST_AHEAD)
    ahead += -ahead % alignment
    ratio = model.autoencoder.downsampling_ratio
    return Pace(
        frames=frames,
        look_ahead=ahead,
        steps=steps,
        seconds=frames * ratio / SAMPLE_RATE,
        latency=(longest + ahead) * ratio,
    )


def candidates(model: ModelSpec, alignment: int) -> tuple[int, ...]:
    """Hops that are tried, in latent frames."""
    return tuple(sorted({_whole(seconds * model.latent_rate, alignment) for seconds in SECONDS}))


def asked_for(milliseconds: float, model: ModelSpec, alignment: int) -> int:
    """The hop that was asked for, in latent frames.

    Raises:
        LongtakeError: if the model has no hop so short.
    """
    frames = milliseconds / 1000 * model.latent_rate
    least = alignment / model.latent_rate * 1000
    if frames < alignment - 0.5:
        raise LongtakeError(
            f"{model.name} cannot be made in hops of {milliseconds:g} ms; the shortest are {math.ceil(least)} ms."
        )
    return _whole(frames, alignment)


def chosen(
    times: Mapping[int, Sequence[float]], tried: Sequence[int], seconds: float
) -> int | None:
    """Which hop is next: to be timed if there are no times of it, else to be taken; None if none is made in time.

    Args:
        times: of hops in latent frames, how long some took to be made, s.
        tried: hops in latent frames, ascending.
        seconds: length of a latent frame.
    """
    slowest = 0.0
    for frames in tried:
        # A longer hop takes no less time than a shorter one; the longest is tried in any case.
        if slowest > SAFE * frames * seconds and frames != tried[-1]:
            continue
        if frames not in times:
            return frames
        slowest = p95(times[frames])
        if slowest <= SAFE * frames * seconds:
            return frames
    return None


def p95(times: Sequence[float]) -> float:
    """What 95 of 100 are below."""
    return float(np.quantile(times, 0.95))


def on_the_beat(frames: float, metre: Metre, model: ModelSpec, alignment: int) -> float:
    """Hops of no less than `frames` that are a part of a beat, or else of as few beats as it takes."""
    beat = 60 / metre.tempo * model.latent_rate
    for parts in BEAT_PARTS:
        if beat / parts >= frames - 1e-6 and beat / parts >= alignment:
            return beat / parts
    return beat * math.ceil(frames / beat)


def follows_beats(settings: LiveSettings, metre: Metre | None) -> bool:
    """Whether hops are to be parts of a beat."""
    return metre is not None and settings.delay != "soonest"


def too_slow(model: ModelSpec, pace: Pace, one_step: float) -> LongtakeError:
    """What is said where not even the longest hop is made in time.

    Args:
        model: the model.
        pace: that of the longest hop, with the time that it takes.
        one_step: the same with a single denoising step, s.
    """
    each = (pace.compute - one_step) / max(pace.steps - 1, 1)
    left = SAFE * pace.seconds - one_step
    enough = 1 + int(left / each) if left >= 0 and each > 0 else 0
    name, music, takes, steps = model.name, pace.seconds, pace.compute, pace.steps
    if 0 < enough < pace.steps:
        return LongtakeError(
            f"{name} is too slow here: {steps} steps make {music:.1f} s of music in {takes:.1f} s. "
            f"Set steps to {enough}."
        )
    if name == "sketch":
        return LongtakeError(
            f"This machine is too slow for live: {steps} steps make {music:.1f} s of music in {takes:.1f} s."
        )
    return LongtakeError(
        f"{name} is too slow here: {steps} steps make {music:.1f} s of music in {takes:.1f} s. Use the model sketch."
    )


def timed(pace: Pace, times: Sequence[float]) -> Pace:
    """A pace with the time that its hops take."""
    return replace(pace, compute=p95(times))


def _whole(frames: float, alignment: int) -> int:
    return max(round(frames / alignment), 1) * alignment
