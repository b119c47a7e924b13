"""What is heard and what is played, as two bands that scroll from right to left: the input above, the output below.

Knows `LiveLevels`; no session. It is told columns at the rate of the meters and moves by time between them, so that it
runs smoothly whatever comes when.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from bridge.live_state import LiveLevels
from gui.look.theme import Look

LEAST = 128
"""Height in pixels at 100 %."""
BENT = 0.6
"""Power that amplitudes are drawn by, so that a quiet microphone is seen too."""
SECONDS = 10.0
"""How much is seen in a page that is as wide as at first; wider ones see as many columns."""
TRAILS, FAR = 2.0, 12.0
"""Columns that it keeps behind the newest, so that it glides evenly, and from which on it jumps."""
LINES = 1.0
"""Seconds from one line to the next."""
Columns = NDArray[np.float64]


class LiveWave(QWidget):
    """Two bands."""

    def __init__(
        self, look: Look, name: str, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        super().__init__()
        self._look, self._clock = look, clock
        self._levels = LiveLevels()
        self._bands = (np.zeros(0), np.zeros(0))
        self._head, self._looked = 0.0, clock()
        self._colours = ("wave", "accent")
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        look.follow(self._restyle)

    def show_levels(self, levels: LiveLevels) -> None:
        """Takes the newest columns and moves on; repaints only what moved."""
        now = self._clock()
        glided = self._head + (now - self._looked) / levels.seconds
        self._looked = now
        fresh = levels.moment != self._levels.moment
        if fresh:
            self._levels = levels
            self._bands = (_bent(levels.heard), _bent(levels.played))
        behind = levels.moment - glided
        head = glided + 0.1 * (behind - TRAILS) if abs(behind) <= FAR else levels.moment - TRAILS
        head = min(max(head, 0.0), float(levels.moment))  # What stands still is not painted.
        if fresh or head != self._head:
            self._head = head
            self.update()

    def colour(self, played: str) -> None:
        """Draws what is played in another colour of the palette."""
        if self._colours[1] != played:
            self._colours = (self._colours[0], played)
            self.update()

    def sizeHint(self) -> QSize:
        """Lying."""
        return QSize(self._look.px(240), self._look.px(LEAST))

    def minimumSizeHint(self) -> QSize:
        """Not narrower than a meter."""
        return QSize(self._look.px(120), self._look.px(LEAST))

    def paintEvent(self, a0: QPaintEvent | None) -> None:
        """Draws ground, lines and both bands."""
        look, painter = self._look, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        gap = look.px(2)
        high = (self.height() - gap) / 2
        for number, values in enumerate(self._bands):
            box = QRectF(0, number * (high + gap), self.width(), high)
            painter.setBrush(look.colour("raised", 0.6))
            painter.drawRoundedRect(box, look.px(5), look.px(5))
            painter.save()
            painter.setClipRect(box)
            self._paint_lines(painter, box)
            self._paint_band(painter, box, values, look.colour(self._colours[number]))
            painter.restore()

    def _paint_lines(self, painter: QPainter, box: QRectF) -> None:
        """A line each second, which moves along: one sees that it runs while nothing sounds."""
        if not self._levels.moment:
            return
        painter.setPen(self._look.colour("line"))
        second = LINES / self._levels.seconds
        x = self.width() - self._head % second * self._step()
        while x > 0:
            painter.drawLine(QLineF(x, box.top(), x, box.bottom()))
            x -= second * self._step()

    def _paint_band(self, painter: QPainter, box: QRectF, values: Columns, colour: QColor) -> None:
        middle, reach = box.center().y(), box.height() / 2 - self._look.px(2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRect(QRectF(box.left(), middle - 0.5, box.width(), 1))
        if not len(values):
            return
        first = self._levels.moment - len(values) - self._head
        xs = (self.width() + np.arange(first, first + len(values) - 0.5) * self._step()).tolist()
        tops, lows = (middle - values * reach).tolist(), (middle + values * reach).tolist()
        points = [QPointF(x, y) for x, y in zip(xs, tops, strict=True)]
        points += [QPointF(x, y) for x, y in zip(xs[::-1], lows[::-1], strict=True)]
        painter.drawPolygon(QPolygonF(points))

    def _step(self) -> float:
        """Pixels from column to column; the head is at the right edge."""
        return self.width() / (SECONDS / self._levels.seconds)

    def _restyle(self) -> None:
        self.updateGeometry()
        self.update()


def _bent(values: tuple[float, ...]) -> Columns:
    return np.minimum(np.asarray(values, np.float64), 1.0) ** BENT
