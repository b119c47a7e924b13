"""The frame of a take: its tempo, and how many bars go into its seconds.

Where the tempo is free, one is drawn from the style's range at which bars fit well. Knows nothing of notes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engine.composing.form import form_bars
from engine.composing.notation import TEMPI
from engine.composing.styles import Style
from engine.composing.wish import Wish

LONGEST_TAIL = 1.5
"""Seconds that the music may be over before it has to be."""
RING = 0.5
"""Seconds at the end of a take in which its last notes ring out; less in takes under 6 s."""
_LANDING = 1.0
"""Seconds that a last bar needs, if it is not whole."""
_STRETCH = 1.25
"""How far the tempo may leave the style's range for whole bars to fill the take."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Tempo in BPM, bars that are to be written, and where the music has to be over, in quarter notes."""

    tempo: float
    bars: int
    end: float


def frame_of(wish: Wish, style: Style, sheet: int, rng: np.random.Generator) -> Frame:
    """The frame for a wish in this style; `sheet` is the number of bars of the chords that are given, 0 for none.

    Bars that fill the take exactly may be cut off by its end, if it is not a whole number of them at the asked tempo.
    """
    bar, seconds = style.beats_per_bar, wish.seconds
    fills = wish.exact or wish.loop
    if wish.tempo is None:
        low, high = style.tempo
        options = (
            _filling(seconds, bar, low, high)
            if fills
            else [
                (float(tempo), *_room(seconds, tempo, bar, sheet))
                for tempo in range(math.ceil(low), math.floor(high) + 1)
            ]
        )
        form = form_bars(wish.form) if wish.form.strip() else 0
        regular = [_regular(bars, form, sheet, fills=fills) for _, bars, _ in options]
        weights = np.array([weight for _, _, weight in options]) * regular
        tempo, bars, _ = options[int(rng.choice(len(options), p=weights / weights.sum()))]
    else:
        tempo = wish.tempo
        bars = (
            math.ceil(seconds * tempo / 60 / bar - 1e-6)
            if fills
            else _room(seconds, tempo, bar, sheet)[0]
        )
    return Frame(tempo, bars, (seconds if fills else _over(seconds)) * tempo / 60)


def _over(seconds: float) -> float:
    """When the music has to be over, so that it can ring out."""
    return seconds - min(RING, seconds / 12)


def _room(seconds: float, tempo: float, bar: float, sheet: int) -> tuple[int, float]:
    """How many bars fit, and how likely such a tempo should be: less, the longer the tail.

    The last bar, which has but one chord, need not be whole, if the chords come round to their first in it, or if there
    would be only one.
    """
    length = bar * 60 / tempo
    bars = int(_over(seconds) / length + 1e-6)
    left = _over(seconds) - bars * length
    if left > _LANDING and (bars == 1 or (sheet and bars and bars % sheet == 0)):
        return bars + 1, 1.0
    return max(1, bars), math.exp(-3 * max(0.0, left - LONGEST_TAIL))


def _filling(seconds: float, bar: float, low: float, high: float) -> list[tuple[float, int, float]]:
    """(tempo, bars, weight) of every number of whole bars that fills the take at a tempo of the range, or near it."""
    for reach in (1.0, _STRETCH):
        slow, fast = max(TEMPI[0], low / reach), min(TEMPI[1], high * reach)
        least = max(1, math.ceil(seconds * slow / 60 / bar - 1e-6))
        most = math.floor(seconds * fast / 60 / bar + 1e-6)
        if least <= most:
            return [(bars * bar * 60 / seconds, bars, 1.0) for bars in range(least, most + 1)]
    tempo = float(round(math.sqrt(low * high)))
    return [(tempo, math.ceil(seconds * tempo / 60 / bar), 1.0)]


def _regular(bars: int, form: int, sheet: int, *, fills: bool) -> float:
    """How welcome a number of bars is: phrases are even; a form and a sheet of chords, in bars, come out whole."""
    weight = 1.0
    if form:
        weight *= 1.0 if bars % form == 0 else 0.01
    if sheet > 1:
        home = 0 if fills else 1
        weight *= 1.0 if bars % sheet == home else 0.3 if bars % sheet == 0 else 0.03
    elif not form:
        weight *= next((w for n, w in ((8, 1.0), (4, 0.8), (2, 0.2)) if bars % n == 0), 0.05)
    return weight
