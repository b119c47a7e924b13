"""The line at the bottom: what is worth saying now with what to do about it, and the state of the engine.

Knows notices, what can be undone, and the model's state. No dialog is ever opened for an error: it is said here, by the
law of `messages.py`, and all that was said can be read again.
"""

from __future__ import annotations

import time
from typing import TypeVar

from PyQt6.QtCore import QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QStatusBar, QWidget

from bridge.events import Notice
from bridge.state import ModelState
from gui.history import History
from gui.look.controls import Button, IconButton, Lamp, restyle
from gui.look.elided import Elided, ElidedButton
from gui.look.language import said
from gui.look.theme import Look
from gui.message_list import MessageList
from gui.messages import Messages
from gui.qt_session import QtSession

W = TypeVar("W", bound=QWidget)


class Words(Elided):
    """A message, as wide as it needs to be as long as there is room, so that what can be done stands beside it."""

    def __init__(self) -> None:
        super().__init__("")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def show_text(self, text: str) -> None:
        """Shows another text."""
        super().show_text(text)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """Room for all of it."""
        wide = self.fontMetrics().horizontalAdvance(self.text_whole()) + 2
        return QSize(wide, super().sizeHint().height())


class StatusLine(QStatusBar):
    """Notice on the left, engine on the right.

    It is a status bar because screen readers have a key that reads one.
    """

    models_asked = pyqtSignal()

    def __init__(self, session: QtSession, look: Look, history: History) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self.setAccessibleName(self.tr("Messages"))
        inside = QFrame()
        inside.setProperty("role", "status")
        self.addWidget(inside, 1)
        self._look, self._history = look, history
        self.messages = Messages()
        self.list: MessageList | None = None
        self._offer = ""
        """The sentence whose act can be undone from here."""
        self.words = Words()
        self.words.setAccessibleDescription(self.tr("Last message"))
        # A key of the menu leads here, so that it is read out; Tab does not stop at it.
        self.words.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.undo = Button(look, self.tr("Undo"), role="chip")
        self.away = IconButton(look, "close", self.tr("Put the message away"))
        self.past = IconButton(look, "menu", self.tr("All messages"))
        self.lamp = Lamp(look)
        self.engine = ElidedButton(look, "", role="fold")
        self.engine.say(self.tr("Models"))
        row = self._row = look.pad(QHBoxLayout(inside), (16, 4, 12, 4), 6)
        for control in (self.words, self.undo, self.away):
            row.addWidget(control)
        row.addStretch(1)
        for control in (self.past, self.lamp, self.engine):
            row.addWidget(control)
        self._going = QTimer(self)
        self._going.setSingleShot(True)
        self._going.timeout.connect(self.show_now)
        self.away.clicked.connect(self.put_away)
        self.past.clicked.connect(self.open_list)
        self.undo.clicked.connect(history.undo)
        self.engine.clicked.connect(self.models_asked)
        session.noticed.connect(self.show_notice)
        history.done.connect(self.offer)
        history.changed.connect(self._withdraw)
        session.model_changed.connect(self.show_model)
        self.show_now()
        self.show_model(session.session.models.state())

    def add(self, widget: W) -> W:
        """Puts something before the engine's state."""
        self._row.insertWidget(self._row.indexOf(self.lamp), widget)
        return widget

    def minimumSizeHint(self) -> QSize:
        """Room for all, the engine's state cut as it will be in a line that is no wider."""
        size, engine = super().minimumSizeHint(), self.engine
        now = min(engine.sizeHint().width(), engine.maximumWidth())
        return size - QSize(max(now - engine.minimumSizeHint().width(), 0), 0)

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        """Leaves most of the line to the message."""
        super().resizeEvent(a0)
        self.engine.setMaximumWidth(self.width() * 2 // 5)

    def show_notice(self, notice: Notice) -> None:
        """Says a sentence."""
        self.messages.add(notice, time.time(), time.monotonic())
        self.show_now()

    def offer(self, text: str) -> None:
        """Says what was done, and offers to undo it for as long as it is seen and nothing else is done."""
        self.show_notice(Notice("info", "", text))
        self._offer = " ".join(text.split())
        self.show_now()

    def level(self) -> str:
        """Of what is said now: error, warning, info; empty when nothing is."""
        message = self.messages.seen(time.monotonic())
        return message.level if message is not None else ""

    def put_away(self) -> None:
        """Says nothing more of what is seen; what lay below it is seen again."""
        self.messages.put_away(time.monotonic())
        self.show_now()

    def open_list(self) -> None:
        """Opens all that was said; what is read there needs not to be said any more."""
        if self.list is None:
            self.list = MessageList(self._look, self)
        self.list.show_messages(self.messages.all)
        self.list.show()
        self.list.raise_()
        self.list.activateWindow()
        self.clear()

    def clear(self) -> None:
        """Says nothing more of what was said; it stays in the list."""
        self.messages.put_all_away()
        self.show_now()

    def show_now(self) -> None:
        """Shows what is to be seen now, until that is something else."""
        now = time.monotonic()
        message = self.messages.seen(now)
        words, level = (message.words(), message.level) if message is not None else ("", "info")
        if (words, level) != (self.words.text_whole(), self.words.property("level")):
            self.words.setProperty("level", level)
            self.words.setProperty("role", "muted" if level == "info" else level)
            restyle(self.words)
            self.words.show_text(words)
        self.away.setVisible(message is not None)
        self.undo.setVisible(message is not None and message.text == self._offer)
        self._going.stop()
        if message is not None and message.level != "error":
            self._going.start(max(round((message.until - now) * 1000) + 1, 1))
        if self.list is not None and self.list.isVisible():
            self.list.show_messages(self.messages.all)

    def show_model(self, model: ModelState) -> None:
        """Says what the engine does."""
        words = {
            "unloaded": self.tr("no model loaded"),
            "loading": self.tr("loading {0:.0%}").format(model.fraction),
            "ready": self.tr("ready"),
            "failed": self.tr("the model failed"),
        }
        lamp = {"ready": "on", "loading": "warning", "failed": "error"}.get(model.phase, "off")
        text = said(model.detail) or words[model.phase]
        self.lamp.show_state(lamp, text)
        self.engine.show_text(f"{model.name}  {text}".strip())

    def _withdraw(self) -> None:
        """Something else was done or undone: what is said now can not be undone from here."""
        self._offer = ""
        self.show_now()
