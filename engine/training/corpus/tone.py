"""One note of a synthesiser, and envelopes that patches share.

Knows nothing of particular patches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.training.corpus.oscillators import SAMPLE_RATE, Signal, adsr


@dataclass(frozen=True, slots=True)
class Tone:
    """One note of a patch: Hz, samples held, velocity in 0..1, seconds of a quarter note, the seed of the patch."""

    frequency: float
    held: int
    velocity: float
    beat: float
    seed: int

    def character(self) -> np.random.Generator:
        """A generator that gives the same numbers for every note of a voice."""
        return np.random.default_rng([0x57, self.seed])

    def samples(self, release: float) -> int:
        """Length with the release, in samples."""
        return self.held + int(release * SAMPLE_RATE)


def enveloped(tone: Tone, times: tuple[float, float, float, float]) -> tuple[int, Signal]:
    """The number of samples of a note with its release, and its envelope; `times` as in `adsr`."""
    samples = tone.samples(times[3])
    return samples, adsr(times, tone.held, samples)


def filter_envelope(tone: Tone, samples: int, shape: tuple[float, float, float]) -> Signal:
    """Cutoff in Hz: from base + amount octaves down to base with a decay in seconds; brighter at higher velocities."""
    base, octaves, decay = shape
    t = np.arange(samples) / SAMPLE_RATE
    return (base * 2 ** (octaves * (0.5 + 0.5 * tone.velocity) * np.exp(-t / decay))).astype(
        np.float32
    )
