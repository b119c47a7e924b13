"""Tells whether what comes in is what we play: a speaker that the microphone hears, before it howls.

What was played is compared with what came in up to half a second later, all frequencies alike, so that a path through a
room stands out whatever it does to the sound. What is only the input again is taken out first: a drum machine repeats
itself without our help. Where nothing but the input is played, another sign counts: it comes back louder each time.
Pure: knows signals only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float32]

WINDOW = 1 << 15
"""Samples of input that are looked at."""
LAGS = 22_050
"""Samples by which they may be later than what was played."""
NEED = WINDOW + LAGS
"""Samples of what was played that belong to them."""
BAND = (150.0, 9_000.0)
"""Hz that speaker and microphone have."""
ALIKE = 0.03
"""Share of what comes in that is what was played at one distance, of 1, from where on it counts..."""
OVER = 2.4
"""...if it is so many times that at any other distance."""
NEAR = 500
"""Samples around a distance that are no other one: the room's first echoes."""
TIMES, SAME = 3, 90
"""Looks one after the other that have to find it at the same distance, give or take so many samples."""
QUIET = 1e-3
"""RMS below which nothing is said: -60 dB."""
NEW = 0.05
"""Share of the amplitude of what is played that has to be more than the input again."""
GROWS = 1.12
"""By what factor it comes back louder where it howls: 1 dB a turn."""
KEPT = 0.3
"""Weight of the newest look."""
_SIZE = 1 << 16
_FRAME, _HOP = 4096, 2048
_RATE = 44_100.0
_AROUND = 128


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged; all end at the same moment.

    Attributes:
        heard: what came in, [WINDOW].
        played: what was played until then, [NEED].
        own: the input that this was made of, [NEED].
    """

    heard: Signal
    played: Signal
    own: Signal


class Guard:
    """Looks again and again.

    Attributes:
        alike: how much of what comes in is ours, as the last look found.
        over: how many times that at other distances.
        lag: the distance, in samples.
    """

    def __init__(self) -> None:
        """Has seen nothing."""
        self._seen: dict[bool, tuple[NDArray[np.complexfloating], int]] = {}
        self._before: list[int] = []
        self.alike = self.over = 0.0
        self.lag = 0

    def look(self, case: Case) -> bool:
        """Whether it is time to be silent."""
        if min(_rms(case.heard), _rms(case.played)) < QUIET:
            return self._note(False)
        new = without(case.played, case.own)
        by_itself = _rms(new) < NEW * _rms(case.played)
        self._compare(case.heard, case.played if by_itself else new, by_itself)
        found = self.alike > ALIKE and self.over > OVER
        if found and by_itself:
            end = NEED - self.lag
            found = _rms(case.heard) > GROWS * _rms(case.own[end - WINDOW : end])
        return self._note(found)

    def _compare(self, heard: Signal, played: Signal, by_itself: bool) -> None:
        even, times = self._seen.get(by_itself, (np.zeros(1), 0))
        kept = max(KEPT, 1.0 / (times + 1))
        even = (1.0 - kept) * even + kept * _evened(heard, played)
        self._seen = {by_itself: (even, times + 1)}
        low, high = _band()
        alike = np.abs(np.fft.irfft(even)) * (_SIZE / 2.0 / (high - low))
        alike = alike[(np.arange(LAGS + 1) - LAGS) % _SIZE]
        self.lag = int(alike.argmax())
        self.alike = float(alike[self.lag])
        alike[max(0, self.lag - NEAR) : self.lag + NEAR] = 0.0
        self.over = self.alike / max(float(alike.max()), 1e-9)

    def _note(self, found: bool) -> bool:
        self._before = [*self._before, self.lag][-TIMES:] if found else []
        spread = max(self._before, default=0) - min(self._before, default=0)
        return len(self._before) == TIMES and spread <= SAME


def _evened(heard: Signal, played: Signal) -> NDArray[np.complexfloating]:
    """The cross spectrum, each frequency by the level around it.

    So a tone is one frequency of many, and a kick no more than a cymbal.
    """
    window = np.hanning(WINDOW).astype(np.float32)
    a, b = np.fft.rfft(heard * window, _SIZE), np.fft.rfft(played, _SIZE)
    cross = a * np.conj(b)
    size = np.abs(cross)
    low, high = _band()
    total = np.cumsum(np.concatenate((np.zeros(1), size)))
    at = np.arange(low, high)
    around = (total[at + _AROUND] - total[at - _AROUND]) / (2.0 * _AROUND)
    even = np.zeros_like(cross)
    even[low:high] = cross[low:high] / (size[low:high] + around + 1e-20)
    return even


def _band() -> tuple[int, int]:
    low, high = (round(edge * _SIZE / _RATE) for edge in BAND)
    return low, high


def without(played: Signal, own: Signal) -> Signal:
    """What was played [N] less all of it that is its input `own` [N], through whatever filter."""
    count = max(0, (len(played) - _FRAME) // _HOP + 1)
    window = np.hanning(_FRAME + 1)[:-1].astype(np.float32)
    at = np.arange(count)[:, None] * _HOP + np.arange(_FRAME)
    a, b = np.fft.rfft(played[at] * window), np.fft.rfft(own[at] * window)
    power = np.square(np.abs(b)).sum(axis=0)
    through = (a * np.conj(b)).sum(axis=0) / (power + 1e-12)
    parts = np.fft.irfft(a - through * b)
    rest: Signal = np.zeros(len(played), np.float32)
    for start, part in zip(at[:, 0], parts, strict=True):
        rest[start : start + _FRAME] += part
    return rest


def _rms(signal: Signal) -> float:
    return float(np.sqrt(np.mean(np.square(signal)))) if len(signal) else 0.0
