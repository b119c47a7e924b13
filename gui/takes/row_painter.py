"""How a row of a list is drawn: its background, the focus ring, and words that end in '…' where there is no room.

Knows the look; nothing of what stands in the row. Takes and presets are drawn with it.
"""

from __future__ import annotations

from dataclasses import dataclass

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QFontMetrics, QPainter
from PyQt6.QtWidgets import QStyle, QStyleOptionViewItem

from gui.look.theme import Look

LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class RowPainter:
    """A painter for one row; `painter` is saved and restored by who made it."""

    painter: QPainter
    look: Look

    def ground(self, option: QStyleOptionViewItem) -> QRectF:
        """Draws the background of a selected or hovered row and its focus ring; returns the row's box."""
        look, painter, box = self.look, self.painter, QRectF(option.rect)
        state, inner = option.state, box.adjusted(look.px(2), 1, -look.px(2), -1)
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(look.colour("accent_soft" if chosen else "raised"))
            painter.drawRoundedRect(inner, look.px(7), look.px(7))
        if chosen and state & QStyle.StateFlag.State_HasFocus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(look.colour("accent"))
            painter.drawRoundedRect(inner.adjusted(0.5, 0.5, -0.5, -0.5), look.px(7), look.px(7))
        return box

    def write(
        self, box: QRectF, text: str, style: tuple[str, str], align: Qt.AlignmentFlag = LEFT
    ) -> None:
        """Writes a line in a type size and a colour of the look."""
        if box.width() <= 0 or not text:
            return
        size, colour = style
        self.painter.setFont(self.look.font(size))
        self.painter.setPen(self.look.colour(colour))
        metrics = self.painter.fontMetrics()
        cut = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(box.width()))
        self.painter.drawText(box, align, cut)

    def width(self, text: str, size: str) -> int:
        """How many pixels a line takes."""
        return QFontMetrics(self.look.font(size)).horizontalAdvance(text)
