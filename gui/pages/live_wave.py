"""What is heard and what is played, as two bands that scroll from right to left: the input above, the output below.

Knows `LiveLevels`; no session. It is told columns at the rate of the meters and moves by time between them, so that it
runs smoothly whatever comes when. Only what is new is drawn; the rest is moved along.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QPainter, QPaintEvent, QPixmap
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
GAP = 2
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
        self._head, self._looked = 0.0, clock()
        self._strip, self._edge = QPixmap(), 0
        """What is drawn of the bands, and up to which pixel since the stream began."""
        self._colours = ("wave", "accent")
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        look.follow(self._restyle)

    def show_levels(self, levels: LiveLevels) -> None:
        """Takes the newest columns and moves on; repaints only what moved."""
        now = self._clock()
        glided = self._head + (now - self._looked) / levels.seconds
        self._looked = now
        self._levels = levels
        behind = levels.moment - glided
        head = glided + 0.1 * (behind - TRAILS) if abs(behind) <= FAR else levels.moment - TRAILS
        head = min(max(head, 0.0), float(levels.moment))  # What stands still is not painted.
        if head != self._head:
            self._head = head
            self.update()

    def colour(self, played: str) -> None:
        """Draws what is played from here on in another colour of the palette."""
        self._colours = (self._colours[0], played)

    def sizeHint(self) -> QSize:
        """Lying."""
        return QSize(self._look.px(240), self._look.px(LEAST))

    def minimumSizeHint(self) -> QSize:
        """Not narrower than a meter."""
        return QSize(self._look.px(120), self._look.px(LEAST))

    def paintEvent(self, a0: QPaintEvent | None) -> None:
        """Draws the grounds, and the bands on them."""
        look, painter = self._look, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.colour("raised", 0.6))
        for box in _halves(self.width(), self.height(), look.px(GAP)):
            painter.drawRoundedRect(box, look.px(5), look.px(5))
        self._move()
        painter.drawPixmap(0, 0, self._strip)

    def _move(self) -> None:
        """Moves what is drawn to the left, and draws what came in on the right; all of it if need be."""
        ratio = self.devicePixelRatioF()
        size = QSize(round(self.width() * ratio), round(self.height() * ratio))
        edge = int(self._head * self._step(size.width()))
        new = edge - self._edge
        if self._strip.size() != size or not 0 <= new < size.width():
            self._strip, new = QPixmap(size), size.width()
            self._strip.fill(Qt.GlobalColor.transparent)
        self._edge = edge
        if new:
            self._strip.setDevicePixelRatio(1.0)
            self._strip.scroll(-new, 0, self._strip.rect())
            self._draw(new)
        self._strip.setDevicePixelRatio(ratio)

    def _draw(self, new: int) -> None:
        """Draws the last pixels of the strip, each as high as its moment was loud."""
        wide, high = self._strip.width(), self._strip.height()
        painter = QPainter(self._strip)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        painter.fillRect(wide - new, 0, new, high, Qt.GlobalColor.transparent)
        gap = self._look.px(GAP) * self.devicePixelRatioF()
        pixels, step = np.arange(self._edge - new, self._edge), self._step(wide)
        xs = range(wide - new, wide)
        halves = _halves(wide, high, gap)
        second = np.floor(pixels / step * self._levels.seconds / LINES)
        for index in np.flatnonzero(np.diff(second, prepend=second[0]) * (second > 0)).tolist():
            painter.fillRect(QRectF(xs[index], 0, 1, high), self._look.colour("line"))
        for box, values, name in zip(
            halves, (self._levels.heard, self._levels.played), self._colours, strict=True
        ):
            loud = self._loudness(values, pixels / step)
            reach = np.maximum(loud * (box.height() / 2 - gap), 0.5).tolist()
            middle, colour = box.center().y(), self._look.colour(name)
            for x, y in zip(xs, reach, strict=True):
                painter.fillRect(QRectF(x, middle - y, 1, 2 * y), colour)
        painter.end()

    def _loudness(self, values: tuple[float, ...], places: Columns) -> Columns:
        """What is drawn at each place, counted in columns since the stream began; nothing before that is known."""
        if not values:
            return np.zeros(len(places))
        known = np.arange(self._levels.moment - len(values), self._levels.moment)
        return np.minimum(np.interp(places, known, values, left=0.0), 1.0) ** BENT

    def _step(self, width: int) -> float:
        """Pixels from column to column; the head is at the right edge."""
        return width / (SECONDS / self._levels.seconds)

    def _restyle(self) -> None:
        self._strip = QPixmap()
        self.updateGeometry()
        self.update()


def _halves(width: float, height: float, gap: float) -> tuple[QRectF, QRectF]:
    """The boxes of both bands."""
    high = (height - gap) / 2
    return QRectF(0, 0, width, high), QRectF(0, high + gap, width, high)
