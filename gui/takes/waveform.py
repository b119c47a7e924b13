"""`WaveformView`: a waveform that takes hands: a click seeks, a drag chooses a range or a kept span, a wheel zooms.

Knows nothing of the session. All of it works from the keyboard: arrows move a mark, Shift+arrows stretch a range from
it, Return takes the range, Escape clears, plus and minus zoom.
"""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent

from gui.look.theme import Look
from gui.takes.waveform_drawing import Span, WaveformDrawing

CLICK = 4
"""Pixels that a press may move and still be a click."""


class WaveformView(WaveformDrawing):
    """One waveform.

    Signals:
        sought: a place was clicked, in seconds.
        range_chosen: a range was dragged over, start and end in seconds; None when it was cleared.
        spans_changed: the kept spans are others.
    """

    sought = pyqtSignal(float)
    range_chosen = pyqtSignal(object)
    spans_changed = pyqtSignal(object)

    def __init__(self, look: Look, name: str, height: int = 120) -> None:
        super().__init__(look, name, height)
        self._mark = 0.0
        self.keeping = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def mousePressEvent(self, a0: QMouseEvent | None) -> None:
        """Begins a click or a drag."""
        if a0 is not None and a0.button() == Qt.MouseButton.LeftButton and self._length:
            place = self._seconds(a0.position().x())
            self._drag = (place, place)

    def mouseMoveEvent(self, a0: QMouseEvent | None) -> None:
        """Stretches the drag."""
        if a0 is not None and self._drag is not None:
            self._drag = (self._drag[0], self._seconds(a0.position().x()))
            self.update()

    def mouseReleaseEvent(self, a0: QMouseEvent | None) -> None:
        """Takes what was clicked or dragged over."""
        if a0 is None or self._drag is None:
            return
        (start, end), self._drag = self._drag, None
        if abs(self._x(end) - self._x(start)) < CLICK:
            self._clicked(start)
        else:
            self.choose((min(start, end), max(start, end)))
        self.update()

    def mouseDoubleClickEvent(self, a0: QMouseEvent | None) -> None:
        """Clears the range."""
        if self._range is not None:
            self.show_range(None)
            self.range_chosen.emit(None)

    def wheelEvent(self, a0: QWheelEvent | None) -> None:
        """Zooms at the pointer; sideways it scrolls."""
        if a0 is None:
            return
        turn = a0.angleDelta()
        shift = a0.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if turn.x() or shift:
            self.move_view(-(turn.x() or turn.y()) / 120 * (self._end - self._start) / 8)
        else:
            self.zoom(0.8 ** (turn.y() / 120), self._seconds(a0.position().x()))
        a0.accept()

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:
        """Moves the mark, stretches a range, zooms."""
        if a0 is None:
            return
        key, step = a0.key(), (self._end - self._start) / 40
        shift = bool(a0.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._walk(-step if key == Qt.Key.Key_Left else step, stretch=shift)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._drag is not None:
            (start, end), self._drag = self._drag, None
            self.choose((min(start, end), max(start, end)))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(0.7, self._mark)
        elif key == Qt.Key.Key_Minus:
            self.zoom(1 / 0.7, self._mark)
        elif key == Qt.Key.Key_Escape and (self._drag or self._range or self._spans):
            self._clear()
        else:
            super().keyPressEvent(a0)

    def choose(self, span: Span) -> None:
        """Takes a range as if it were dragged over: a kept span, or the loop range."""
        span = (max(span[0], 0.0), min(span[1], self._length))
        if span[0] >= span[1]:
            return
        if self.keeping:
            self._spans = joined((*self._spans, span))
            self.spans_changed.emit(self._spans)
        else:
            self._range = span
            self.range_chosen.emit(span)
        self.update()

    def _clicked(self, place: float) -> None:
        hit = [span for span in self._spans if span[0] <= place <= span[1]]
        if self.keeping and hit:
            self._spans = tuple(span for span in self._spans if span not in hit)
            self.spans_changed.emit(self._spans)
        else:
            self._mark = place
            self.sought.emit(place)

    def _clear(self) -> None:
        self._drag = None
        if self.keeping:
            self._spans = ()
            self.spans_changed.emit(())
        else:
            self._range = None
            self.range_chosen.emit(None)
        self.update()

    def _walk(self, seconds: float, *, stretch: bool) -> None:
        before = self._mark
        self._mark = min(max(self._mark + seconds, 0.0), self._length)
        if stretch:
            self._drag = (self._drag[0] if self._drag else before, self._mark)
        else:
            self._drag = None
            self.sought.emit(self._mark)
        self.update()


def joined(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """Spans in order, those that overlap made one."""
    made: list[Span] = []
    for start, end in sorted(spans):
        if made and start <= made[-1][1]:
            made[-1] = (made[-1][0], max(made[-1][1], end))
        else:
            made.append((start, end))
    return tuple(made)
