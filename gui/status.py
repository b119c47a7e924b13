"""The line at the bottom: the last thing worth saying with what to do about it, and the state of the engine.

Knows notices and the model's state. No dialog is ever opened for an error: it is said here, and it can be put away.
"""

from __future__ import annotations

from PyQt6.QtCore import QTimer, pyqtSignal
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QFrame, QHBoxLayout

from bridge.events import Notice
from bridge.state import ModelState
from gui.look.controls import IconButton, Lamp, restyle
from gui.look.elided import Elided, ElidedButton
from gui.look.theme import Look
from gui.qt_session import QtSession

INFO_MS = 8000
"""A piece of news goes by itself; warnings and errors stay until they are put away."""


class StatusLine(QFrame):
    """Notice on the left, engine on the right."""

    models_asked = pyqtSignal()

    def __init__(self, session: QtSession, look: Look) -> None:
        super().__init__()
        self.setProperty("role", "status")
        self.words = Elided("")
        self.words.setAccessibleDescription(self.tr("Last message"))
        self.away = IconButton(look, "close", self.tr("Put the message away"))
        self.lamp = Lamp(look)
        self.engine = ElidedButton(look, "", role="fold")
        self.engine.say(self.tr("Models"))
        row = look.pad(QHBoxLayout(self), (16, 4, 12, 4), 6)
        row.addWidget(self.words, 1)
        row.addWidget(self.away)
        row.addWidget(self.lamp)
        row.addWidget(self.engine)
        self._going = QTimer(self)
        self._going.setSingleShot(True)
        self._going.timeout.connect(self.clear)
        self.away.clicked.connect(self.clear)
        self.engine.clicked.connect(self.models_asked)
        session.noticed.connect(self.show_notice)
        session.model_changed.connect(self.show_model)
        self.clear()
        self.show_model(session.session.models.state())

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        """Leaves most of the line to the message."""
        super().resizeEvent(a0)
        self.engine.setMaximumWidth(self.width() * 2 // 5)

    def show_notice(self, notice: Notice) -> None:
        """Says a sentence."""
        if notice.level == "info" and self.level() == "error":
            return
        self.words.show_text(notice.text)
        self.words.setProperty("role", {"info": "muted"}.get(notice.level, notice.level))
        restyle(self.words)
        self.away.setVisible(True)
        self._going.stop()
        if notice.level == "info":
            self._going.start(INFO_MS)

    def level(self) -> str:
        """Of what is said now: error, warning, muted; empty when nothing is."""
        return str(self.words.property("role") or "") if self.words.text_whole() else ""

    def clear(self) -> None:
        """Says nothing."""
        self.words.show_text("")
        self.away.setVisible(False)

    def show_model(self, model: ModelState) -> None:
        """Says what the engine does."""
        words = {
            "unloaded": self.tr("no model loaded"),
            "loading": self.tr("loading {0:.0%}").format(model.fraction),
            "ready": self.tr("ready"),
            "failed": self.tr("the model failed"),
        }
        lamp = {"ready": "on", "loading": "warning", "failed": "error"}.get(model.phase, "off")
        text = model.detail or words[model.phase]
        self.lamp.show_state(lamp, text)
        self.engine.show_text(f"{model.name}  {text}".strip())
