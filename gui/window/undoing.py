"""What replaces the settings can be undone, the prompt with them: the settings of a take, a surprise.

Joins history and composer; knows no other panel.
"""

from __future__ import annotations

from PyQt6.QtCore import QObject

from bridge.state import Take
from gui.compose.composer import Composer
from gui.history import History
from gui.qt_session import QtSession
from gui.takes.model import take_title
from gui.takes.settings_of_take import use_settings


class Undoing(QObject):
    """Every way in which settings are replaced as a whole goes through the history."""

    def __init__(self, session: QtSession, history: History, composer: Composer) -> None:
        super().__init__(composer)
        self._session, self._history, self._prompt = session, history, composer.prompt
        history.settling.connect(self._prompt.tell)
        self._prompt.surprise_asked.connect(self.surprise)

    def use(self, take: Take) -> None:
        """Brings the settings of a take back, its prompt and its seed too."""
        unknown: list[str] = []

        def load() -> None:
            unknown.extend(use_settings(self._session, take))
            self._prompt.show_text(take.prompt)

        self._history.load(
            self.tr("settings of {0}").format(take_title(take)),
            load,
            self.tr("The settings of {0} are back, its seed too.").format(take_title(take)),
        )
        if unknown:
            left = self.tr("This version cannot use its settings {0}; they are left out.")
            self._session.say(left.format(", ".join(unknown)), "warning")

    def surprise(self) -> None:
        """Writes a style at random."""
        self._history.load(
            self.tr("surprise"), self._prompt.surprise, self.tr("A style at random is the prompt.")
        )
