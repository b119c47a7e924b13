"""The small widgets that all panels share: labels, icon buttons, switches, segments, lamps.

Knows nothing of the session. Every control takes its accessible name where it is made, so that none is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QObject, QRectF, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QPainter, QPaintEvent
from PyQt6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from gui.look.as_typed import TypedButton, hint
from gui.look.flow_layout import FlowLayout
from gui.look.theme import Look


def set_role(widget: QWidget, role: str) -> QWidget:
    """Says what a widget is; the style sheet draws it so."""
    widget.setProperty("role", role)
    restyle(widget)
    return widget


def restyle(widget: QWidget) -> None:
    """Applies the style sheet again, after a property that it selects by has changed."""
    style = widget.style()
    if style is not None:
        style.unpolish(widget)
        style.polish(widget)
    widget.update()


def later(owner: QObject, do: Callable[[], object], milliseconds: int = 0) -> None:
    """Calls `do` once the pending events are handled; never after its owner is deleted."""
    timer = QTimer(owner)
    timer.setSingleShot(True)
    timer.timeout.connect(do)
    timer.timeout.connect(timer.deleteLater)
    timer.start(milliseconds)


def label(text: str, role: str = "", *, wrap: bool = False) -> QLabel:
    """A text in one of the roles of the style sheet."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    if role:
        made.setProperty("role", role)
    return made


def text_field(name: str, placeholder: str = "") -> QLineEdit:
    """A one-line field; its placeholder is also its tooltip, in case there is no room for all of it."""
    made = QLineEdit()
    made.setAccessibleName(name)
    show_placeholder(made, placeholder)
    return made


def show_placeholder(field: QLineEdit, text: str) -> None:
    """Sets the placeholder of a field, and its tooltip."""
    field.setPlaceholderText(text)
    field.setToolTip(hint(text))


def side_by_side(look: Look, *widgets: QWidget) -> QHBoxLayout:
    """Widgets that stay on one line."""
    made = look.pad(QHBoxLayout(), gap=6)
    for widget in widgets:
        made.addWidget(widget)
    return made


def row(look: Look, caption: QWidget, *controls: QWidget) -> FlowLayout:
    """A caption on the left and controls on the right, or below it where there is no room."""
    made = look.pad(FlowLayout(), gap=8)
    made.addWidget(caption)
    made.addStretch()
    for control in controls:
        made.addWidget(control)
    return made


class Figure(QLabel):
    """A label for figures that change: it keeps room for the widest, so that nothing beside it moves."""

    def __init__(self, text: str, widest: str, role: str = "") -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._widest = widest
        if role:
            self.setProperty("role", role)

    def sizeHint(self) -> QSize:
        """Room for the widest text."""
        return super().sizeHint().expandedTo(QSize(self._room(), 0))

    def minimumSizeHint(self) -> QSize:
        """The same."""
        return super().minimumSizeHint().expandedTo(QSize(self._room(), 0))

    def _room(self) -> int:
        margins = self.contentsMargins()
        return self.fontMetrics().horizontalAdvance(self._widest) + margins.left() + margins.right()


class IconButton(QToolButton):
    """A button that is an icon; its name is tooltip and accessible name."""

    def __init__(
        self, look: Look, icon: str, name: str, role: str = "plain", colour: str = "text"
    ) -> None:
        super().__init__()
        self._look, self._icon, self._colour = look, icon, colour
        self.setProperty("role", role)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.rename(name)
        look.follow(self._restyle)

    def rename(self, name: str, keys: str = "") -> None:
        """Says what the button does (now), and which keys do it too."""
        self.setToolTip(hint(f"{name}  ({keys})" if keys else name))
        self.setAccessibleName(name)

    def set_icon(self, icon: str, colour: str = "text") -> None:
        """Shows another icon."""
        if (icon, colour) != (self._icon, self._colour):
            self._icon, self._colour = icon, colour
            self._restyle()

    def _restyle(self) -> None:
        self.setIcon(self._look.icon(self._icon, self._colour))
        self.setIconSize(self._look.icon_size())


