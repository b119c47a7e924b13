"""First aid for a settings file that cannot be read: its path, what is wrong at which line, and three ways on.

Shown before there is a window; knows the broken file and nothing of the session.
"""

from __future__ import annotations

from typing import Literal

from PyQt6.QtCore import Qt, QUrl
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import QDialog, QVBoxLayout

from bridge.broken_file import BrokenFile
from gui.folders import show_in_folder
from gui.look.controls import Button, label
from gui.look.flow_layout import FlowLayout
from gui.look.language import said
from gui.look.theme import Look

Way = Literal["again", "defaults", "quit"]


class FirstAid(QDialog):
    """`way` is what was chosen; closing the window quits."""

    def __init__(self, look: Look, broken: BrokenFile) -> None:
        super().__init__()
        self.way: Way = "quit"
        self._broken = broken
        self.setWindowTitle("Longtake")
        self.setMinimumWidth(look.px(560))
        path = str(broken.path or broken.source)
        where = label(path, "strong", wrap=True)
        where.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column = look.pad(QVBoxLayout(self), (24, 20, 24, 20), 12)
        column.addWidget(label(self.tr("The settings cannot be read"), "display", wrap=True))
        column.addWidget(where)
        self.wrong = [
            label(self._line(wrong.line, wrong.words), "error", wrap=True) for wrong in broken.wrong
        ]
        for text in self.wrong:
            column.addWidget(text)
        words = self.tr(
            "Mend the file and try again, or start with the defaults: the file is kept beside the new one, under a "
            "name that ends in .broken and the date. Your takes and presets are not touched."
        )
        column.addWidget(label(words, "muted", wrap=True))
        self.look = Button(look, self.tr("Open the file"))
        self.again = Button(look, self.tr("Try again"))
        self.defaults = Button(look, self.tr("Start with the defaults"))
        self.leave = Button(look, self.tr("Quit"))
        row = look.pad(FlowLayout(), gap=8)
        for button in (self.look, self.again, self.defaults, self.leave):
            row.addWidget(button)
        column.addLayout(row)
        self.look.clicked.connect(self._open)
        self.again.clicked.connect(lambda: self._go("again"))
        self.defaults.clicked.connect(lambda: self._go("defaults"))
        self.leave.clicked.connect(self.reject)

    def _line(self, line: int, words: str) -> str:
        return self.tr("Line {0}: {1}").format(line, said(words)) if line else said(words)

    def _open(self) -> None:
        path = self._broken.path
        if path is not None and not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
            show_in_folder(path)

    def _go(self, way: Way) -> None:
        self.way = way
        self.accept()
