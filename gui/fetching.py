"""What is being fetched, in the line at the bottom: seen from every page, a click opens the models.

Knows the session's models.
"""

from __future__ import annotations

from bridge.stored import StoredModel
from gui.look.elided import ElidedButton
from gui.look.theme import Look
from gui.qt_session import QtSession


class Fetching(ElidedButton):
    """Hidden while nothing is fetched."""

    def __init__(self, session: QtSession, look: Look) -> None:
        super().__init__(look, "", role="fold")
        self._running: dict[str, StoredModel] = {}
        self._session = session
        self.say(self.tr("Models"))
        self.hide()
        for stored in session.session.models.files.all():
            self.show_stored(stored)
        session.model_stored.connect(self.show_stored)

    def show_stored(self, stored: StoredModel) -> None:
        """Says how far the first of the downloads is; that one has come, or has not, is a message."""
        running = stored.state in ("downloading", "checking")
        if running:
            self._running[stored.name] = stored
        elif self._running.pop(stored.name, None) is not None:
            if stored.problem:
                self._session.say(stored.problem, "error")
            elif stored.state == "installed":
                self._session.say(
                    self.tr("{0} is here: choose it on the page Models.").format(stored.name)
                )
        first = next(iter(self._running.values()), None)
        self.setVisible(first is not None)
        if first is not None:
            self.show_text(f"↓ {first.name}  {first.fraction:.0%}")
