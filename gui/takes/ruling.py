"""The lines of a waveform: bars and beats where a tempo is known, else seconds. Knows no widget."""

from __future__ import annotations

import math
from dataclasses import dataclass

STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120)
"""Seconds between two numbers where no tempo is known."""
Line = tuple[float, bool, str]
"""Its place in seconds, whether it is strong, and its number."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """Bars of so many beats at a tempo in BPM, from the beginning; without a tempo, a clock."""

    tempo: float | None = None
    beats: int = 4

    @property
    def bar(self) -> float:
        """Seconds of a bar; 2 where no tempo is known."""
        return self.beats * 60.0 / self.tempo if self.tempo else 2.0

    def lines(
        self, start: float, end: float, a_second: float, least: tuple[int, int]
    ) -> list[Line]:
        """The lines from `start` to `end`.

        Args:
            start: seconds.
            end: seconds.
            a_second: pixels that a second takes.
            least: pixels between two lines of bars and beats, and between two of a clock.
        """
        if self.tempo:
            return self._bars(self.tempo, (start, end), a_second, least[0])
        step = next((step for step in STEPS if step * a_second >= least[1]), STEPS[-1])
        first, last = math.ceil(start / step), math.floor(end / step + 1e-6)
        times = [number * step for number in range(first, last + 1)] if end else []
        return [
            (time, True, f"{time:.1f}" if step < 1 else f"{int(time) // 60}:{int(time) % 60:02d}")
            for time in times
        ]

    def _bars(
        self, tempo: float, span: tuple[float, float], a_second: float, least: int
    ) -> list[Line]:
        """Bars, and beats where there is room; where there is little, every second bar, every fourth, and so on."""
        beat, beats = 60.0 / tempo, self.beats
        room = a_second * beat
        step = 1 if room >= least else beats
        while 0 < room * step < least:
            step *= 2
        first, last = math.ceil(span[0] / beat / step) * step, math.floor(span[1] / beat)
        return [
            (index * beat, index % beats == 0, "" if index % beats else str(index // beats + 1))
            for index in range(first, last + 1, step)
        ]
