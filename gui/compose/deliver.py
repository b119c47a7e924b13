"""Deliver to: a DAW that gets every take as soon as it is made, beside the button that makes them.

Knows the session's targets; the place is that of `Where`, settled when the takes are asked for.
"""

from __future__ import annotations

from PyQt6.QtWidgets import QHBoxLayout, QMenu, QWidget

from bridge.delivery.targets import TARGETS
from bridge.delivery_state import Companion, Placement
from gui.look.controls import IconButton
from gui.look.fields import ChoiceBox
from gui.look.theme import Look
from gui.memory import State
from gui.qt_session import QtSession
from gui.takes.delivery_words import FILES, target_title
from gui.takes.where import Where


class DeliverBox(QWidget):
    """A list of targets, and where in them takes lie."""

    def __init__(self, session: QtSession, look: Look) -> None:
        super().__init__()
        self._session = session
        self.where = Where(session)
        self.target = ChoiceBox()
        self.target.setAccessibleName(self.tr("Deliver finished takes to"))
        self.target.setAccessibleDescription(
            self.tr("Every take goes there as soon as it is made, to where the DAW stands now")
        )
        # What is cut is in the tooltip.
        self.target.currentTextChanged.connect(self.target.setToolTip)
        self.target.setSizeAdjustPolicy(
            ChoiceBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.target.setMinimumContentsLength(12)
        self.target.addItem(self.tr("Deliver to no DAW"), "")
        for name in TARGETS:
            self.target.addItem("", name)
        self.place = IconButton(look, "daw", self.tr("Where delivered takes lie"))
        self.menu = QMenu(self)
        self.menu.aboutToShow.connect(self._fill)
        self.place.clicked.connect(
            lambda: self.menu.popup(self.place.mapToGlobal(self.place.rect().bottomLeft()))
        )
        row = look.pad(QHBoxLayout(self), gap=6)
        row.addWidget(self.target, 1)
        row.addWidget(self.place)
        self.target.currentIndexChanged.connect(lambda _: self._show_place())
        session.companion_changed.connect(self.show_companion)
        for companion in session.session.daws.deliveries.companions():
            self.show_companion(companion)
        self._show_place()

    def placement(self) -> Placement | None:
        """Where the takes that are asked for now go; None for nowhere.

        Raises:
            BridgeError: as `Where.placement`.
        """
        name = self.target.currentData()
        return self.where.placement(name) if name else None

    def show_companion(self, companion: Companion) -> None:
        """Says of a target whether it is there."""
        words = self.tr("Deliver to {0}").format(target_title(companion.target))
        if companion.state != "connected" and companion.target not in FILES:
            words = self.tr("{0} (not there)").format(words)
        self.target.setItemText(self.target.findData(companion.target), words)
        self.target.setToolTip(self.target.currentText())

    def state(self) -> State:
        """What was chosen."""
        return {"deliver": self.target.currentData()}

    def restore(self, state: State) -> None:
        """Chooses it again."""
        self.target.setCurrentIndex(max(self.target.findData(state["deliver"]), 0))

    def _fill(self) -> None:
        self.menu.clear()
        self.where.fill(self.menu)

    def _show_place(self) -> None:
        self.place.setVisible(bool(self.target.currentData()))
