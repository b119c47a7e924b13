"""What holds other widgets: cards, folds, and areas that scroll when they run out of room.

Knows nothing of the session. Sizes come from what is inside, so that any font fits.
"""

# The stubs of the bindings leave slots and items unknown.
# pyright: reportUnknownLambdaType=false, reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QEvent, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QResizeEvent, QWheelEvent
from PyQt6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from gui.look.elided import ElidedButton
from gui.look.fields import Wheel
from gui.look.theme import Look

LEAST_LINES = 8
"""Lines of text that what scrolls shows at least."""


def line() -> QFrame:
    """A hairline between two groups."""
    made = QFrame()
    made.setProperty("role", "line")
    return made


class Scrolled(QScrollArea):
    """A scroll area that scrolls vertically only, so it is never narrower than the widget inside can be.

    Args:
        inside: the widget.
        lines: its size hint is the height of that widget, but at most this many lines of text.
    """

    def __init__(self, inside: QWidget, lines: int = 24) -> None:
        super().__init__()
        self._lines = lines
        self.setWidget(inside)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def sizeHint(self) -> QSize:
        """What the widget asks for, up to the limit of lines."""
        return self._room(lambda inside: inside.sizeHint(), self._lines)

    def minimumSizeHint(self) -> QSize:
        """The whole width and a few lines."""
        return self._room(lambda inside: inside.minimumSizeHint(), LEAST_LINES)

    def wheelEvent(self, a0: QWheelEvent | None) -> None:
        """Scrolls, and remembers it for the fields inside."""
        super().wheelEvent(a0)
        if a0 is not None:
            Wheel.scrolled(a0)

    def height_for(self, width: int) -> int:
        """The height at which nothing needs to scroll at a given width."""
        inside = self.widget()
        return inside.heightForWidth(width) if inside is not None else 0

    def event(self, a0: QEvent | None) -> bool:
        """Passes a changed size hint of the widget on to its own parent."""
        if a0 is not None and a0.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().event(a0)

    def _room(self, wanted: Callable[[QWidget], QSize], lines: int) -> QSize:
        inside, bar = self.widget(), self.verticalScrollBar()
        if inside is None or bar is None:
            return QSize()
        size, most = wanted(inside), lines * self.fontMetrics().lineSpacing()
        return QSize(size.width() + bar.sizeHint().width(), min(size.height(), most))


def bring_into_view(widget: QWidget) -> None:
    """Scrolls every area around a widget until it is seen, from the innermost outwards."""
    around = widget.parentWidget()
    while around is not None:
        if isinstance(around, QScrollArea):
            around.ensureWidgetVisible(widget)
        around = around.parentWidget()


class Pane(QFrame):
    """A widget whose rows may wrap: its minimum height is what they need at its present width.

    A splitter asks for the minimum height before it sets the width, so the hint is updated whenever the width changes.
    """

    def minimumSizeHint(self) -> QSize:
        """What its layout needs."""
        layout = self.layout()
        if layout is None:
            return super().minimumSizeHint()
        size = layout.totalMinimumSize()
        if layout.hasHeightForWidth():
            around = self.contentsMargins()
            inner = max(self.width(), size.width()) - around.left() - around.right()
            high = layout.minimumHeightForWidth(inner) + around.top() + around.bottom()
            size.setHeight(max(size.height(), high))
        return size

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        """Updates the hint when the width has changed."""
        super().resizeEvent(a0)
        if a0 is not None and a0.size().width() != a0.oldSize().width():
            self.updateGeometry()


class Card(Pane):
    """A raised background with a vertical layout, `body`."""

    def __init__(
        self, look: Look, margins: tuple[int, int, int, int] = (16, 14, 16, 14), gap: int = 10
    ) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.body = look.pad(QVBoxLayout(self), margins, gap)


class Fold(QWidget):
    """A heading that shows and hides the `body` below it."""

    toggled = pyqtSignal(bool)

    def __init__(self, look: Look, title: str, *, opened: bool = False) -> None:
        super().__init__()
        self.heading = ElidedButton(look, title, "chevron-right", "fold", "muted")
        self.heading.setCheckable(True)
        self._inside = QWidget()
        self.body = look.pad(QVBoxLayout(self._inside), (4, 2, 4, 8), 10)
        column = look.pad(QVBoxLayout(self), gap=2)
        column.addWidget(self.heading)
        column.addWidget(self._inside)
        self.heading.toggled.connect(self._turn)
        self.heading.setChecked(opened)
        self._inside.setVisible(opened)

    def is_open(self) -> bool:
        """Whether its body is shown."""
        return self.heading.isChecked()

    def open(self, on: bool = True) -> None:
        """Shows or hides its body."""
        self.heading.setChecked(on)

    def _turn(self, on: bool) -> None:
        self._inside.setVisible(on)
        self.heading.show_text(
            self.heading.accessibleName(), "chevron-down" if on else "chevron-right"
        )
        self.toggled.emit(on)
