"""Meters and waveforms of a live stream, into the board: input and output of the same moment in one column.

What is played is known before it is heard, so its peaks wait for those of the input. Pure.
"""

from __future__ import annotations

import numpy as np

from bridge.audio.live.memory import COLUMN, COLUMNS, METERS, MOMENT, RATE, Board
from bridge.audio.live.timeline import Frames

SAMPLES = round(COLUMN * RATE)
WAITING = 64
"""Columns of what is played that wait for their input, at most."""
OVER = 0.1
"""Seconds over which the meters look back."""


class Meters:
    """Positions are those of `heard`; what is played is told by the one that is heard at the same moment."""

    def __init__(self, board: Board, position: int) -> None:
        """Goes on with the columns that were told before."""
        self._board = board
        self._first = position  # Where the column begins that is told next.
        self._input = _Side(position)
        self._output = _Side(position)

    def take_input(self, frames: Frames) -> None:
        """What came in next, [N, 2]."""
        self._input.take(frames)
        self._tell(0, self._input)
        self._columns()

    def take_output(self, position: int, frames: Frames) -> None:
        """What is played, [N, 2], while what comes in is at `position` and on."""
        self._output.move(position)
        self._output.take(frames)
        self._tell(4, self._output)

    def still(self, output: bool) -> None:
        """Nothing comes in or goes out any more."""
        place = METERS + (4 if output else 0)
        self._board.numbers[place : place + 4] = 0.0

    def _tell(self, place: int, side: _Side) -> None:
        place += METERS
        self._board.numbers[place : place + 2] = side.peak
        self._board.numbers[place + 2 : place + 4] = np.sqrt(side.power)

    def _columns(self) -> None:
        numbers = self._board.numbers
        while self._first + SAMPLES <= self._input.stop:
            column = int(numbers[MOMENT]) % COLUMNS
            self._board.columns[0, column] = self._input.column(self._first)
            self._board.columns[1, column] = self._output.column(self._first)
            numbers[MOMENT] += 1
            self._first += SAMPLES


class _Side:
    """Levels that fall slowly, and peaks by column until they are asked for."""

    def __init__(self, position: int) -> None:
        self._origin = self.stop = position
        self._columns: dict[int, float] = {}
        self.peak = np.zeros(2)
        self.power = np.zeros(2)

    def move(self, position: int) -> None:
        """What follows belongs there."""
        self.stop = position

    def take(self, frames: Frames) -> None:
        if not len(frames):
            return
        loud = np.abs(frames)
        stays = np.exp(-len(frames) / (OVER * RATE))
        self.peak = np.maximum(loud.max(axis=0), self.peak * stays)
        self.power = stays * self.power + (1.0 - stays) * np.square(frames).mean(axis=0)
        at = 0
        while at < len(frames):
            column, inside = divmod(self.stop - self._origin, SAMPLES)
            part = loud[at : at + SAMPLES - inside]
            self._columns[column] = max(self._columns.get(column, 0.0), float(part.max()))
            at += len(part)
            self.stop += len(part)
        while len(self._columns) > WAITING:
            del self._columns[min(self._columns)]

    def column(self, position: int) -> float:
        """The peak of the column that begins there; forgets it and all before."""
        column = (position - self._origin) // SAMPLES
        peak = self._columns.get(column, 0.0)
        self._columns = {c: value for c, value in self._columns.items() if c > column}
        return peak
