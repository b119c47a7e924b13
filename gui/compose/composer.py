"""The left column: prompt, length, source, more - and the one big button.

Knows its panels; what the button does is told as `generate_asked`.
"""

from __future__ import annotations

from PyQt6.QtCore import QSize, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from gui.compose.length import LengthPanel
from gui.compose.parameters import ParametersPanel
from gui.compose.prompt import PromptPanel
from gui.compose.source import SourcePanel
from gui.learn import teach
from gui.look.controls import Button, Card, Switch, label, line, scrolled
from gui.look.theme import Look
from gui.qt_session import QtSession
from gui.takes.peak_store import PeakStore


class Composer(Card):
    """What is asked for."""

    generate_asked = pyqtSignal()

    def __init__(self, session: QtSession, look: Look, peaks: PeakStore) -> None:
        super().__init__(look, (0, 0, 0, 0), 0)
        self._look = look
        self.prompt = PromptPanel(session, look)
        self.length = LengthPanel(session, look)
        self.source = SourcePanel(session, look, peaks)
        self.more = ParametersPanel(session, look)
        self.generate = Button(look, self.tr("Generate"), role="primary")
        self.generate.setToolTip(self.tr("Make it  (Ctrl+Return)"))
        self.listen = Switch(look, self.tr("Play while it grows"))
        self.listen.setChecked(True)
        self.promise = label("", "small")
        teach(self.generate, session, "generate", self.tr("Generate"))

        inside = QWidget()
        column = look.pad(QVBoxLayout(inside), (16, 16, 16, 12), 14)
        column.addWidget(self.prompt)
        column.addWidget(line())
        column.addWidget(self.length)
        column.addWidget(self.source)
        column.addWidget(self.more)
        column.addStretch(1)
        foot = look.pad(QVBoxLayout(), (16, 10, 16, 14), 8)
        foot.addWidget(self.generate)
        row = look.pad(QHBoxLayout(), gap=8)
        row.addWidget(self.listen)
        row.addStretch(1)
        row.addWidget(self.promise)
        foot.addLayout(row)
        self.body.addWidget(scrolled(inside), 1)
        self.body.addWidget(line())
        self.body.addLayout(foot)

        self.generate.clicked.connect(self.generate_asked)
        self.prompt.changed.connect(lambda _: self._changed())
        self.more.variations.changed.connect(lambda _: self._changed())
        self.source.changed.connect(self._changed)
        self._changed()

    def minimumSizeHint(self) -> QSize:
        """Wide enough for every row."""
        return QSize(self._look.px(340), self._look.px(300))

    def _changed(self) -> None:
        self.length.show_tempo(self.prompt.form().tempo)
        source, count = self.source.source(), self.more.variations.value()
        words = {
            None: self.tr("Generate"),
            "transform": self.tr("Transform"),
            "keep": self.tr("Fill in the rest"),
            "continue": self.tr("Continue"),
        }[source.mode if source else None]
        self.generate.show_text(words if count == 1 else self.tr("{0}  ×{1}").format(words, count))
        ready = bool(self.prompt.text())
        self.promise.setText("" if ready else self.tr("write a prompt first"))
