"""What is asked before a model is fetched: its licence with a link to its page, its size, the room on the disk.

Knows one model's files in the session; what follows from the answer is the row's.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from PyQt6.QtCore import QUrl
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import QVBoxLayout

from bridge.state import ModelInfo
from bridge.stored import StoredModel
from engine.registry import model_spec
from gui.look.containers import Pane
from gui.look.controls import Button, label
from gui.look.flow_layout import FlowLayout
from gui.look.theme import Look


class LicenceBox(Pane):
    """The licence with three answers: read all of it, accept, not now."""

    def __init__(self, look: Look, model: ModelInfo, root: Path) -> None:
        super().__init__()
        self._root = root
        self.page = f"https://huggingface.co/{model_spec(model.name).repository}"
        self.setProperty("role", "drop")
        hint = self.tr(
            "To be accepted here, and once on the model's page too, with your account there. "
            "The page has all of its text."
        )
        self.cost = label("", "small", wrap=True)
        self.read = Button(look, self.tr("Open its page"))
        self.read.setToolTip(self.page)
        self.agree = Button(look, self.tr("I accept the licence"))
        self.leave = Button(look, self.tr("Not now"))
        column = look.pad(QVBoxLayout(self), (12, 10, 12, 10), 8)
        column.addWidget(label(self.tr("Its licence"), "strong"))
        column.addWidget(label(hint, "small", wrap=True))
        column.addWidget(self.cost)
        buttons = look.pad(FlowLayout(), gap=6)
        for button in (self.agree, self.read, self.leave):
            buttons.addWidget(button)
        column.addLayout(buttons)
        self.read.clicked.connect(lambda: QDesktopServices.openUrl(QUrl(self.page)))
        self.hide()

    def show_size(self, stored: StoredModel) -> None:
        """Says how much is to be fetched, and how much room there is."""
        if stored.state == "asking":
            self.cost.setText(self.tr("Asking how large it is …"))
        elif stored.total:
            free = free_space(self._root)
            self.cost.setText(
                self.tr("{0} to download, {1} are free.").format(
                    in_words(stored.total), in_words(free)
                )
            )
        else:
            self.cost.setText("")


def free_space(folder: Path) -> int:
    """Bytes that are free where a folder is or will be; 0 if the disk does not say."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0


def in_words(size: int) -> str:
    """A size for people."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
