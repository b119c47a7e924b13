"""`LeadSheetView`: what a take plays, over its waveform: the sections as a band, the chords as symbols.

Knows scores; nothing of the session. It shows the same seconds as the waveform below it. Symbols that have no room are
thinned out to those of every bar, every second bar, and so on, so that what is left is still a chart.
"""

# The stubs of the bindings leave slots and items unknown.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from PyQt6.QtCore import QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QFont, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from engine.composing.chord_symbols import symbol
from engine.composing.description import sharps
from engine.composing.score import Score, chord_of
from gui.look.as_typed import hint
from gui.look.theme import Look

Span = tuple[float, float]
BAND, SYMBOLS, GAP = 18, 20, 3
"""Heights in pixels at 100 %."""
STRIDES = (0, 1, 2, 4, 8, 16, 32, 64)
"""Bars between two symbols that are shown; 0 shows all."""
WORDS = 5
"""Pixels at 100 % between the edge of a section and its name."""


@dataclass(frozen=True, slots=True)
class Named:
    """A section or a chord: start and end in seconds, what it is called, its bar from 0, and its energy in 0..1."""

    start: float
    end: float
    name: str
    bar: float = 0.0
    energy: float = 0.0


def sections_of(score: Score) -> list[Named]:
    """The sections of a score."""
    return [
        Named(start, end, str(row["name"]), energy=min(max(float(row["energy"]), 0.0), 1.0))
        for row, start, end in _placed(score, score.sections)
    ]


def chords_of(score: Score) -> list[Named]:
    """The chords of a score, spelled as their key is; one that only goes on is not named again."""
    rows = [(chord_of(row), start, end) for row, start, end in _placed(score, score.chords)]
    sharp = sharps([(chord, end - start) for chord, start, end in rows if chord.intervals])
    bar_seconds = score.beats_per_bar * 60.0 / score.tempo
    made: list[Named] = []
    for chord, start, end in rows:
        name, bar = symbol(chord, sharp=sharp), start / bar_seconds
        if made and made[-1].name == name and abs(made[-1].end - start) < 1e-3:
            made[-1] = Named(made[-1].start, end, name, made[-1].bar)
        else:
            made.append(Named(start, end, name, bar))
    return made


def thinned(chords: Sequence[Named], room: float, widths: Sequence[float]) -> list[int]:
    """The chords whose symbols fit beside each other, by their places in the list.

    Args:
        chords: in order.
        room: pixels for a second.
        widths: pixels that each symbol needs with the space after it.
    """
    for stride in STRIDES:
        kept = [
            n for n, chord in enumerate(chords) if not stride or not _between(chord.bar, stride)
        ]
        free = -1e9
        for n in kept:
            if chords[n].start * room < free:
                break
            free = chords[n].start * room + widths[n]
        else:
            return kept
    return []


def _between(bar: float, stride: int) -> bool:
    """Whether a place in bars is not on a multiple of so many."""
    return abs(bar - round(bar / stride) * stride) > 1e-3


def _placed(score: Score, rows: Any) -> Iterator[tuple[Any, float, float]]:
    """Rows of a score with where they start and end, in seconds."""
    beat = 60.0 / score.tempo
    for row in rows:
        start = float(row["start"]) * beat
        yield row, start, start + float(row["beats"]) * beat


