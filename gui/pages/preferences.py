"""The settings that a musician changes: where takes lie, which extras are installed, and where Longtake's files are.

Knows the settings file and the places; what the devices are set to has a page of its own.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QFileDialog

from bridge.errors import BridgeError
from bridge.places import Places
from bridge.settings import SettingsFile
from engine.disks import why
from gui.folders import show_or_say
from gui.look.as_typed import hint
from gui.look.containers import Card, line
from gui.look.controls import Button, label
from gui.look.flow_layout import FlowLayout
from gui.look.theme import Look
from gui.pages.extras import ExtraRow, extras
from gui.qt_session import QtSession


class PreferencesPanel(Card):
    """Settings that are no devices."""

    restart_asked = pyqtSignal()

    def __init__(
        self, session: QtSession, look: Look, settings: SettingsFile | None, places: Places | None
    ) -> None:
        super().__init__(look)
        self._session, self._settings, self._places = session, settings, places
        self.folder = session.session.takes.folder
        self.where = label("", wrap=True)
        self.where.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.next = label("", "warning", wrap=True)
        self.choose = Button(look, self.tr("Choose another folder…"))
        self.show_takes = Button(look, self.tr("Show in folder"))
        self.again = Button(look, self.tr("Start again now"))
        self.extras = [ExtraRow(look, extra) for extra in extras()]
        self._build(look)
        self.choose.clicked.connect(self._choose)
        self.show_takes.clicked.connect(self._shower(self.folder))
        self.again.clicked.connect(self.restart_asked)
        self._show_folder()

    def set_takes_folder(self, folder: Path) -> None:
        """Takes go there from the next start on; those that there are stay where they are."""
        if self._settings is not None and self._session.attempt(usable, folder):
            self._session.attempt(self._settings.change, "takes", "folder", str(folder))
            self._show_folder()

    def _choose(self) -> None:
        title = self.tr("Choose the folder for takes")
        if found := QFileDialog.getExistingDirectory(self, title, str(self.folder)):
            self.set_takes_folder(Path(found))

    def _show_folder(self) -> None:
        self.where.setText(str(self.folder))
        self.choose.setEnabled(self._settings is not None)
        chosen = self._settings.settings.takes.folder if self._settings is not None else ""
        later = bool(chosen) and Path(chosen).expanduser() != self.folder
        words = self.tr(
            "From the next start on, takes are kept in {0}. Those of before stay where they are; move their files "
            "there to have them in the list."
        )
        self.next.setText(words.format(chosen))
        self.next.setVisible(later)
        self.again.setVisible(later)

    def _shower(self, path: Path) -> Callable[[], None]:
        return lambda: show_or_say(path, self._session.say)

    def _build(self, look: Look) -> None:
        self.body.addWidget(label(self.tr("Settings"), "title"))
        self.body.addWidget(label(self.tr("Where takes are kept"), "small"))
        self.body.addWidget(self.where)
        self.body.addWidget(self.next)
        buttons = look.pad(FlowLayout(), gap=6)
        for button in (self.choose, self.show_takes, self.again):
            buttons.addWidget(button)
        self.body.addLayout(buttons)
        self.body.addWidget(line())
        self.body.addWidget(label(self.tr("Extras"), "title"))
        for row in self.extras:
            self.body.addWidget(row)
        if self._places is not None:
            self.body.addWidget(line())
            self.body.addWidget(label(self.tr("Longtake's files"), "title"))
        shown = look.pad(FlowLayout(), gap=6)
        for words, path in self._files():
            button = Button(look, words)
            button.setToolTip(hint(str(path)))
            button.clicked.connect(self._shower(path))
            shown.addWidget(button)
        self.body.addLayout(shown)
        self.body.addStretch(1)

    def _files(self) -> list[tuple[str, Path]]:
        where = self._places
        if where is None:
            return []
        return [
            (self.tr("Your presets"), where.presets),
            (self.tr("Settings file"), where.settings),
            (self.tr("Logs"), where.logs),
            (self.tr("Models"), self._session.session.models.files.root),
        ]


def usable(folder: Path) -> bool:
    """Whether takes can be kept there.

    Raises:
        BridgeError: `io` if nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError as error:
        words = f"No takes can be kept in {folder}: {why(folder / 'take.wav', error)}."
        raise BridgeError("io", words) from error
