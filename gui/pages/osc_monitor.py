"""The OSC monitor: where to send, and the last messages in and out, so that connecting a DAW is seen to work.

Knows `OscTraffic`; no sockets. Lines are shown a few times a second, however many messages come.
"""

from __future__ import annotations

from collections import deque

from PyQt6.QtCore import QTimer
from PyQt6.QtGui import QGuiApplication, QTextOption
from PyQt6.QtWidgets import QHBoxLayout, QPlainTextEdit

from bridge.events import OscTraffic
from gui.look.containers import Card
from gui.look.controls import Button, IconButton, Lamp, Switch, label, text_field
from gui.look.elided import Elided
from gui.look.theme import Look
from gui.qt_session import QtSession

KEPT = 400
FRAME_MS = 120


class OscMonitor(Card):
    """Address and messages."""

    def __init__(self, session: QtSession, look: Look, address: str) -> None:
        super().__init__(look)
        self._lines: deque[str] = deque(maxlen=KEPT)
        self._new = 0
        self.lamp = Lamp(look)
        self.lamp.show_state("off", self.tr("No message yet"))
        self.address = label(address or self.tr("OSC is off"), "strong")
        self.peer = Elided(self.tr("No message yet"), "small")
        self.copy = IconButton(look, "copy", self.tr("Copy the address"))
        self.copy.setEnabled(bool(address))
        self.filter = text_field(self.tr("Show only OSC addresses with"), self.tr("Filter"))
        self.hold = Switch(look, self.tr("Hold"))
        self.wipe = Button(look, self.tr("Clear"))
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setMaximumBlockCount(KEPT)
        self.text.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.text.setAccessibleName(self.tr("OSC messages"))
        self.text.setPlaceholderText(self.tr("← what comes in\n→ what goes out"))
        self._arrange(look)
        self._drawing = QTimer(self)
        self._drawing.setSingleShot(True)
        self._drawing.setInterval(FRAME_MS)
        self._drawing.timeout.connect(self._draw)
        session.osc_traffic.connect(self.show_message)
        self.copy.clicked.connect(lambda: _copy(address))
        self.wipe.clicked.connect(self.clear)
        self.filter.textChanged.connect(lambda _: self._again())
        self.hold.toggled.connect(lambda on: None if on else self._draw())

    def _arrange(self, look: Look) -> None:
        head = look.pad(QHBoxLayout(), gap=6)
        head.addWidget(self.lamp)
        head.addWidget(self.address, 1)
        head.addWidget(self.copy)
        tools = look.pad(QHBoxLayout(), gap=8)
        tools.addWidget(self.filter, 1)
        tools.addWidget(self.hold)
        tools.addWidget(self.wipe)
        self.body.addWidget(label("OSC", "title"))
        self.body.addLayout(head)
        self.body.addWidget(self.peer)
        self.body.addWidget(
            label(
                self.tr(
                    "Send /longtake/ping from your DAW or tablet: the lamp lights and /longtake/pong goes back."
                ),
                "small",
                wrap=True,
            )
        )
        self.body.addLayout(tools)
        self.body.addWidget(self.text, 1)

    def show_message(self, message: OscTraffic) -> None:
        """Takes a message."""
        arrow = "←" if message.direction == "in" else "→"
        values = " ".join(_word(value) for value in message.arguments)
        self._lines.append(f"{arrow} {message.address} {values}".rstrip())
        self._new = min(self._new + 1, KEPT)
        if message.direction == "in":
            words = self.tr("Last message from {0}").format(message.peer)
            self.lamp.show_state("on", words)
            self.peer.show_text(words)
        if not self._drawing.isActive() and not self.hold.isChecked():
            self._drawing.start()

    def clear(self) -> None:
        """Forgets all messages."""
        self._lines.clear()
        self._again()

    def _again(self) -> None:
        self.text.clear()
        self._new = len(self._lines)
        self._draw()

    def _draw(self) -> None:
        wanted = self.filter.text().strip().casefold()
        fresh = list(self._lines)[len(self._lines) - min(self._new, len(self._lines)) :]
        self._new = 0
        shown = [line for line in fresh if wanted in line.casefold()]
        if shown:
            self.text.appendPlainText("\n".join(shown))


def _word(value: object) -> str:
    return (
        f"{value:g}"
        if isinstance(value, float)
        else repr(value)
        if isinstance(value, str)
        else str(value)
    )


def _copy(text: str) -> None:
    clipboard = QGuiApplication.clipboard()
    if clipboard is not None:
        clipboard.setText(text)
