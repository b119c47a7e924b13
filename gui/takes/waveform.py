"""`WaveformView`: what a waveform shows - sound, grid of bars, range, kept spans, playhead - and which part of it.

Knows `peaks`; nothing of the session and of hands (`waveform_hands.py`). The wave is drawn once into two pictures,
still to come and played; moving the playhead repaints only the strip between.
"""

from __future__ import annotations

import math

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QPainter, QPaintEvent, QPen, QPixmap, QPolygonF, QResizeEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from gui.look.theme import Look
from gui.takes.peaks import Peaks
from gui.takes.ruling import Line, Ruling

Span = tuple[float, float]
NEAREST = 0.05
"""Seconds across the whole view at the closest zoom."""
RULED = 100
"""Pixels at 100 % from which a waveform has numbers above it."""


class WaveformView(QWidget):
    """One drawn waveform; `view_changed` tells when other seconds are in view, `range_shown` which range there is."""

    view_changed = pyqtSignal(float, float)
    range_shown = pyqtSignal(object)

    def __init__(self, look: Look, name: str, height: int = 120) -> None:
        super().__init__()
        self._look, self._height = look, height
        self._peaks: Peaks | None = None
        self._length = 0.0
        self._start, self._end = 0.0, 1.0
        self._playhead: float | None = None
        self._range: Span | None = None
        self._drag: Span | None = None
        self._spans: tuple[Span, ...] = ()
        self._new: tuple[Span, ...] = ()
        self._ruling = Ruling()
        self._progress: float | None = None
        self._pictures: tuple[QPixmap, QPixmap] | None = None
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        look.follow(self._restyle)

    # --- what is shown ---

    def show_peaks(self, peaks: Peaks | None, length: float | None = None) -> None:
        """Shows a waveform; `length` in seconds when more of it is still to come."""
        fresh = self._peaks is None or peaks is None or length is None or length != self._length
        self._peaks = peaks
        self._length = length if length is not None else (peaks.seconds if peaks else 0.0)
        if fresh:
            self._start, self._end = 0.0, max(self._length, NEAREST)
            self.view_changed.emit(self._start, self._end)
        self._redraw()

    def show_playhead(self, seconds: float | None, *, moving: bool = False) -> None:
        """Moves the playhead; None hides it. Repaints only the strip between the two places.

        One that is `moving` takes the view with it when it leaves it.
        """
        if seconds == self._playhead:
            return
        seen = moving and self._in_view(self._playhead)
        if seen and seconds is not None and not self._in_view(seconds):
            self._look_at(seconds, self._end - self._start)
        places = [self.x_at(place) for place in (self._playhead, seconds) if place is not None]
        if len(places) == 2:
            self.update(int(min(places)) - 3, 0, int(max(places) - min(places)) + 7, self.height())
        else:
            self.update()
        self._playhead = seconds

    def show_range(self, span: Span | None) -> None:
        """Shows the loop range."""
        self._range = span
        self.range_shown.emit(span)
        self.update()

    def show_spans(self, spans: tuple[Span, ...]) -> None:
        """Shows the kept spans."""
        self._spans = spans
        self.update()

    def show_new(self, spans: tuple[Span, ...]) -> None:
        """Marks what was made anew in a take that keeps a recording: a line where it joins, a strip along it."""
        self._new = spans
        self.update()

    def show_drag(self, span: Span | None) -> None:
        """Shows the range that is being dragged over, from where it began to where it is now."""
        self._drag = span
        self.update()

    def show_grid(self, tempo: float | None, beats_per_bar: int = 4) -> None:
        """Draws bars and beats at a tempo in BPM; None draws none."""
        self._ruling = Ruling(tempo or None, beats_per_bar)
        self._redraw()

    def show_progress(self, fraction: float | None) -> None:
        """Fills the background while there is no sound yet."""
        self._progress = fraction
        self.update()

    @property
    def length(self) -> float:
        """Seconds of what is shown."""
        return self._length

    @property
    def spans(self) -> tuple[Span, ...]:
        """The kept spans."""
        return self._spans

    @property
    def loop_range(self) -> Span | None:
        """The range that is repeated."""
        return self._range

    @property
    def drag(self) -> Span | None:
        """The range that is being dragged over."""
        return self._drag

    @property
    def playhead(self) -> float | None:
        """Where the playhead is, in seconds."""
        return self._playhead

    @property
    def new(self) -> tuple[Span, ...]:
        """What was made anew."""
        return self._new

    def view(self) -> Span:
        """The seconds in view."""
        return self._start, self._end

    # --- zoom ---

    def zoom(self, factor: float, around: float | None = None) -> None:
        """Shows `factor` times as much time, around a place in seconds."""
        middle = around if around is not None else self._playhead or (self._start + self._end) / 2
        width = min(max((self._end - self._start) * factor, NEAREST), max(self._length, NEAREST))
        share = (middle - self._start) / max(self._end - self._start, 1e-9)
        self._look_at(middle - share * width, width)

    def move_view(self, seconds: float) -> None:
        """Moves the view."""
        self._look_at(self._start + seconds, self._end - self._start)

    def zoom_out(self) -> None:
        """Shows all of it."""
        self._look_at(0.0, max(self._length, NEAREST))

    def zoom_to_range(self) -> None:
        """Shows the range, with a little around it."""
        if self._range is not None:
            around = (self._range[1] - self._range[0]) / 10
            self._look_at(self._range[0] - around, self._range[1] - self._range[0] + 2 * around)

    def _look_at(self, start: float, width: float) -> None:
        width = min(max(width, NEAREST), max(self._length, NEAREST))
        start = min(max(start, 0.0), max(self._length - width, 0.0))
        if (start, start + width) != (self._start, self._end):
            self._start, self._end = start, start + width
            self.view_changed.emit(self._start, self._end)
            self._redraw()

    # --- places ---

    def x_at(self, seconds: float) -> float:
        """The pixel of a place in seconds."""
        return (seconds - self._start) / max(self._end - self._start, 1e-9) * self.width()

    def seconds_at(self, x: float) -> float:
        """The place at a pixel, within the sound."""
        place = self._start + x / max(self.width(), 1) * (self._end - self._start)
        return min(max(place, 0.0), self._length)

    def line_at(self, seconds: float) -> float:
        """The nearest of the bars or beats that are drawn, and of the ends; the place itself without a tempo."""
        return (
            min(self._places(), key=lambda line: abs(line - seconds)) if self.gridded else seconds
        )

    def line_after(self, seconds: float, *, back: bool = False) -> float:
        """The next of them after a place, or the one before it."""
        lines = self._places()
        if back:
            return max((line for line in lines if line < seconds - 1e-6), default=seconds)
        return min((line for line in lines if line > seconds + 1e-6), default=seconds)

    def last_bar(self) -> float:
        """Where the last bar begins."""
        return max(math.ceil(self._length / self._ruling.bar - 1e-6) - 1, 0) * self._ruling.bar

    @property
    def gridded(self) -> bool:
        """Whether bars and beats are drawn."""
        return self._ruling.tempo is not None

    def _places(self) -> list[float]:
        return [0.0, *(line for line, _, _ in self._lines()), self._length]

    def _in_view(self, seconds: float | None) -> bool:
        return seconds is not None and self._start <= seconds <= self._end

    # --- drawing ---

    def sizeHint(self) -> QSize:
        """Wide, and as high as it was asked to be."""
        return QSize(self._look.px(400), self._look.px(self._height))

    def minimumSizeHint(self) -> QSize:
        """Never too low to see."""
        return QSize(self._look.px(80), self._look.px(min(self._height, 56)))

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        """Draws anew."""
        self._redraw()

    def paintEvent(self, a0: QPaintEvent | None) -> None:
        """Ground and progress, waves, spans, range, playhead."""
        if self._pictures is None:
            self._pictures = (self._wave("wave"), self._wave("accent"))
        ahead, played = self._pictures
        painter = QPainter(self)
        if self._progress is not None:
            done = QRectF(0, 0, self.width() * self._progress, self.height())
            painter.fillRect(done, self._look.colour("accent_soft", 0.6))
        self._paint_spans(painter)
        painter.drawPixmap(0, 0, ahead)
        if self._playhead is not None:
            x = self.x_at(self._playhead)
            painter.save()
            painter.setClipRect(QRectF(0, 0, x, self.height()))
            painter.drawPixmap(0, 0, played)
            painter.restore()
            painter.fillRect(QRectF(x - 0.75, 0, 1.5, self.height()), self._look.colour("text"))
        if self.hasFocus():
            painter.setPen(self._look.colour("accent"))
            painter.drawRoundedRect(
                self.rect().adjusted(0, 0, -1, -1), self._look.px(4), self._look.px(4)
            )

    def _paint_spans(self, painter: QPainter) -> None:
        look = self._look
        for start, end in self._spans:
            box = QRectF(self.x_at(start), 0, self.x_at(end) - self.x_at(start), self.height())
            painter.fillRect(box, look.colour("accent_soft"))
            painter.setPen(look.colour("accent"))
            painter.setFont(look.font("small", strong=True))
            painter.drawText(box.adjusted(look.px(5), look.px(2), 0, 0), self.tr("kept"))
        for start, end in self._new:
            left, right = self.x_at(start), self.x_at(end)
            strip = QRectF(left, self.height() - look.px(3), right - left, look.px(3))
            painter.fillRect(strip, look.colour("accent"))
            painter.setPen(QPen(look.colour("accent"), 1, Qt.PenStyle.DashLine))
            for edge in (start, end):
                if 0 < edge < self._length:
                    painter.drawLine(
                        QPointF(self.x_at(edge), 0), QPointF(self.x_at(edge), self.height())
                    )
        shown = (min(self._drag), max(self._drag)) if self._drag else self._range
        if shown is not None:
            left, right = self.x_at(shown[0]), self.x_at(shown[1])
            painter.fillRect(
                QRectF(left, 0, right - left, self.height()), look.colour("accent", 0.16)
            )
            for edge in (left, right):
                painter.fillRect(QRectF(edge - 1, 0, 2, self.height()), look.colour("accent"))

    def _wave(self, colour: str) -> QPixmap:
        """The wave in one colour on a transparent ground, over the grid of bars or seconds."""
        ratio = self.devicePixelRatioF()
        picture = QPixmap(max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio)))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if colour == "wave":
            self._draw_lines(painter)
        middle = (self.height() + self._ruler()) / 2
        painter.fillRect(QRectF(0, middle, self.width(), 1), self._look.colour("edge", 0.6))
        if self._peaks is not None and len(self._peaks.low):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._look.colour(colour))
            painter.drawPolygon(self._outline(self._peaks, round(self.width() * ratio)))
        painter.end()
        return picture

    def _outline(self, peaks: Peaks, columns: int) -> QPolygonF:
        low, high = peaks.columns(self._start, self._end, columns)
        drawn = np.flatnonzero((high != 0) | (low != 0))
        last = int(drawn[-1]) + 1 if len(drawn) else 0
        middle = (self.height() + self._ruler()) / 2
        reach = (self.height() - self._ruler()) / 2 - self._look.px(4)
        xs = (np.arange(last) + 0.5) * self.width() / max(columns, 1)
        top = middle - np.clip(high[:last], 0, 1) * reach - 0.5
        bottom = middle - np.clip(low[:last], -1, 0) * reach + 0.5
        points = [QPointF(x, y) for x, y in zip(xs, top, strict=True)]
        points += [QPointF(x, y) for x, y in zip(xs[::-1], bottom[::-1], strict=True)]
        return QPolygonF(points)

    def _ruler(self) -> int:
        """The height of the numbers above the wave; a low waveform has none."""
        return self._look.px(16) if self._height >= RULED and self._length else 0

    def _draw_lines(self, painter: QPainter) -> None:
        """Bars and beats, or seconds where no tempo is known, with the numbers of those that have room."""
        look, free = self._look, 0.0
        painter.setFont(look.font("tiny"))
        for seconds, strong, words in self._lines():
            x = self.x_at(seconds)
            line = look.colour("edge", 0.32 if strong else 0.16)
            painter.fillRect(QRectF(x, 0, 1, self.height()), line)
            box = QRectF(x + look.px(4), 0, look.px(48), self._ruler())
            if self._ruler() and words and free <= x < self.width() - look.px(20):
                painter.setPen(look.colour("muted"))
                painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, words)
                free = x + painter.fontMetrics().horizontalAdvance(words) + look.px(14)

    def _lines(self) -> list[Line]:
        """The lines in view."""
        a_second = self.width() / max(self._end - self._start, 1e-9)
        least = self._look.px(14), self._look.px(60)
        return self._ruling.lines(self._start, min(self._end, self._length), a_second, least)

    def _redraw(self) -> None:
        self._pictures = None
        self.update()

    def _restyle(self) -> None:
        self.updateGeometry()
        self._redraw()
