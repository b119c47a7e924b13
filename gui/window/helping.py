"""The Help menu, and what shows files in their folders. Knows the help window, the session and the places."""

from __future__ import annotations

from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QMainWindow

from bridge.state import Take
from gui.folders import show_or_say
from gui.look.language import tr
from gui.look.theme import Look
from gui.qt_session import QtSession
from gui.window.help import HelpWindow, how_page, keys_page, licences_page, versions_page
from gui.window.menus import Entry
from gui.window.surroundings import Surroundings


class Helping:
    """Opens the help at a page; it is made when it is asked for, from what holds then."""

    def __init__(
        self, window: QMainWindow, look: Look, session: QtSession, around: Surroundings
    ) -> None:
        self._window, self._look = window, look
        self._session, self._around = session, around
        self.open: HelpWindow | None = None

    def entries(self) -> list[Entry]:
        """The menu."""
        line = Entry()
        return [
            Entry(tr("How to begin"), lambda: self.turn("how")),
            Entry(tr("Keys"), lambda: self.turn("keys"), "F1"),
            line,
            Entry(tr("Licences"), lambda: self.turn("licences")),
            Entry(tr("Versions, for a bug report"), lambda: self.turn("versions")),
            Entry(tr("Show the logs"), self._show_logs),
            line,
            Entry(
                tr("About Longtake"),
                lambda: self.turn("versions"),
                role=QAction.MenuRole.AboutRole,
            ),
        ]

    def turn(self, page: str) -> None:
        """Opens a page."""
        if self.open is not None:
            self.open.close()
            self.open.deleteLater()
        run = self._session.session
        model, playback = run.models.state(), run.playback.state()
        where = self._around.places
        facts = [
            (tr("Model"), f"{model.name} {model.detail}"),
            (tr("Output"), f"{playback.device} {playback.sample_rate or ''} {playback.problem}"),
            ("OSC", self._around.osc_address),
            (tr("Logs"), str(where.logs) if where else ""),
        ]
        pages = {
            "how": (tr("How to begin"), how_page()),
            "keys": (tr("Keys"), keys_page(self._window)),
            "licences": (tr("Licences"), licences_page(run.models.all())),
            "versions": (tr("Versions"), versions_page(facts)),
        }
        self.open = HelpWindow(self._window, self._look, pages)
        self.open.turn(page)

    def _show_logs(self) -> None:
        where = self._around.places
        if where is None:
            self._session.say(tr("The demo writes no log."))
        else:
            show_or_say(where.logs, self._session.say)


def show_take(session: QtSession, take: Take | None) -> None:
    """Shows the file of a take where it lies."""
    if take is None:
        session.say(tr("Choose a take first."))
    else:
        show_or_say(take.path, session.say)
