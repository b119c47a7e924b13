"""A level meter: peak and RMS of each channel in dB, with a peak that holds.

Knows nothing of devices; whoever polls levels shows them here.
"""

from __future__ import annotations

import math
import time

from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from gui.look.theme import Look

FLOOR = -60.0
HOLD = 1.5
"""Seconds that a peak stays."""


def decibels(level: float) -> float:
    """Level in dBFS, not under the floor of the meter."""
    return max(20.0 * math.log10(level), FLOOR) if level > 0 else FLOOR


class LevelMeter(QWidget):
    """Bars for the channels, lying."""

    def __init__(self, look: Look, name: str, width: int = 150) -> None:
        super().__init__()
        self._look, self._name, self._width = look, name, width
        self._peak: tuple[float, ...] = ()
        self._rms: tuple[float, ...] = ()
        self._held: list[tuple[float, float]] = []
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        look.follow(self._restyle)

    def show_levels(self, peak: tuple[float, ...], rms: tuple[float, ...]) -> None:
        """Shows levels, 1.0 = full scale; repaints only when something moves."""
        now = time.monotonic()
        before = self._held if len(self._held) == len(peak) else [(0.0, 0.0)] * len(peak)
        held = [
            (level, now) if level >= old or now - since > HOLD else (old, since)
            for level, (old, since) in zip(peak, before, strict=True)
        ]
        if (peak, rms, held) == (self._peak, self._rms, self._held):
            return
        if not any(peak) and not any(self._peak) and not any(old for old, _ in self._held):
            return
        self._peak, self._rms, self._held = peak, rms, held
        self.update()

    def held(self) -> float:
        """The loudest peak held, in dBFS."""
        return max((decibels(level) for level, _ in self._held), default=FLOOR)

    def sizeHint(self) -> QSize:
        """Low and lying."""
        return QSize(self._look.px(self._width), self._look.px(16))

    def minimumSizeHint(self) -> QSize:
        """Half as wide, if need be."""
        return QSize(self._look.px(60), self._look.px(16))

    def paintEvent(self, a0: QPaintEvent | None) -> None:
        """Draws each channel: peak pale, RMS strong, the held peak a stroke; red above -0.1 dB."""
        look, painter = self._look, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        rows = max(len(self._peak), 2)
        gap = look.px(2)
        high = (self.height() - gap * (rows - 1)) / rows
        for row in range(rows):
            top = row * (high + gap)
            painter.setBrush(look.colour("raised"))
            painter.drawRoundedRect(QRectF(0, top, self.width(), high), 2, 2)
            if row >= len(self._peak):
                continue
            held, _ = self._held[row]
            for level, alpha in (
                (self._peak[row], 0.45),
                (self._rms[row] if row < len(self._rms) else 0.0, 1.0),
            ):
                painter.setBrush(look.colour("accent", alpha))
                painter.drawRoundedRect(QRectF(0, top, self._x(level), high), 2, 2)
            if held > 0:
                painter.setBrush(look.colour("error" if decibels(held) > -0.1 else "text"))
                painter.drawRect(QRectF(max(self._x(held) - 2, 0), top, 2, high))

    def _x(self, level: float) -> float:
        return (decibels(level) - FLOOR) / -FLOOR * self.width()

    def _restyle(self) -> None:
        self.updateGeometry()
        self.update()
