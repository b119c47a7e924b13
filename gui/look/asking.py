"""What is asked in a dialog: a name, in one wide enough for it, and whether something is to be done all the same.

Knows nothing of what is named or done.
"""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QInputDialog, QLineEdit, QMessageBox, QPushButton, QWidget

from gui.look.as_typed import TypedButton

WIDE = 420
"""Pixels at least; at larger letters, `LETTERS` of them."""
LETTERS = 50


def name_dialog(parent: QWidget, title: str, words: str, name: str = "") -> QInputDialog:
    """The dialog, with the name that is there now."""
    dialog = QInputDialog(parent)
    dialog.setWindowTitle(title)
    dialog.setLabelText(words)
    dialog.setTextValue(name)
    for field in dialog.findChildren(QLineEdit):  # The dialog takes its width from what is inside.
        field.setMinimumWidth(max(WIDE, LETTERS * field.fontMetrics().averageCharWidth()))
    return dialog


def ask_name(parent: QWidget, title: str, words: str, name: str = "") -> str:
    """Asks; empty if nothing was written, or it was not agreed to."""
    dialog = name_dialog(parent, title, words, name)
    agreed = dialog.exec()
    dialog.deleteLater()
    return dialog.textValue().strip() if agreed else ""


def question(parent: QWidget, words: str, do: str, leave: str) -> tuple[QMessageBox, QPushButton]:
    """The dialog, and its button that does it; Return and Escape leave it."""
    box = QMessageBox(QMessageBox.Icon.Question, "Longtake", words, parent=parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    doing, leaving = TypedButton(do), TypedButton(leave)
    box.addButton(doing, QMessageBox.ButtonRole.DestructiveRole)
    box.addButton(leaving, QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(leaving)
    box.setEscapeButton(leaving)
    return box, doing


def agrees(parent: QWidget, words: str, do: str, leave: str) -> bool:
    """Asks whether it is to be done; `do` and `leave` are the words of the two buttons."""
    box, doing = question(parent, words, do, leave)
    box.exec()
    done = box.clickedButton() is doing
    box.deleteLater()
    return done
