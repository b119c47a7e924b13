"""How loud a stream is, block by block (ITU-R BS.1770-4), and what of it is sound rather than the noise of a room.

Knows nothing of what is done about it.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from engine.registry import SAMPLE_RATE
from engine.sound.audio import Samples
from engine.sound.levels import INAUDIBLE
from engine.sound.metering import RELATIVE_GATE, KWeighting

Levels = NDArray[np.float64]

BLOCK = 1024
"""Samples; every model's latent frame is a whole number of blocks."""
GATING = 17
"""Blocks that are gated together: 0.4 s."""
LISTENED = 6.0
"""How much of what was sound is listened to, s."""
SURE = -40.0
"""What is louder is sound, LUFS of a block."""
ABOVE = 10.0
"""Of what is quieter, that which is so far above the room's noise, dB."""
NOTHING = -100.0
"""What is quieter is digital silence and tells nothing, LUFS."""
REMEMBERED = 10.0
"""The quietest moment of so long tells the room's noise, s."""
_OFFSET = -0.691


def levels_of(powers: Levels) -> Levels:
    """K-weighted powers, summed over the channels, as LUFS."""
    return _OFFSET + 10 * np.log10(np.maximum(powers, 1e-20))


def level_of(power: float) -> float:
    """One of them."""
    return _OFFSET + 10 * math.log10(max(power, 1e-20))


class Weighted:
    """The K-weighted power of each block of a stream."""

    def __init__(self) -> None:
        self._weighting = KWeighting(SAMPLE_RATE, 2)

    def powers(self, samples: Samples) -> Levels:
        """[N / BLOCK], summed over the channels, of the next samples [2, N]."""
        weighted = self._weighting(samples).astype(np.float64)
        return np.square(weighted).reshape(2, -1, BLOCK).mean(axis=2).sum(axis=0)


class Loudness:
    """The integrated loudness of the last seconds that were sound, which no absolute gate has to find."""

    def __init__(self) -> None:
        self._powers: deque[float] = deque(maxlen=round(LISTENED * SAMPLE_RATE / BLOCK))

    def add(self, powers: Levels) -> None:
        """Adds blocks."""
        self._powers.extend(powers.tolist())

    @property
    def level(self) -> float | None:
        """LUFS; None while nothing was loud enough to be told."""
        if not self._powers:
            return None
        powers = np.array(self._powers)
        width = min(GATING, len(powers))
        means = np.convolve(powers, np.full(width, 1 / width), "valid")
        loud = means[levels_of(means) > NOTHING]
        if not loud.size:
            return None
        loud = loud[loud > loud.mean() * 10 ** (RELATIVE_GATE / 10)]
        return level_of(float(loud.mean()))


class Sounding:
    """Tells sound from the noise of a room, whose level it finds in the quietest moments."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=4)
        self._heard: deque[float] = deque(maxlen=round(REMEMBERED * SAMPLE_RATE / BLOCK))

    def told(self, powers: Levels) -> NDArray[np.bool_]:
        """Which of the next blocks are sound."""
        return np.array([self._is_sound(power) for power in powers.tolist()], bool)

    def _is_sound(self, power: float) -> bool:
        self._recent.append(power)
        smooth = level_of(sum(self._recent) / len(self._recent))
        if smooth > NOTHING:
            self._heard.append(smooth)
        room = min(self._heard, default=NOTHING)
        return level_of(power) > max(INAUDIBLE, min(room + ABOVE, SURE))
