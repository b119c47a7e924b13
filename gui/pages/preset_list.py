"""The list of presets: how one is drawn, and the keys that act on it.

Knows presets; nothing of the session.
"""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QModelIndex, QRectF, QSize, Qt, pyqtBoundSignal, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QPainter
from PyQt6.QtWidgets import QListWidget, QStyledItemDelegate, QStyleOptionViewItem

from engine.presets import CATEGORIES, Preset
from gui.look.icons import paint_icon
from gui.look.language import said, tr
from gui.look.theme import Look
from gui.takes.row_painter import RIGHT, RowPainter

PRESET = Qt.ItemDataRole.UserRole
FAVOURITE = Qt.ItemDataRole.UserRole + 1


class PresetDelegate(QStyledItemDelegate):
    """Name, description, star."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.yours = self.tr("yours")

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Two lines."""
        return QSize(self._look.px(160), self._look.px(52))

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Draws a preset."""
        preset = index.data(PRESET)
        if painter is None or not isinstance(preset, Preset):
            return
        look, row = self._look, RowPainter(painter, self._look)
        painter.save()
        box = row.ground(option)
        loved = bool(index.data(FAVOURITE))
        room = box.adjusted(look.px(10), look.px(7), -look.px(34 if loved else 8), -look.px(7))
        half = room.height() / 2
        yours = 0 if preset.builtin else look.px(6) + row.width(self.yours, "small")
        row.write(room.adjusted(0, 0, -yours, -half), preset.name, ("strong", "text"))
        if yours:
            row.write(room.adjusted(0, 0, 0, -half), self.yours, ("small", "accent"), RIGHT)
        about = said(preset.description) or preset.values.get("prompt", "")
        row.write(room.adjusted(0, half, 0, 0), about, ("small", "muted"))
        if loved:
            side = look.px(16)
            star = QRectF(box.right() - look.px(28), box.center().y() - side / 2, side, side)
            paint_icon(painter, "star-filled", look.colour("accent"), star)
        painter.restore()


class PresetList(QListWidget):
    """The list; Return uses, F marks, F2 renames, Del deletes, Escape shows all again."""

    use = pyqtSignal()
    favour = pyqtSignal()
    rename = pyqtSignal()
    remove = pyqtSignal()
    left = pyqtSignal()

    def keyboardSearch(self, search: str | None) -> None:
        """Letters are the window's keys; the search above is for words."""

    def event(self, e: QEvent | None) -> bool:
        """Keeps the keys that are its own from the takes', which have them everywhere else."""
        if not isinstance(e, QKeyEvent) or e.type() != QEvent.Type.ShortcutOverride:
            return super().event(e)
        if self._own(e) is not None:
            e.accept()
            return True
        return super().event(e)

    def keyPressEvent(self, e: QKeyEvent | None) -> None:
        """Sends keys where they belong."""
        own = self._own(e)
        if own is not None:
            own.emit()
        else:
            super().keyPressEvent(e)

    def _own(self, event: QKeyEvent | None) -> pyqtBoundSignal | None:
        keys = {
            Qt.Key.Key_Return: self.use,
            Qt.Key.Key_Enter: self.use,
            Qt.Key.Key_F: self.favour,
            Qt.Key.Key_F2: self.rename,
            Qt.Key.Key_Escape: self.left,
            Qt.Key.Key_Delete: self.remove,
        }
        if event is None or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return None
        return keys.get(Qt.Key(event.key()))


def category_titles() -> dict[str, str]:
    """Category -> what it is called, in the order in which they are shown."""
    titles = {
        "genre": tr("Genres"),
        "loop": tr("Loops"),
        "instrument": tr("Instruments"),
        "texture": tr("Textures"),
        "effect": tr("Effects"),
        "beatbox": tr("Beatbox to kit"),
        "hum": tr("Hum to instrument"),
        "mine": tr("Mine"),
    }
    return {key: titles.get(key, key.capitalize()) for key in CATEGORIES}
