"""The fields that a hand turns: numbers, choices, sliders - as Qt's own, but for the wheel and for letters.

The wheel changes only what has the focus; over anything else it scrolls the column, and goes on to scroll it until the
pointer moves, whatever comes to lie under it. Letters and Space are the transport's, in numbers and closed lists too:
no number is written with them, and a closed list would change unseen. Knows nothing of what the fields mean.
"""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QPointF, Qt
from PyQt6.QtGui import QKeyEvent, QWheelEvent
from PyQt6.QtWidgets import QComboBox, QDoubleSpinBox, QSlider, QWidget


class Wheel:
    """Where the pointer was when the wheel last scrolled a column; while it rests there, the wheel only scrolls."""

    _rests: QPointF | None = None

    @classmethod
    def scrolled(cls, event: QWheelEvent) -> None:
        """A column was scrolled."""
        cls._rests = event.globalPosition()

    @classmethod
    def turns(cls, widget: QWidget, event: QWheelEvent) -> bool:
        """Whether it changes the value of a widget that it is turned over; if not, its column is scrolled."""
        if widget.hasFocus() and event.globalPosition() != cls._rests:
            return True
        event.ignore()
        return False


class NumberField(QDoubleSpinBox):
    """A number."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(
            Qt.FocusPolicy.StrongFocus
        )  # Qt's own takes the focus at a turn of the wheel.

    def wheelEvent(self, e: QWheelEvent | None) -> None:
        """Only with the focus."""
        if e is not None and Wheel.turns(self, e):
            super().wheelEvent(e)

    def event(self, event: QEvent | None) -> bool:
        """Leaves letters and Space to the window's keys."""
        asks = event is not None and event.type() == QEvent.Type.ShortcutOverride
        if asks and isinstance(event, QKeyEvent) and is_letter(event):
            event.ignore()
            return False
        return super().event(event)


class ChoiceBox(QComboBox):
    """A list to choose from; Return opens it, and letters search in it while it is open."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, e: QWheelEvent | None) -> None:
        """Only with the focus."""
        if e is not None and Wheel.turns(self, e):
            super().wheelEvent(e)

    def keyPressEvent(self, e: QKeyEvent | None) -> None:
        """Return opens it; a letter does not choose."""
        if e is not None and e.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.showPopup()
        elif e is not None and is_typed(e):
            e.ignore()
        else:
            super().keyPressEvent(e)


class Slider(QSlider):
    """A slider from left to right."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, e: QWheelEvent | None) -> None:
        """Only with the focus."""
        if e is not None and Wheel.turns(self, e):
            super().wheelEvent(e)


def is_typed(event: QKeyEvent) -> bool:
    """Whether a key writes something, with Shift or without, but with no other modifier."""
    plain = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
    return not event.modifiers() & ~plain and event.text().isprintable() and bool(event.text())


def is_letter(event: QKeyEvent) -> bool:
    """Whether that is a letter or Space."""
    return is_typed(event) and (event.text().isalpha() or event.key() == Qt.Key.Key_Space)
