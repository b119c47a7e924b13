"""A recording on its way into a model and back: levelled to what models have learnt, and the take to the recording.

Models learn from mastered music, so that a quiet or sparse recording is nothing to them: they follow it into silence.
Every recording is therefore brought to one loudness before it is encoded, and what is made of it back by the same
amount: quiet in, quiet out. Knows nothing of networks or files.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.registry import SAMPLE_RATE
from engine.sound.audio import Samples
from engine.sound.metering import loudness

MASTERED = -16.0
"""Loudness of the music that models learn from, LUFS."""
INAUDIBLE = -69.0
"""Loudness of what counts as silence, LUFS: just above where the standard for it stops counting."""
LOUDEST = -8.0
"""Loudness to which a take is brought back at most, LUFS: louder recordings are beyond what the limiter can hold."""
ONE_SIDED = 0.1
"""A side quieter than this is no half of a stereo sound: models hear the other one in the middle."""
FLOOR = (-80.0, -15.0)
"""Power of the noise in a recording's gaps relative to its loudness, dB, at strengths 0 and 1."""
NOISE, LOWEST = 2**18, 22.0
"""Length of the noise in samples, and the frequency from which it falls by 3 dB an octave, Hz."""


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """What a recording is changed by before it is encoded, and a take after it is decoded.

    Attributes:
        gain: from the recording to `MASTERED`, or to what comes out of a model's latents as loud as that.
        sides: [2, 1], how loud each side of the recording is; 1 each is balanced.
        back: [2, 1], from the decoder's sides, which are balanced, to those of the take.
        noise: level of the pink noise in the gaps of the levelled recording; the digital silence between dry strokes,
            noised, would outweigh them.
    """

    gain: float
    sides: NDArray[np.float32]
    back: NDArray[np.float32]
    noise: float

    @classmethod
    def of(cls, samples: Samples, strength: float, *, kept: bool = False) -> Levels | None:
        """The levels of a recording [2, N], from what is used of it; None if it is silent.

        Args:
            samples: what the take starts from, or what it keeps.
            strength: how much of it is noised away, 0 to 1. The balance of its sides returns all the less; its
                loudness always does.
            kept: whether parts of it stay as they are: what is made beside them has their balance, and there is no
                noise.
        """
        level = loudness(samples, SAMPLE_RATE)
        if level < INAUDIBLE:
            return None
        gain = _linear(MASTERED - level)
        own = 0.0 if kept else strength
        sides = _sides(samples)
        back = _linear(min(level, LOUDEST) - MASTERED) * (own + (1 - own) * sides)
        noise = 0.0 if kept else floor(strength)
        return cls(gain, sides.astype(np.float32), back.astype(np.float32), noise)

    def plain(self, samples: Samples) -> Samples:
        """A recording [2, N] balanced and as loud as models know music, with its gaps as they are."""
        quiet, loud = np.argsort(self.sides[:, 0])
        if self.sides[quiet, 0] < ONE_SIDED:
            samples = np.repeat(samples[loud : loud + 1], 2, axis=0)
            return np.float32(self.gain) / self.sides[loud, 0] * samples
        return np.float32(self.gain) / self.sides * samples

    def levelled(self, samples: Samples) -> Samples:
        """A recording [2, N] as models know music."""
        mixed = self.plain(samples)
        if self.noise:
            mixed += np.float32(self.noise) * looping(pink_noise(), samples.shape[1])
        return mixed

    def stronger(self, decibels: float) -> Levels:
        """For a recording that comes so much quieter out of a model's latents than it went in."""
        return replace(self, gain=self.gain * _linear(decibels))

    def made_up(self, decibels: float) -> Levels:
        """For a take that is so much quieter than its recording once both are levelled."""
        return replace(self, back=self.back * np.float32(_linear(decibels)))

    def returned(self, samples: Samples) -> Samples:
        """What a model made [2, N], as loud and as far to one side as the recording."""
        return self.back * samples


def looping(samples: Samples, frames: int) -> Samples:
    """Fits [C, N] to `frames`: what is longer is cut, what is shorter loops."""
    repeats = -(-frames // samples.shape[1])
    return np.tile(samples, (1, repeats))[:, :frames]


def _sides(samples: Samples) -> NDArray[np.float64]:
    """The level of each side, [2, 1], where 1 each is balanced and their power is always 2."""
    powers = np.square(samples, dtype=np.float64).mean(axis=1, keepdims=True)
    return np.sqrt(2 * powers / powers.sum())


def floor(strength: float) -> float:
    """Level of the noise in the gaps of a levelled recording; none at strength 0."""
    return _linear(MASTERED + FLOOR[0] + strength * (FLOOR[1] - FLOOR[0])) if strength else 0.0


@cache
def pink_noise() -> Samples:
    """[2, NOISE] of unit power, the same each time; it may be looped."""
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal((2, NOISE)))
    # Flat below the lowest notes, so that the power is where music is.
    frequencies = np.arange(spectrum.shape[1]) * SAMPLE_RATE / NOISE
    pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(frequencies, LOWEST)), NOISE)
    return (pink / pink.std()).astype(np.float32)


def _linear(level: float) -> float:
    return 10 ** (level / 20)
