"""`DragButton`: a handle from which a take, or what belongs to it, is dragged out of the window as a file.

Knows takes; what exactly leaves is given to it as a function.
"""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QMimeData, QPoint, Qt
from PyQt6.QtGui import QDrag, QMouseEvent
from PyQt6.QtWidgets import QApplication

from bridge.state import Take
from gui.look.controls import Button
from gui.look.theme import Look


class DragButton(Button):
    """A handle; `contents` gives the files of its take, or None if there are none."""

    def __init__(
        self, look: Look, text: str, icon: str, contents: Callable[[Take], QMimeData | None]
    ) -> None:
        super().__init__(look, text, icon)
        self.take: Take | None = None
        self._contents = contents
        self._pressed: QPoint | None = None
        self.setCursor(Qt.CursorShape.OpenHandCursor)

    def mousePressEvent(self, e: QMouseEvent | None) -> None:
        """Remembers where."""
        self._pressed = e.position().toPoint() if e is not None else None
        super().mousePressEvent(e)

    def mouseMoveEvent(self, a0: QMouseEvent | None) -> None:
        """Starts the drag once it is one."""
        if a0 is None or self._pressed is None or self.take is None:
            return
        far = (a0.position().toPoint() - self._pressed).manhattanLength()
        if far < QApplication.startDragDistance():
            return
        self._pressed = None
        self.setDown(False)
        contents = self._contents(self.take)
        if contents is None:
            return
        drag = QDrag(self)
        drag.setMimeData(contents)
        drag.setPixmap(self.grab())
        drag.exec(Qt.DropAction.CopyAction, Qt.DropAction.CopyAction)
