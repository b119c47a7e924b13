"""What is owed to DAWs that are not there, in the line at the bottom; a click opens the page DAW.

Knows the session's deliveries.
"""

from __future__ import annotations

from PyQt6.QtCore import QTimer

from gui.look.elided import ElidedButton
from gui.look.language import tr
from gui.look.theme import Look
from gui.qt_session import QtSession
from gui.takes.delivery_words import target_title

SOON_MS = 300
"""What a DAW that is there takes at once is not said."""


class OwedLine(ElidedButton):
    """Hidden while nothing is owed."""

    def __init__(self, session: QtSession, look: Look) -> None:
        super().__init__(look, "", "daw", "fold", "warning")
        self._session = session
        self.say(tr("Open the page DAW"))
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.setInterval(SOON_MS)
        self._settling.timeout.connect(self.show_owed)
        session.delivery_changed.connect(lambda _: self._settling.start())
        self.show_owed()

    def show_owed(self) -> None:
        """Counts what is owed, and says to whom."""
        every = self._session.session.daws.deliveries.all()
        owed = [each.placement.target for each in every if each.state == "owed"]
        names = " + ".join(target_title(name) for name in dict.fromkeys(reversed(owed)))
        self.show_text(tr("{0} owed to {1}").format(len(owed), names), "daw", "warning")
        self.setVisible(bool(owed))
