"""The list of what was said: the last fifty messages with their times, to be read at leisure and copied.

Knows messages; not who said them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from gui.look.controls import Button
from gui.look.language import tr
from gui.look.theme import Look
from gui.messages import Message


class MessageList(QDialog):
    """A window of its own that stays open beside the work; Escape closes it."""

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Messages"))
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName(self.tr("The last messages, newest first"))
        self.copy = Button(look, self.tr("Copy all"), "copy")
        self.close_button = Button(look, self.tr("Close"))
        row = look.pad(QHBoxLayout(), gap=8)
        row.addStretch(1)
        row.addWidget(self.copy)
        row.addWidget(self.close_button)
        column = look.pad(QVBoxLayout(self), (12, 12, 12, 12), 10)
        column.addWidget(self.text, 1)
        column.addLayout(row)
        self.copy.clicked.connect(self._copy)
        self.close_button.clicked.connect(self.close)
        self.resize(look.px(680), look.px(360))

    def show_messages(self, messages: Sequence[Message]) -> None:
        """Shows them, the newest first; what somebody marks there, to copy it, is left alone."""
        if self.text.textCursor().hasSelection():
            return
        lines = "\n".join(map(line_of, reversed(messages))) or self.tr("Nothing was said yet.")
        bar = self.text.verticalScrollBar()
        place = bar.value() if bar is not None else 0
        self.text.setPlainText(lines)
        if bar is not None:
            bar.setValue(place)

    def _copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self.text.toPlainText())


def line_of(message: Message) -> str:
    """A message as a line: '21:14:05  Error: No output device.'."""
    clock = time.strftime("%H:%M:%S", time.localtime(message.at))
    before = {"error": tr("Error: "), "warning": tr("Warning: ")}.get(message.level, "")
    return f"{clock}  {before}{message.words()}"
