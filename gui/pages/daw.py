"""The page DAW: which programs take takes, what is still to be done for that, and what became of the last deliveries.

Knows the session's deliveries, the settings file for the folder, and scripts by what it is given.
"""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QFileDialog, QVBoxLayout

from bridge.delivery_state import Companion
from bridge.settings import SettingsFile
from gui.look.containers import Card, line
from gui.look.controls import Button, label
from gui.look.flow_layout import FlowLayout
from gui.look.theme import Look
from gui.pages.daw_deliveries import DeliveryList
from gui.pages.daw_targets import Scripts, TargetRow
from gui.qt_session import QtSession


class DawPanel(Card):
    """The page; `restart_asked` when the folder that was chosen is to be used now."""

    restart_asked = pyqtSignal()

    def __init__(
        self,
        session: QtSession,
        look: Look,
        settings: SettingsFile | None,
        scripts: Scripts | None = None,
    ) -> None:
        super().__init__(look)
        self._session, self._settings = session, settings
        self._folder = settings.settings.daw.folder if settings is not None else ""
        self.rows = {
            companion.target: TargetRow(session, look, companion, scripts)
            for companion in session.session.daws.deliveries.companions()
        }
        self.choose = Button(look, self.tr("Choose a folder…"))
        self.next = label("", "warning", wrap=True)
        self.again = Button(look, self.tr("Start again now"))
        self.deliveries = DeliveryList(session, look)
        self._build(look)
        self.choose.clicked.connect(self._choose)
        self.again.clicked.connect(self.restart_asked)
        session.companion_changed.connect(self.show_companion)
        self._show_folder()

    def show_companion(self, companion: Companion) -> None:
        """Shows how a target stands."""
        self.rows[companion.target].show_companion(companion)

    def set_folder(self, folder: Path) -> None:
        """Takes that are sent to a folder are copied there, from the next start on."""
        if self._settings is not None:
            self._session.attempt(self._settings.change, "daw", "folder", str(folder))
            self._show_folder()

    def _choose(self) -> None:
        title = self.tr("Choose a folder that takes are copied to")
        if found := QFileDialog.getExistingDirectory(self, title, self._folder):
            self.set_folder(Path(found))

    def _show_folder(self) -> None:
        chosen = self._settings.settings.daw.folder if self._settings is not None else ""
        self.choose.setVisible(self._settings is not None)
        later = chosen != self._folder
        self.next.setText(self.tr("From the next start on it is {0}.").format(chosen))
        self.next.setVisible(later)
        self.again.setVisible(later)

    def _build(self, look: Look) -> None:
        self.body.addWidget(label(self.tr("DAW"), "title"))
        words = self.tr(
            "Takes lie on a track of your DAW as soon as you send them; what a DAW that is closed is owed waits for it."
        )
        self.body.addWidget(label(words, "small", wrap=True))
        for row in self.rows.values():
            self.body.addWidget(line())
            self.body.addWidget(row)
        folder = self.rows["folder"]
        folder.buttons.addWidget(self.choose)
        below = folder.layout()
        if isinstance(below, QVBoxLayout):
            below.addWidget(self.next)
            restart = look.pad(FlowLayout(), gap=6)
            restart.addWidget(self.again)
            below.addLayout(restart)
        self.body.addWidget(line())
        self.body.addWidget(label(self.tr("Deliveries"), "title"))
        self.body.addWidget(self.deliveries)
        self.body.addStretch(1)