class LeadSheetView(QWidget):
    """The lead sheet.

    Signals:
        section_chosen: a section was clicked; its span in seconds.
        sought: a chord was clicked; where it begins, in seconds.
    """

    section_chosen = pyqtSignal(object)
    sought = pyqtSignal(float)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._view: Span = (0.0, 1.0)
        self._length = 0.0
        self._now: tuple[int, int] = (-1, -1)
        self._wanted = True
        self.has_notes = False
        self.sections: list[Named] = []
        self.chords: list[Named] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Lead sheet"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        look.follow(self._restyle)
        self.hide()

    def want(self, on: bool) -> None:
        """Shows it where there is something to show, or hides it."""
        self._wanted = on
        self.setVisible(on and not self.empty())

    def show_score(self, score: Score | None, about: str, length: float) -> None:
        """Shows a score as far as its take goes, `length` seconds; `about` says in a line where it comes from."""
        self._length = length
        self.sections = [s for s in sections_of(score) if s.start < length] if score else []
        self.chords = [c for c in chords_of(score) if c.start < length] if score else []
        self._now = (-1, -1)
        self.setToolTip(hint(about))
        self.setAccessibleDescription(about)
        self.has_notes = score is not None and len(score.notes) > 0
        self.want(self._wanted)
        self.update()

    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.sections or self.chords)

    def show_view(self, start: float, end: float) -> None:
        """Shows these seconds."""
        self._view = (start, end)
        self.update()

    def show_playhead(self, seconds: float | None) -> None:
        """Marks the section and the chord that sound now; draws only when they are others."""
        now = (_at(self.sections, seconds), _at(self.chords, seconds))
        if now != self._now:
            self._now = now
            self.update()

    def shown_symbols(self) -> list[str]:
        """The chord symbols that have room in the present view."""
        return [self.chords[n].name for n in self._fitting(self._metrics(strong=True))]

    def sizeHint(self) -> QSize:
        """Band and symbols, each as high as its font."""
        return QSize(self._look.px(200), sum(self._heights()) + self._look.px(GAP))

    def minimumSizeHint(self) -> QSize:
        """The same height."""
        return QSize(self._look.px(80), self.sizeHint().height())

    def mouseReleaseEvent(self, a0: QMouseEvent | None) -> None:
        """A click on a section chooses it, one on a chord goes there."""
        if a0 is None or a0.button() != Qt.MouseButton.LeftButton:
            return
        start, end = self._view
        seconds = start + a0.position().x() / max(self.width(), 1) * (end - start)
        in_band = a0.position().y() <= self._heights()[0]
        section, chord = _at(self.sections, seconds), _at(self.chords, seconds)
        if in_band and section >= 0:
            span = self.sections[section]
            self.section_chosen.emit((span.start, min(span.end, self._length)))
        elif not in_band and chord >= 0:
            self.sought.emit(self.chords[chord].start)

    def paintEvent(self, a0: QPaintEvent | None) -> None:
        """Band and symbols."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_sections(painter)
        self._paint_chords(painter)

    def _paint_sections(self, painter: QPainter) -> None:
        look, high = self._look, self._heights()[0]
        painter.setFont(self._font())
        for number, section in enumerate(self.sections):
            left, right = self._x(section.start), self._x(min(section.end, self._length))
            if right < 0 or left > self.width():
                continue
            box = QRectF(left, 0, right - left, high).adjusted(0.5, 0, -1.0, 0)
            now = number == self._now[0]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.colour("accent", 0.10 + 0.22 * section.energy))
            painter.drawRoundedRect(box, look.px(4), look.px(4))
            painter.setPen(look.colour("accent" if now else "text"))
            room = box.intersected(QRectF(self.rect())).adjusted(look.px(WORDS), 0, -look.px(2), 0)
            name = section.name.capitalize()
            cut = painter.fontMetrics().elidedText(
                name, Qt.TextElideMode.ElideRight, int(room.width())
            )
            if len(cut) > 1:
                painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, cut)

    def _paint_chords(self, painter: QPainter) -> None:
        look, (top, high) = self._look, self._heights()
        top += look.px(GAP)
        for number in self._fitting(self._metrics(strong=True)):
            chord = self.chords[number]
            x = self._x(chord.start)
            now = number == self._now[1]
            painter.setFont(self._font(strong=True))
            painter.setPen(look.colour("accent" if now else "text"))
            box = QRectF(x + look.px(4), top, self.width(), high)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, chord.name)
            painter.fillRect(QRectF(x, top, 1, high), look.colour("edge", 0.5))

    def _fitting(self, metrics: QFontMetricsF) -> list[int]:
        """The chords in view whose symbols have room."""
        start, end = self._view
        widths = [
            metrics.horizontalAdvance(chord.name) + self._look.px(12) for chord in self.chords
        ]
        fitting = thinned(self.chords, self.width() / max(end - start, 1e-9), widths)
        return [n for n in fitting if start - 1e-6 <= self.chords[n].start < end]

    def _x(self, seconds: float) -> float:
        start, end = self._view
        return (seconds - start) / max(end - start, 1e-9) * self.width()

    def _heights(self) -> tuple[int, int]:
        """Of the band and of the symbols."""
        least = round(self._metrics().height()) + 2, round(self._metrics(strong=True).height())
        return max(self._look.px(BAND), least[0]), max(self._look.px(SYMBOLS), least[1])

    def _font(self, *, strong: bool = False) -> QFont:
        return self._look.font("body" if strong else "tiny", strong=True)

    def _metrics(self, *, strong: bool = False) -> QFontMetricsF:
        return QFontMetricsF(self._font(strong=strong))

    def _restyle(self) -> None:
        self.updateGeometry()
        self.update()


def _at(named: Sequence[Named], seconds: float | None) -> int:
    """The place in the list of what sounds at a time, -1 if nothing does."""
    if seconds is None:
        return -1
    number = bisect_right(named, seconds, key=lambda each: each.start) - 1
    return number if number >= 0 and seconds < named[number].end else -1
