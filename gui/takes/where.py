"""`Where`: the place, the track and the form in which takes go to a DAW, chosen once for every way of sending them.

Knows the session's placements and the table of targets; the menu of the choices is made here too.
"""

from __future__ import annotations

from PyQt6.QtCore import QObject
from PyQt6.QtGui import QAction, QActionGroup
from PyQt6.QtWidgets import QMenu

from bridge.delivery.targets import TARGETS
from bridge.delivery_state import Placement
from gui.look.as_typed import unmarked
from gui.look.language import tr
from gui.memory import State
from gui.qt_session import QtSession
from gui.takes.delivery_words import forms, places, tracks


class Where(QObject):
    """What was chosen last."""

    def __init__(self, session: QtSession) -> None:
        super().__init__(session)
        self._session = session
        self._chosen = {"place": "", "track": "", "form": ""}

    def placement(self, name: str) -> Placement:
        """Where a take lies in a target, settled now; what the target knows nothing of is left to it.

        Raises:
            BridgeError: with what would be right, as that nothing is selected.
        """
        target, chosen = TARGETS[name], self._chosen
        place = chosen["place"] if target.at else ""
        track = chosen["track"] if chosen["track"] in target.tracks else ""
        form = chosen["form"] if chosen["form"] in target.forms else ""
        return self._session.session.placement(name, place, track, form)

    def choose(self, which: str, value: str) -> None:
        """Another place, track or form; what none is called changes nothing."""
        if value in _offers()[which][1]:
            self._chosen[which] = value

    def fill(self, menu: QMenu) -> None:
        """Adds the choices to a menu, a menu each."""
        for which, (title, offers) in _offers().items():
            inside = menu.addMenu(title)
            if inside is None:
                continue
            group = QActionGroup(inside)
            for value, words in offers.items():
                action = QAction(unmarked(words), inside)
                action.setCheckable(True)
                action.setChecked(value == self._chosen[which])
                action.triggered.connect(
                    lambda _, which=which, value=value: self.choose(which, value)
                )
                group.addAction(action)
                inside.addAction(action)

    def state(self) -> State:
        """What was chosen."""
        return dict(self._chosen)

    def restore(self, state: State) -> None:
        """Chooses it again."""
        for which, value in state.items():
            self.choose(which, value)


def _offers() -> dict[str, tuple[str, dict[str, str]]]:
    return {
        "place": (tr("Place"), places()),
        "track": (tr("Track"), tracks()),
        "form": (tr("Form"), forms()),
    }
