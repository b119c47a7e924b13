"""The last deliveries, the newest first: which take, where to, what became of it, and what can be done about it.

Knows the session's deliveries; nothing of how they are made.
"""

from __future__ import annotations

from contextlib import suppress

from PyQt6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget

from bridge.delivery_state import Delivery
from bridge.errors import BridgeError
from gui.look.controls import Button, label, restyle
from gui.look.elided import Elided
from gui.look.flow_layout import FlowLayout
from gui.look.language import said
from gui.look.theme import Look
from gui.qt_session import QtSession
from gui.takes.delivery_words import state_words, when_words, where_words
from gui.takes.model import take_title

SHOWN = 20
"""So many are listed; what is owed is listed however old it is."""


class DeliveryRow(QWidget):
    """One delivery."""

    def __init__(self, session: QtSession, look: Look, delivery: Delivery) -> None:
        super().__init__()
        self.delivery = delivery
        every = session.session.daws.deliveries
        title = _title(session, delivery)
        self.name = Elided(title, "strong")
        self.time = label(when_words(delivery.created), "small")
        self.state = label("")
        self.where = label(where_words(delivery.placement), "small", wrap=True)
        self.text = label("", "small", wrap=True)
        self.again = Button(look, self.tr("Send again"))
        self.again.setAccessibleName(self.tr("Send {0} again").format(title))
        self.drop = Button(look, self.tr("Drop"))
        self.drop.setAccessibleName(self.tr("Drop {0}").format(title))
        self.drop.setToolTip(self.tr("It is not wanted there any more; the take stays"))
        head = look.pad(QHBoxLayout(), gap=8)
        head.addWidget(self.name, 1)
        head.addWidget(self.state)
        head.addWidget(self.time)
        buttons = look.pad(FlowLayout(), gap=6)
        buttons.addWidget(self.again)
        buttons.addWidget(self.drop)
        column = look.pad(QVBoxLayout(self), gap=3)
        column.addLayout(head)
        column.addWidget(self.where)
        column.addWidget(self.text)
        column.addLayout(buttons)
        self.again.clicked.connect(lambda: session.attempt(every.again, delivery.id))
        self.drop.clicked.connect(lambda: session.attempt(every.drop, delivery.id))
        self.show_delivery(delivery)

    def show_delivery(self, delivery: Delivery) -> None:
        """Shows what became of it."""
        self.delivery = delivery
        words, role = state_words(delivery)
        self.state.setText(words)
        self.state.setProperty("role", role)
        restyle(self.state)
        text = said(delivery.text)
        self.text.setText(text)
        self.text.setVisible(bool(text))
        focus = QApplication.focusWidget()
        self.again.setVisible(delivery.state in ("refused", "unsure", "dropped"))
        self.drop.setVisible(delivery.state == "owed")
        if focus is self.drop and self.again.isVisible():
            self.again.setFocus()


def _title(session: QtSession, delivery: Delivery) -> str:
    """What the list calls the take; its name where it is there no more."""
    with suppress(BridgeError):
        return take_title(session.session.takes.get(delivery.take_id))
    return delivery.name


class DeliveryList(QWidget):
    """All rows, or what to expect where there is none."""

    def __init__(self, session: QtSession, look: Look) -> None:
        super().__init__()
        self._session, self._look = session, look
        self.rows: dict[str, DeliveryRow] = {}
        self.nothing = label(
            self.tr(
                "Nothing was delivered yet. Choose a take and press Send to…, or let every take go to your DAW by "
                "itself with the list under Generate."
            ),
            "muted",
            wrap=True,
        )
        self._column = look.pad(QVBoxLayout(self), gap=14)
        self._column.addWidget(self.nothing)
        for delivery in reversed(session.session.daws.deliveries.all()):
            self.show_delivery(delivery)
        session.delivery_changed.connect(self.show_delivery)

    def show_delivery(self, delivery: Delivery) -> None:
        """Shows another state; a new one comes on top."""
        row = self.rows.get(delivery.id)
        if row is not None:
            return row.show_delivery(delivery)
        row = self.rows[delivery.id] = DeliveryRow(self._session, self._look, delivery)
        self._column.insertWidget(0, row)
        self.nothing.hide()
        self._forget_old()
        return None

    def _forget_old(self) -> None:
        done = [name for name, row in self.rows.items() if not row.delivery.open]
        for name in done[: max(len(self.rows) - SHOWN, 0)]:
            row = self.rows.pop(name)
            row.hide()
            row.deleteLater()
