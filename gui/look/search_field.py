"""`SearchField`: a field over a list. Return goes to the first hit, Down to the list, Escape clears it or goes there.

Knows nothing of the list.
"""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QLineEdit

from gui.look.controls import show_placeholder


class SearchField(QLineEdit):
    """The field.

    Signals:
        entered: the first hit is wanted.
        left: the list is wanted, where it is.
    """

    entered = pyqtSignal()
    left = pyqtSignal()

    def __init__(self, name: str, placeholder: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setClearButtonEnabled(True)
        show_placeholder(self, placeholder)

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:
        """Takes the keys that are its own."""
        key = a0.key() if a0 is not None else 0
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
        elif key == Qt.Key.Key_Escape and self.text():
            self.clear()
        elif key in (Qt.Key.Key_Escape, Qt.Key.Key_Down):
            self.left.emit()
        else:
            super().keyPressEvent(a0)
