"""Tempo and position from MIDI clock: a straight line through the ticks, and the simplest number it allows.

Pure: times in, changes of the transport out; knows no port. Ticks come late by up to an audio period (JACK hands MIDI
over once a period), so two ticks say nothing, and one beat says little. The line is fitted over at least one beat and
at most sixteen; the tempo reported is the roundest within the uncertainty, and is kept for as long as it stays within
it.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from bridge.state import TransportChange

PER_QUARTER = 24
FEWEST = PER_QUARTER
MOST = 16 * PER_QUARTER
MEASURE_EVERY = 6
LOST_AFTER = 0.5
"""Seconds without a tick after which the clock has stopped."""
JITTER = 0.012
"""Seconds that a tick may be late: one period of 512 frames at 44.1 kHz."""
CERTAINTY = 3.0
"""Standard errors around the fit within which a rounder tempo is believed."""
SURE = 0.4
"""Uncertainty in BPM below which a tempo is reported: after a beat of a steady clock, three of a jittery one."""
LEAST_SCATTER = 0.0003
"""Seconds; less scatter in few ticks is luck."""
SLOWEST, QUICKEST = 30.0, 300.0


class ClockFollower:
    """Takes ticks and transport messages; `tempo` is None until a beat has come.

    Attributes:
        playing: between start or continue and stop.
        beat: position in quarter notes at the last tick.
        tempo: BPM.
    """

    def __init__(self) -> None:
        """Has heard nothing yet."""
        self.playing = False
        self.tempo: float | None = None
        self._ticks: deque[tuple[float, int]] = deque(maxlen=MOST)
        self._stretch = 0
        self._since = 0
        self._place = 0  # Ticks from the start of the song; the next tick's place.

    @property
    def beat(self) -> float:
        """Position in quarter notes."""
        return self._place / PER_QUARTER

    def tick(self, time: float) -> TransportChange:
        """Takes one clock tick, at a time in seconds; returns what changed, once a beat and when the tempo does."""
        if self._ticks:
            self._notice_hole(time - self._ticks[-1][0])
        self._ticks.append((time, self._stretch))
        beat = self.beat
        if self.playing:
            self._place += 1
        on_beat = self.playing and (self._place - 1) % PER_QUARTER == 0
        self._since += 1
        if not on_beat and self._since < MEASURE_EVERY:
            return {}
        self._since = 0
        return self._measured(beat)

    def start(self) -> TransportChange:
        """Plays from the start of the song at the next tick."""
        self._place = 0
        self.playing = True
        return {"playing": True, "beat": 0.0}

    def go_on(self) -> TransportChange:
        """Plays from where it stands."""
        self.playing = True
        return {"playing": True, "beat": self.beat}

    def stop(self) -> TransportChange:
        """Stops where it is."""
        self.playing = False
        return {"playing": False, "beat": self.beat}

    def locate(self, sixteenths: int) -> TransportChange:
        """Song position: sixteenths from the start."""
        self._place = sixteenths * PER_QUARTER // 4
        return {"beat": self.beat}

    def running(self, time: float) -> bool:
        """Whether ticks still come."""
        return bool(self._ticks) and time - self._ticks[-1][0] < LOST_AFTER

    def _notice_hole(self, passed: float) -> None:
        """Begins a new stretch after a gap that jitter does not explain: the sender stalled under load."""
        if passed > LOST_AFTER:
            self._ticks.clear()
        elif len(self._ticks) >= 6:
            usual = float(np.median(np.diff([time for time, _ in self._ticks])))
            expected = 60.0 / PER_QUARTER / self.tempo if self.tempo else usual
            self._stretch += passed > expected + 1.2 * JITTER

    def _measured(self, beat: float) -> TransportChange:
        change: TransportChange = {}
        if len(self._ticks) >= FEWEST:
            interval, error = self._fit()
            tempo = 60.0 / PER_QUARTER / max(interval, 1e-6)
            margin = CERTAINTY * error * tempo / max(interval, 1e-6)
            moved = self.tempo is None or abs(self.tempo - tempo) > margin
            if moved and margin <= SURE and SLOWEST <= tempo <= QUICKEST:
                self.tempo = roundest(tempo, margin)
        if self.tempo is not None:
            change["tempo"] = self.tempo
        if self.playing:
            change["beat"] = beat
        return change

    def _fit(self) -> tuple[float, float]:
        """Seconds between ticks and the standard error of that; forgets ticks of an older tempo."""
        slope, error, rest = line(*np.array(self._ticks).T)
        while len(self._ticks) > FEWEST and bent(rest):
            for _ in range(min(PER_QUARTER // 2, len(self._ticks) - FEWEST)):
                self._ticks.popleft()
            slope, error, rest = line(*np.array(self._ticks).T)
        return slope, error


def bent(rest: np.ndarray) -> bool:
    """Whether the last half beat lies wholly on one side of the line: jitter scatters, a new tempo bends away."""
    last = rest[-PER_QUARTER // 2 :]
    one_side = last.min() > 0 or last.max() < 0
    return bool(one_side and abs(float(last.mean())) > JITTER / 3)


def line(times: np.ndarray, stretches: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Least squares through evenly counted times: slope, its standard error, and what is left over.

    Each stretch between two holes has a start of its own; the slope is common to all. Ticks that are late together
    say less than as many that are late by themselves, so the error grows with the correlation of neighbours.
    """
    place = _within(np.arange(len(times), dtype=float), stretches)
    late = _within(times, stretches)
    spread = max(float(np.sum(place**2)), 1e-9)
    slope = float(np.sum(place * late) / spread)
    rest = late - slope * place
    power = float(np.sum(rest**2)) + 1e-12
    together = min(max(float(np.sum(rest[1:] * rest[:-1])) / power, 0.0), 0.9)
    scatter = max(math.sqrt(power / max(len(times) - 2, 1)), LEAST_SCATTER)
    return slope, scatter / math.sqrt(spread) * math.sqrt((1 + together) / (1 - together)), rest


def _within(values: np.ndarray, stretches: np.ndarray) -> np.ndarray:
    """Values less the mean of their own stretch."""
    _, which = np.unique(stretches, return_inverse=True)
    means = np.bincount(which, values) / np.bincount(which)
    return values - means[which]


def roundest(value: float, margin: float) -> float:
    """The number with the fewest decimals within `margin` of a value."""
    for decimals in range(3):
        rounded = round(value, decimals)
        if abs(rounded - value) <= margin:
            return rounded
    return round(value, 2)
