"""A name that is asked for, in a dialog wide enough for one. Knows nothing of what is named."""

from __future__ import annotations

from PyQt6.QtWidgets import QInputDialog, QLineEdit, QWidget

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
