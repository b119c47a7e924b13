"""Clock ticks as points near a straight line: how wide a strip they need, how many fit into one.

Pure functions of the times of ticks in seconds, in the order of their arrival. Knows nothing of tempo or transport. A
tick comes late (or, from JACK, early) by anything up to a bound: so what a line explains is a matter of the strip
around it, and a tick is never an outlier of its own: what leaves the strip is a new tempo, or time that was lost.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]
TURNS = 32
"""Steps of the search for the narrowest strip; each takes a third off."""
EDGE = 0.05
"""Part of the ticks on each side of a strip that may lie outside of it when its place is asked for."""
ROBUST = 12
"""Ticks from which on that part is left out."""


def rest(times: Times, interval: float) -> Times:
    """What is left of the times beyond an even count."""
    return times - interval * np.arange(len(times))


def width(times: Times, interval: float) -> float:
    """Seconds that a strip along ticks of this interval must be wide to hold all of them."""
    return float(np.ptp(rest(times, interval)))


def slope(times: Times) -> float:
    """Least squares: seconds between ticks; at least two of them."""
    place = np.arange(len(times)) - (len(times) - 1) / 2
    return float(place @ times / (place @ place))


def uncertainty(count: int, jitter: float) -> float:
    """Standard error of `slope` for so many ticks that are spread evenly over `jitter` seconds."""
    return jitter / count**1.5


def narrowest(times: Times) -> float:
    """Seconds of the narrowest strip that holds all ticks, whatever its interval."""
    low, high = float(np.diff(times).min()), float(np.diff(times).max())
    for _ in range(TURNS):
        third = (high - low) / 3
        if width(times, low + third) < width(times, high - third):
            high -= third
        else:
            low += third
    return width(times, (low + high) / 2)


def explained(times: Times, interval: float, jitter: float) -> int:
    """How many of the newest ticks fit into a strip of that width along ticks of this interval."""
    back = rest(times, interval)[::-1]
    wide = np.maximum.accumulate(back) - np.minimum.accumulate(back)
    return int(np.searchsorted(wide, jitter, side="right"))


def straight(times: Times, jitter: float) -> int:
    """How many of the newest ticks fit into one strip of that width; at least two, if there are two."""
    low, high = min(2, len(times)), len(times)
    if high > 2 and narrowest(times) <= jitter:
        return high
    while low < high:
        middle = (low + high + 1) // 2
        if narrowest(times[-middle:]) <= jitter:
            low = middle
        else:
            high = middle - 1
    return low


def newest(times: Times, interval: float, *, early: bool) -> float:
    """When the last tick was due: on the late edge of the strip if ticks come early, on its early edge if late.

    A few ticks may lie beyond: who was held up for a moment is later than ticks are by nature.
    """
    beyond = np.sort(rest(times, interval)) + interval * (len(times) - 1)
    if len(beyond) < ROBUST:
        return float(beyond[-1] if early else beyond[0])
    low, high = np.quantile(beyond, (EDGE, 1 - EDGE))
    outside = (high - low) * EDGE / (1 - 2 * EDGE)
    return float(high + outside if early else low - outside)
