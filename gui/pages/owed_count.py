"""What is owed to DAWs that are not there, counted on the button of the page DAW.

Knows the session's deliveries and the button.
"""

from __future__ import annotations

from PyQt6.QtCore import QObject, QTimer

from gui.look.language import tr
from gui.pages.drawer import RailButton
from gui.qt_session import QtSession
from gui.takes.delivery_words import target_title

SOON_MS = 300
"""What a DAW that is there takes at once is not counted."""


class OwedCount(QObject):
    """Counts a moment after deliveries changed."""

    def __init__(self, session: QtSession, button: RailButton) -> None:
        super().__init__(button)
        self._session, self._button = session, button
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
        words = tr("{0} owed to {1}").format(len(owed), names)
        self._button.show_count(len(owed), words if owed else "")