class Button(TypedButton):
    """A button with a text and, if need be, an icon before it."""

    def __init__(
        self, look: Look, text: str, icon: str = "", role: str = "", colour: str = "text"
    ) -> None:
        # Qt draws the text close to the icon; a space keeps them apart at every scale.
        super().__init__(f" {text}" if icon else text)
        self._look, self._icon, self._colour = look, icon, colour
        if role:
            self.setProperty("role", role)
        self.setAccessibleName(text)
        look.follow(self._restyle)

    def show_text(self, text: str, icon: str | None = None, colour: str = "") -> None:
        """Says what it does now."""
        self._icon, self._colour = self._icon if icon is None else icon, colour or self._colour
        self.setText(f" {text}" if self._icon else text)
        self.setAccessibleName(text)
        self._restyle()

    def _restyle(self) -> None:
        if self._icon:
            self.setIcon(self._look.icon(self._icon, self._colour))
            self.setIconSize(self._look.icon_size())


class Switch(QAbstractButton):
    """An on-off switch with its text beside it."""

    def __init__(self, look: Look, text: str) -> None:
        super().__init__()
        self._look = look
        self.setCheckable(True)
        self.setText(text)
        self.setAccessibleName(text)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        look.follow(self._restyle)

    def sizeHint(self) -> QSize:
        """Room for the switch and its text."""
        width = self.fontMetrics().horizontalAdvance(self.text())
        gap = 8 if self.text() else 0
        return QSize(
            self._look.px(36 + gap) + width, max(self._look.px(24), self.fontMetrics().height())
        )

    def minimumSizeHint(self) -> QSize:
        """The same: a switch is never cut."""
        return self.sizeHint()

    def paintEvent(self, e: QPaintEvent | None) -> None:
        """Draws track, knob, text and the ring of focus."""
        look, painter = self._look, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        high, wide = look.px(18), look.px(32)
        track = QRectF(look.px(2), (self.height() - high) / 2, wide, high)
        if self.hasFocus():
            painter.setPen(look.colour("accent"))
            painter.drawRoundedRect(
                track.adjusted(-1.5, -1.5, 1.5, 1.5), high / 2 + 2, high / 2 + 2
            )
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setOpacity(1.0 if self.isEnabled() else 0.5)
        painter.setBrush(look.colour("accent" if self.isChecked() else "edge"))
        painter.drawRoundedRect(track, high / 2, high / 2)
        painter.setBrush(look.colour("on_accent" if self.isChecked() else "window"))
        knob = high - look.px(6)
        left = track.right() - knob - look.px(3) if self.isChecked() else track.left() + look.px(3)
        painter.drawEllipse(QRectF(left, track.top() + look.px(3), knob, knob))
        painter.setPen(look.colour("text"))
        box = QRectF(wide + look.px(10), 0, self.width() - wide - look.px(10), self.height())
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, self.text())

    def _restyle(self) -> None:
        self.setFont(self._look.font())
        self.updateGeometry()
        self.update()


class Segments(QFrame):
    """A few options side by side, one of them chosen; arrow keys move between them."""

    chosen = pyqtSignal(str)

    def __init__(self, look: Look, name: str, options: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.setProperty("role", "segments")
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Minimum)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QPushButton] = {}
        row = look.pad(FlowLayout(self), (2, 2, 2, 2), 2)
        for key, text in options:
            button = TypedButton(text)
            button.setProperty("role", "segment")
            button.setCheckable(True)
            button.setAccessibleName(f"{name}: {text}")
            self._group.addButton(button)
            self._buttons[key] = button
            row.addWidget(button)
        self._buttons[options[0][0]].setChecked(True)
        self._group.buttonClicked.connect(lambda _: self.chosen.emit(self.value()))

    def value(self) -> str:
        """The key of what is chosen."""
        return next(key for key, button in self._buttons.items() if button.isChecked())

    def show_value(self, key: str) -> None:
        """Chooses without telling."""
        self._buttons[key].setChecked(True)

    def button(self, key: str) -> QPushButton:
        """One of its buttons."""
        return self._buttons[key]


class Lamp(QWidget):
    """A small light: off, on, warning or error; its accessible name says the same in words."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look, self._state = look, "off"
        look.follow(self._restyle)

    def show_state(self, state: str, words: str) -> None:
        """Shows a state of off, on, warning, error, and its words as tooltip."""
        self._state = state
        self.setToolTip(hint(words))
        self.setAccessibleName(words)
        self.update()

    def paintEvent(self, a0: QPaintEvent | None) -> None:
        """Draws the light."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = {"on": "accent", "warning": "warning", "error": "error"}.get(self._state, "edge")
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._look.colour(colour))
        size = self._look.px(8)
        painter.drawEllipse(
            QRectF((self.width() - size) / 2, (self.height() - size) / 2, size, size)
        )

    def _restyle(self) -> None:
        self.setFixedSize(self._look.px(12), self._look.px(16))
        self.update()
