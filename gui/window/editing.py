"""The text half of the Edit menu: cut, copy, paste, select all, wherever the focus is.

Knows Qt's fields and lists; nothing of what is written in them. A chosen take is copied as its file.
"""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtGui import QGuiApplication, QKeySequence
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QMainWindow,
    QMenu,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from gui.window.menus import Entry

TEXT = QLineEdit | QPlainTextEdit | QTextEdit


def editing(tr: Callable[[str], str]) -> list[Entry]:
    """The entries; their keys are the system's own."""
    keys = QKeySequence.StandardKey
    return [
        Entry(tr("Cut"), lambda: _act("cut"), standard=keys.Cut),
        Entry(tr("Copy"), lambda: _act("copy"), standard=keys.Copy),
        Entry(tr("Paste"), lambda: _act("paste"), standard=keys.Paste),
        Entry(tr("Select all"), lambda: _act("selectAll"), standard=keys.SelectAll),
    ]


def follow_focus(window: QMainWindow, menu: QMenu) -> None:
    """Greys out, while the menu is open, what the focus cannot do; closed, all keys are listened to again."""
    acts = dict(zip(("cut", "copy", "paste", "selectAll"), menu.actions()[-6:-2], strict=True))

    def show() -> None:
        for name, action in acts.items():
            action.setEnabled(may(QApplication.focusWidget(), name))

    def listen() -> None:
        for action in acts.values():
            action.setEnabled(True)

    menu.aboutToShow.connect(show)
    menu.aboutToHide.connect(listen)


def may(widget: QWidget | None, name: str) -> bool:
    """Whether a widget can do that now."""
    inside = field_of(widget)
    if isinstance(inside, QLabel):
        return name == "copy" and inside.hasSelectedText()
    if isinstance(inside, QAbstractItemView):
        return name == "selectAll" or (name == "copy" and bool(inside.selectedIndexes()))
    if not isinstance(inside, TEXT):
        return False
    chosen = (
        inside.hasSelectedText()
        if isinstance(inside, QLineEdit)
        else inside.textCursor().hasSelection()
    )
    hidden = isinstance(inside, QLineEdit) and inside.echoMode() != QLineEdit.EchoMode.Normal
    return {
        "cut": chosen and not inside.isReadOnly() and not hidden,
        "copy": chosen and not hidden,
        "paste": not inside.isReadOnly(),
        "selectAll": True,
    }[name]


def field_of(widget: QWidget | None) -> QWidget | None:
    """The field inside of a box with figures or words."""
    if isinstance(widget, QAbstractSpinBox | QComboBox):
        return widget.lineEdit()
    return widget


def _act(name: str) -> None:
    inside = field_of(QApplication.focusWidget())
    if inside is None or not may(inside, name):
        return
    if isinstance(inside, QLabel):
        _to_clipboard(inside.selectedText())
    elif isinstance(inside, QAbstractItemView) and name == "copy":
        model, board = inside.model(), QGuiApplication.clipboard()
        files = model.mimeData(inside.selectedIndexes()) if model is not None else None
        if board is not None and files is not None:
            board.setMimeData(files)
    else:
        getattr(inside, name)()


def _to_clipboard(text: str) -> None:
    board = QGuiApplication.clipboard()
    if board is not None:
        board.setText(text)
