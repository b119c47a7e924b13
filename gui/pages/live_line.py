"""That live is on, in the line at the bottom: seen from every page, a click opens its own. Knows `session.live`."""

from __future__ import annotations

from bridge.live_state import LiveState
from gui.look.elided import ElidedButton
from gui.look.language import tr
from gui.look.theme import Look
from gui.pages.live_sign import live_word
from gui.qt_session import QtSession


class LiveLine(ElidedButton):
    """Hidden while live is off."""

    def __init__(self, session: QtSession, look: Look) -> None:
        super().__init__(look, "", "live", "fold", "accent")
        self._session = session
        self.say(tr("Open the page Live"))
        session.live_changed.connect(self.show_live)
        session.live_set.connect(lambda *_: self.show_live(session.session.live.state()))
        self.show_live(session.session.live.state())

    def show_live(self, live: LiveState) -> None:
        """Says the state in a word."""
        word = live_word(live, self._session.session.live.settings())
        colour = "warning" if live.dry or live.phase == "waiting" else "accent"
        self.show_text(tr("Live: {0}").format(word), "live", colour)
        self.setVisible(live.phase not in ("off", "failed"))
