"""`WaveformHands`: mouse and keys on a waveform: a click seeks, a drag chooses a range or a kept span, a wheel zooms.

A range snaps to the bars or beats that are drawn, the closer one looks the finer; with Ctrl it does not. Its ends can
be taken and moved. Knows the waveform; nothing of the session. All of it works from the keyboard: arrows move a mark
from line to line, Shift+arrows stretch a range from it, Return takes the range, Escape clears, plus and minus zoom.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PyQt6.QtCore import QEvent, QObject, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent

from gui.takes.waveform import Span, WaveformView

CLICK = 4
"""Pixels that a press may move and still be a click, and within which an end of the range is taken."""
FREE = Qt.KeyboardModifier.ControlModifier
"""Held (on macOS Command), a range does not snap to the grid."""


class WaveformHands(QObject):
    """What hands do on one waveform.

    Signals:
        sought: a place was clicked, in seconds.
        range_chosen: a range was dragged over, start and end in seconds; None when it was cleared.
        spans_changed: the kept spans are others.
    """

    sought = pyqtSignal(float)
    range_chosen = pyqtSignal(object)
    spans_changed = pyqtSignal(object)

    def __init__(self, wave: WaveformView) -> None:
        super().__init__(wave)
        self._wave = wave
        self._mark = 0.0
        self._from: float | None = None
        self._at = 0.0
        self.keeping = False
        """Whether a drag chooses a kept span, not a range to repeat."""
        self._answers: dict[QEvent.Type, Callable[[Any], bool]] = {
            QEvent.Type.MouseButtonPress: self._press,
            QEvent.Type.MouseMove: self._move,
            QEvent.Type.MouseButtonRelease: self._release,
            QEvent.Type.MouseButtonDblClick: self._double_click,
            QEvent.Type.Wheel: self._wheel,
            QEvent.Type.KeyPress: self._key,
        }
        wave.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        wave.installEventFilter(self)

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:
        """Takes the events that are its own; all others go on."""
        answer = self._answers.get(a1.type()) if a1 is not None else None
        return answer(a1) if answer is not None else False

    def choose(self, span: Span) -> None:
        """Takes a range as if it were dragged over: a kept span, or the loop range."""
        wave = self._wave
        span = (max(span[0], 0.0), min(span[1], wave.length))
        if span[0] >= span[1]:
            return
        if self.keeping:
            self._keep(joined((*wave.spans, span)))
        else:
            self._repeat(span)

    def _press(self, event: QMouseEvent) -> bool:
        if event.button() == Qt.MouseButton.LeftButton and self._wave.length:
            self._from = self._grasped(event.position().x())
            self._at = event.position().x()
        return True

    def _move(self, event: QMouseEvent) -> bool:
        if self._from is not None and abs(event.position().x() - self._at) >= CLICK:
            ends = sorted((self._from, self._wave.seconds_at(event.position().x())))
            self._wave.show_drag(self._in_time((ends[0], ends[1]), event))
        return True

    def _release(self, event: QMouseEvent) -> bool:
        drag, place, self._from = self._wave.drag, self._from, None
        if place is not None:
            self._wave.show_drag(None)
            if abs(event.position().x() - self._at) < CLICK or drag is None:
                self._click(self._wave.seconds_at(event.position().x()))
            else:
                self.choose(drag)
        return True

    def _grasped(self, x: float) -> float:
        """The place that a drag from a pixel goes out from: the far end of the range whose near end is taken there."""
        wave = self._wave
        span = None if self.keeping else wave.loop_range
        if span is not None:
            for near, far in (span, span[::-1]):
                if abs(wave.x_at(near) - x) <= CLICK:
                    return far
        return wave.seconds_at(x)

    def _in_time(self, span: Span, event: QMouseEvent) -> Span:
        """A span from line to line of the grid, at least one step of it; with Ctrl, as it is."""
        wave = self._wave
        if not wave.gridded or event.modifiers() & FREE:
            return span
        start, end = wave.line_at(span[0]), wave.line_at(span[1])
        if start == end:
            middle = sum(span) / 2
            return wave.line_after(middle, back=True), wave.line_after(middle)
        return start, end

    def _double_click(self, event: QMouseEvent) -> bool:
        if self._wave.loop_range is not None:
            self._repeat(None)
        return True

    def _wheel(self, event: QWheelEvent) -> bool:
        """Zooms at the pointer; sideways it scrolls."""
        start, end = self._wave.view()
        turn = event.angleDelta()
        if turn.x() or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._wave.move_view(-(turn.x() or turn.y()) / 120 * (end - start) / 8)
        else:
            self._wave.zoom(0.8 ** (turn.y() / 120), self._wave.seconds_at(event.position().x()))
        event.accept()
        return True

    def _key(self, event: QKeyEvent) -> bool:
        wave, key = self._wave, event.key()
        start, end = wave.view()
        step = (end - start) / 40
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            back, free = key == Qt.Key.Key_Left, bool(event.modifiers() & FREE)
            place = self._mark - step if back else self._mark + step
            if wave.gridded and not free:
                place = wave.line_after(self._mark, back=back)
            stretch = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._walk(place, stretch=stretch)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and wave.drag is not None:
            drag = wave.drag
            wave.show_drag(None)
            self.choose((min(drag), max(drag)))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            wave.zoom(0.7, self._mark)
        elif key == Qt.Key.Key_Minus:
            wave.zoom(1 / 0.7, self._mark)
        elif key == Qt.Key.Key_Escape and (wave.drag or wave.loop_range or wave.spans):
            self.clear()
        else:
            return False
        return True

    def _click(self, place: float) -> None:
        spans = self._wave.spans
        hit = [span for span in spans if span[0] <= place <= span[1]]
        if self.keeping and hit:
            self._keep(tuple(span for span in spans if span not in hit))
        else:
            self._mark = place
            self.sought.emit(place)

    def clear(self) -> None:
        """Takes the range or the kept spans away."""
        self._wave.show_drag(None)
        if self.keeping:
            self._keep(())
        else:
            self._repeat(None)

    def _walk(self, place: float, *, stretch: bool) -> None:
        before, drag = self._mark, self._wave.drag
        self._mark = min(max(place, 0.0), self._wave.length)
        if stretch:
            self._wave.show_drag((drag[0] if drag else before, self._mark))
        else:
            self._wave.show_drag(None)
            self.sought.emit(self._mark)

    def _keep(self, spans: tuple[Span, ...]) -> None:
        self._wave.show_spans(spans)
        self.spans_changed.emit(spans)

    def _repeat(self, span: Span | None) -> None:
        self._wave.show_range(span)
        self.range_chosen.emit(span)


def joined(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """Spans in order, those that overlap made one."""
    made: list[Span] = []
    for start, end in sorted(spans):
        if made and start <= made[-1][1]:
            made[-1] = (made[-1][0], max(made[-1][1], end))
        else:
            made.append((start, end))
    return tuple(made)
