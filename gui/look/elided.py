"""Texts that end in '…' where there is no more room: a label and a button.

The whole text is then the tooltip; screen readers always get the whole.
"""

# The stubs of the bindings leave slots and items unknown.
# pyright: reportUnknownLambdaType=false, reportUnknownMemberType=false

from __future__ import annotations

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QLabel, QSizePolicy

from gui.look.as_typed import hint
from gui.look.controls import Button
from gui.look.theme import Look


class Elided(QLabel):
    """A label of one line that ends in '…' where there is no more room; the whole text is its tooltip."""

    def __init__(self, text: str = "", role: str = "") -> None:
        super().__init__()
        self._whole = ""
        if role:
            self.setProperty("role", role)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.show_text(text)

    def show_text(self, text: str) -> None:
        """Shows another text."""
        self._whole = " ".join(text.split())
        self.setAccessibleName(self._whole)
        self._elide()

    def text_whole(self) -> str:
        """The text before eliding."""
        return self._whole

    def minimumSizeHint(self) -> QSize:
        """One line high; it can shrink to nothing in width."""
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        """Elides again."""
        super().resizeEvent(a0)
        self._elide()

    def _elide(self) -> None:
        cut = self.fontMetrics().elidedText(
            self._whole, Qt.TextElideMode.ElideRight, max(self.width(), 1)
        )
        super().setText(cut)
        self.setToolTip(hint(self._whole) if cut != self._whole else "")


class ElidedButton(Button):
    """A button whose text ends in '…' where there is no more room; the whole text is then its tooltip."""

    def __init__(
        self, look: Look, text: str, icon: str = "", role: str = "", colour: str = "text"
    ) -> None:
        self._whole, self._hint = f" {text}" if icon else text, ""
        super().__init__(look, text, icon, role, colour)

    def say(self, hint: str) -> None:
        """Sets the tooltip for as long as the text is not elided."""
        self._hint = hint
        self._elide()

    def show_text(self, text: str, icon: str | None = None, colour: str = "") -> None:
        """Says what it does now."""
        self._whole = f" {text}" if icon or (icon is None and self._icon) else text
        super().show_text(text, icon, colour)
        self._elide()

    def text_whole(self) -> str:
        """The text before eliding."""
        return self._whole

    def sizeHint(self) -> QSize:
        """Room for the whole text."""
        metrics = self.fontMetrics()
        cut = metrics.horizontalAdvance(self._whole) - metrics.horizontalAdvance(self.text())
        return super().sizeHint() + QSize(cut, 0)

    def minimumSizeHint(self) -> QSize:
        """Room for a few letters."""
        size = self.sizeHint()
        return size.boundedTo(QSize(size.height() + 6 * self.fontMetrics().height(), size.height()))

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        """Elides again."""
        super().resizeEvent(a0)
        self._elide()

    def _elide(self) -> None:
        metrics = self.fontMetrics()
        around = self.sizeHint().width() - metrics.horizontalAdvance(self._whole)
        room = max(self.width() - around, 1)
        # Both are rounded; by the exact width, a button with just enough room would be cut.
        fits = metrics.horizontalAdvance(self._whole) <= room
        cut = metrics.elidedText(self._whole, Qt.TextElideMode.ElideRight, room)
        cut = self._whole if fits else cut
        if cut != self.text():
            self.setText(cut)
        self.setToolTip(hint(self._whole if cut != self._whole else self._hint))

    def _restyle(self) -> None:
        super()._restyle()
        self._elide()
