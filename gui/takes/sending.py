"""Send to: takes on their way to a DAW, from the menu of a take, a button of the viewer, and a key.

Knows the session's deliveries; where takes lie is chosen in `Where`.
"""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QMenu

from bridge.delivery_state import Companion
from bridge.state import Take
from gui.look.as_typed import unmarked
from gui.memory import State
from gui.qt_session import QtSession
from gui.takes.delivery_words import target_title
from gui.takes.model import take_title
from gui.takes.panel import TakesPanel
from gui.takes.viewer import Viewer
from gui.takes.where import Where


class Sending(QObject):
    """Joins the viewer's button, the menu of a take and the key."""

    def __init__(self, session: QtSession, viewer: Viewer, takes: TakesPanel, where: Where) -> None:
        super().__init__(viewer)
        self._session, self._viewer, self._takes, self._where = session, viewer, takes, where
        self._last = ""
        self.menu = QMenu(viewer.send)
        self.menu.aboutToShow.connect(self._fill)
        viewer.send.setMenu(self.menu)
        takes.fill_send = self.fill

    def send(self, takes: Sequence[Take], target: str) -> None:
        """Sends takes, one after the other; a refusal is said, and ends it."""
        self._last = target
        title, sent = target_title(target), 0
        for take in takes:
            if self._session.attempt(self._send, take, target) is None:
                return
            sent += 1
        if not sent:
            return
        words = self.tr("{0} goes to {1}.")
        if not self._there(target):
            words = self.tr("{0} is owed to {1} until that is back.")
        named = take_title(takes[0])
        several = self.tr("{0} and {1} more").format(named, sent - 1)
        self._session.say(words.format(named if sent == 1 else several, title))

    def send_again(self) -> None:
        """Sends what is chosen to the target used last; the first time, the menu asks for one."""
        takes = self._chosen()
        if not takes:
            self._session.say(self.tr("Choose a take in the list first."), "warning")
        elif self._last:
            self.send(takes, self._last)
        else:
            self._viewer.send.showMenu()

    def fill(self, menu: QMenu) -> None:
        """Adds the targets, those that are there first, and the choices of `Where`."""
        companions = self._session.session.daws.deliveries.companions()
        for companion in sorted(companions, key=lambda each: each.state != "connected"):
            action = menu.addAction(unmarked(self._words(companion)))
            if action is not None:
                action.triggered.connect(
                    lambda _, name=companion.target: self.send(self._chosen(), name)
                )
        menu.addSeparator()
        self._where.fill(menu)

    def state(self) -> State:
        """The target used last, and where takes lie."""
        return {"target": self._last, **self._where.state()}

    def restore(self, state: State) -> None:
        """Goes on with them."""
        chosen = dict(state)
        self._last = chosen.pop("target")
        self._where.restore(chosen)

    def _words(self, companion: Companion) -> str:
        title = target_title(companion.target)
        if companion.state == "connected":
            return title
        return self.tr("{0}: owed until it is there").format(title)

    def _there(self, target: str) -> bool:
        companions = self._session.session.daws.deliveries.companions()
        return any(each.target == target and each.state == "connected" for each in companions)

    def _chosen(self) -> list[Take]:
        """What the list has chosen; else what is looked at."""
        looked = self._viewer.take
        chosen = self._takes.chosen_takes()
        if looked is not None and looked.id not in {take.id for take in chosen}:
            return [looked]
        return chosen

    def _send(self, take: Take, target: str) -> object:
        placement = self._where.placement(target)
        return self._session.session.daws.deliveries.send(take, placement)

    def _fill(self) -> None:
        self.menu.clear()
        self.fill(self.menu)
