"""Tempo and position from MIDI clock: the simplest tempo that explains when the ticks came.

Pure: times in, changes of the transport out; knows no port. Ticks come off by up to an audio period (JACK hands MIDI
over once a period), so two ticks say nothing, and one beat says little. How far off they come is learned. A tempo
explains ticks that lie that far apart from an even count and no further; the one that is told stays for as long as it
explains the newest ticks. When it does not, either time was lost, and it soon does again, or the tempo is another: that
is told as soon as there are ticks enough to know it, and told finer as more of them come.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from bridge.midi.ticks import (
    Times,
    explained,
    narrowest,
    newest,
    slope,
    straight,
    uncertainty,
    width,
)
from bridge.state import TransportChange

PER_QUARTER = 24
FEWEST = PER_QUARTER // 2
"""Ticks that another tempo must explain beyond those that the one that is told does."""
FINER = 36
"""The same for one that is hardly another: a moment that was lost can look like that for a beat."""
MOST = 16 * PER_QUARTER
MEASURE_EVERY = 6
LOST_AFTER = 0.5
"""Seconds without a tick after which the clock has stopped."""
JITTER = 0.013
"""Seconds that ticks may be off before more is known: a period of 512 frames at 44.1 kHz, and a little."""
WIDEST, LEAST = 0.05, 0.001
"""Bounds in seconds of what is learned about that."""
ROOM = 1.25
"""How much further off than those of two beats the ticks of many may be."""
MORE = 1.1
"""How much further off than all that are kept the next ones may be."""
FADES, SLOWLY = 0.95, 0.995
"""What is left at each measurement of a jitter that is seen no more, and when none at all is seen."""
RESOLVED = 0.0004
"""Seconds; ticks that are less off may fall on a whole number of periods each, as those of 108 BPM nearly do."""
LOOKS = 40
"""Measurements, eight beats of them, most of which must show a jitter before it is one: a stall passes."""
CERTAINTY = 3.0
"""Standard errors within which a tempo is known."""
CLEAR = 1.5
"""How many times its uncertainty a tempo must be off from the one that is told to be clearly another."""
SURE = 0.4
"""Uncertainty in BPM below which a tempo is told: after a beat of a steady clock, three of a jittery one."""
ROUGH = 0.01
"""The same as a part of the tempo, for one that is clearly another than the one that was told."""
SLOWEST, QUICKEST = 30.0, 300.0


class ClockFollower:
    """Takes ticks and transport messages; `tempo` is None until about a beat has come.

    Attributes:
        early: whether ticks come early rather than late: JACK hands over a whole period at its start.
        playing: between start or continue and stop.
        tempo: BPM.
        due: when the last tick should have come, in seconds of the ticks' own clock.
    """

    def __init__(self) -> None:
        """Has heard nothing yet."""
        self.early = False
        self.playing = False
        self.tempo: float | None = None
        self.due = 0.0
        self._times: deque[float] = deque(maxlen=MOST)
        self._straight = 0  # So many of the newest ticks have one tempo.
        self._jitter = JITTER
        self._seen: deque[float] = deque(maxlen=LOOKS)
        self._since = 0
        self._place = 0  # Ticks from the start of the song; the next tick's place.

    @property
    def beat(self) -> float:
        """Position in quarter notes."""
        return self._place / PER_QUARTER

    def tick(self, time: float) -> TransportChange:
        """Takes one clock tick, at a time in seconds; returns what changed, once a beat and when the tempo does.

        A position that it returns is that of the moment `due`.
        """
        if self._times and time - self._times[-1] > LOST_AFTER:
            self._times.clear()
            self._straight = 0
        self._times.append(time)
        self._straight = min(self._straight + 1, MOST)
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
        return bool(self._times) and time - self._times[-1] < LOST_AFTER

    def _measured(self, beat: float) -> TransportChange:
        times = np.array(self._times)
        self._learn(times)
        times = times[-self._straight :]
        known = self._holds(times)
        if known == len(times):
            self._keep(times)
        else:
            self._straight = straight(times, self._jitter)
            self._tell(times[-self._straight :], known)
            known = self._holds(times)
        self.due = self._due(times[-self._straight :], known)
        change: TransportChange = {}
        if self.tempo is not None:
            change["tempo"] = self.tempo
        if self.playing:
            change["beat"] = beat
        return change

    def _holds(self, times: Times) -> int:
        """How many of the newest ticks the tempo that is told explains."""
        return explained(times, _interval(self.tempo), self._jitter) if self.tempo else 0

    def _learn(self, times: Times) -> None:
        """How far off ticks come: as far as in most of the last beats, whatever their tempo."""
        if len(times) >= PER_QUARTER:
            self._seen.append(narrowest(times[-2 * PER_QUARTER :]) * ROOM)
            usual = sorted(self._seen)[len(self._seen) // 3]
            self._jitter = min(max(self._jitter, usual), WIDEST)

    def _keep(self, times: Times) -> None:
        """Forgets a jitter that is not seen any more among all ticks that are kept."""
        if len(times) >= 2 * PER_QUARTER:
            seen = width(times, slope(times)) * MORE
            fades = FADES if seen > RESOLVED else SLOWLY
            self._jitter = max(self._jitter * fades, min(seen, self._jitter), LEAST)

    def _tell(self, times: Times, known: int) -> None:
        """Tells another tempo if it explains more of these ticks than what is told, and is known well enough."""
        if len(times) < known + FEWEST:
            return
        interval = max(slope(times), 1e-6)
        tempo = 60.0 / PER_QUARTER / interval
        margin = CERTAINTY * uncertainty(len(times), self._jitter) / interval * tempo
        other = self.tempo is not None and abs(tempo - self.tempo) > CLEAR * margin
        sure = margin <= (ROUGH * tempo if other else SURE)
        beyond = len(times) - known >= (FEWEST if other else FINER)
        if sure and beyond and SLOWEST - margin <= tempo <= QUICKEST + margin:
            told = self._roundest(times, tempo, margin)
            self.tempo = min(max(told, SLOWEST), QUICKEST)

    def _roundest(self, times: Times, tempo: float, margin: float) -> float:
        """The number with the fewest decimals, two at most, that explains these ticks too."""
        for decimals in range(2):
            rounded = round(tempo, decimals)
            near = abs(rounded - tempo) <= margin
            if near and width(times, _interval(rounded)) <= self._jitter:
                return rounded
        return round(tempo, 2)

    def _due(self, times: Times, known: int) -> float:
        """When the last tick was due."""
        if self.tempo is not None and known >= min(len(times), FEWEST):
            recent = times[-min(known, 2 * PER_QUARTER) :]
            return newest(recent, _interval(self.tempo), early=self.early)
        recent = times[-2 * PER_QUARTER :]
        if len(recent) < FEWEST:
            return float(recent[-1])
        return newest(recent, slope(recent), early=self.early)


def _interval(tempo: float) -> float:
    """Seconds between ticks."""
    return 60.0 / PER_QUARTER / tempo
