"""A stream's levels: the input as loud as the music that models know, what is made of it as loud as the input was.

Gains move slowly and in straight lines, and each place of the output has the inverse of the gain that the same place of
the input had. Where the input is no more than a room's noise, the output is silent. Knows nothing of latents.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.live.loudness import BLOCK, Loudness, Sounding, Weighted
from engine.live.peaks import Peaks
from engine.registry import SAMPLE_RATE
from engine.sound.audio import Samples
from engine.sound.levels import LOUDEST, MASTERED, NOISE, floor, pink_noise

MOST_MISSING = 9.0
"""The most that is made up for what the model makes quieter or louder, dB."""
QUIETER = 10.0
"""How much less noise lies in the gaps than in those of a take's recording, dB. Measured over six beatboxes whose tempo
nobody told: with as much noise, onsets are found with an F1 of 0.73, with this 0.77 (a take at once has 0.81), and the
timbre moves by 0.54 instead of 0.65."""
MOVED = 6.0
"""The most by which that changes in a second, dB."""
LINGERS, FADES = round(0.3 * SAMPLE_RATE / BLOCK), round(0.3 * SAMPLE_RATE / BLOCK)
"""Blocks for which the output goes on after the input's last sound, and in which it then fades out."""


@dataclass(slots=True, eq=False)
class _Heard:
    """The input from the beginning of the next hop on.

    Attributes:
        gains: [N], dB, of each sample.
        powers: [N / BLOCK], of each block.
        openness: [N / BLOCK], how far the gate is open where each block begins, 0 to 1.
    """

    gains: NDArray[np.float32]
    powers: NDArray[np.float64]
    openness: NDArray[np.float64]


class Levels:
    """Levels of a stream."""

    def __init__(self, *, as_it_is: bool) -> None:
        """`as_it_is`: the model takes the input at its own level, as public ones do."""
        self._as_it_is = as_it_is
        self._weighted, self._weighted_made = Weighted(), Weighted()
        self._sounding, self._peaks = Sounding(), Peaks()
        self._input, self._answered, self._made = Loudness(), Loudness(), Loudness()
        self._heard = _Heard(np.zeros(0, np.float32), np.zeros(0), np.zeros(0))
        self._gain: float | None = None
        self._made_up, self._at = 0.0, 0
        self._since = LINGERS + FADES
        """Blocks since the last sound."""

    def levelled(self, samples: Samples, strength: float) -> Samples:
        """The next input [2, N], whole blocks, as the model takes it; at strength 0 as it is."""
        plain = strength == 0
        powers = self._weighted.powers(samples)
        openness = self._opened(self._sounding.told(powers))
        self._input.add(powers[openness > 0])
        level = self._input.level
        wanted = self._gain
        if plain or self._as_it_is:
            wanted = 0.0
        elif level is not None:
            wanted = MASTERED - level
        # The first sound is as loud as all the others from its beginning on.
        before, self._gain = wanted if self._gain is None else self._gain, wanted
        count = samples.shape[1]
        gains = _line(before or 0.0, wanted or 0.0, count)
        heard = self._heard
        self._heard = _Heard(
            np.append(heard.gains, gains),
            np.append(heard.powers, powers),
            np.append(heard.openness, openness),
        )
        levelled = samples * _factors(gains)
        if not plain and not self._as_it_is:
            # As in takes: digital silence between dry strokes, noised, would outweigh them.
            noise = np.take(
                pink_noise(), np.arange(self._at, self._at + count), axis=1, mode="wrap"
            )
            levelled += np.float32(floor(strength) * 10 ** (-QUIETER / 20)) * noise
        self._at = (self._at + count) % NOISE
        return levelled

    def is_silent(self, count: int) -> bool:
        """Whether the next `count` samples of the output are silent, whatever is made."""
        return not self._heard.openness[: count // BLOCK + 2].any()

    def returned(self, samples: Samples, ahead: Samples, *, plain: bool, made: bool) -> Samples:
        """The next output.

        Args:
            samples: [2, N], whole blocks, from the decoder.
            ahead: [2, any], how it is likely to go on.
            plain: whether it is to be as it is.
            made: whether the model made it; what was left out tells nothing of how loud the model is.
        """
        count, heard = samples.shape[1], self._heard
        blocks = count // BLOCK
        back = samples * _factors(-heard.gains[:count])
        powers = self._weighted_made.powers(back)
        if made:
            opened = heard.openness[:blocks] > 0
            self._answered.add(heard.powers[:blocks][opened])
            self._made.add(powers[opened])
        after = 0.0 if plain else self._missing(count / SAMPLE_RATE)
        gain = _factors(_line(self._made_up, after, count))
        last = 10 ** ((after - heard.gains[count - 1]) / 20)
        self._made_up = after
        if not plain:
            gain = gain * _ramps(heard.openness[: blocks + 1])
        back = back * gain
        self._heard = _Heard(
            heard.gains[count:].copy(), heard.powers[blocks:].copy(), heard.openness[blocks:].copy()
        )
        return back if plain else self._peaks.held(back, ahead * np.float32(last))

    def _opened(self, sounds: NDArray[np.bool_]) -> NDArray[np.float64]:
        opened = np.empty(len(sounds))
        for block, sound in enumerate(sounds.tolist()):
            self._since = 0 if sound else min(self._since + 1, LINGERS + FADES)
            opened[block] = min(1.0, (LINGERS + FADES - self._since) / FADES)
        return opened

    def _missing(self, seconds: float) -> float:
        """What is made up for, dB."""
        answered, made = self._answered.level, self._made.level
        if answered is None or made is None:
            return self._made_up
        wanted = min(answered, LOUDEST) - made
        wanted = min(max(wanted, -MOST_MISSING), MOST_MISSING)
        most = MOVED * seconds
        return min(max(wanted, self._made_up - most), self._made_up + most)


def _factors(decibels: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.power(np.float32(10), decibels / np.float32(20), dtype=np.float32)


def _line(start: float, stop: float, count: int) -> NDArray[np.float32]:
    """`count` values on the way from `start`, which was the last one, to `stop`."""
    return np.linspace(start, stop, count + 1, dtype=np.float32)[1:]


def _ramps(openness: NDArray[np.float64]) -> NDArray[np.float32]:
    """The gate's gain at each sample of blocks, from how far it is open where each of them, and the next, begins."""
    places = np.arange((len(openness) - 1) * BLOCK) / BLOCK
    return np.interp(places, np.arange(len(openness)), openness).astype(np.float32)
