"""The left column: prompt, length, source, more - and the one big button.

Knows its panels; a press of the button is signalled as `generate_asked`.
"""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QVBoxLayout, QWidget

from bridge.state import Job, JobOptions
from gui.compose.deliver import DeliverBox
from gui.compose.length import LengthPanel
from gui.compose.parameters import ParametersPanel
from gui.compose.prompt import PromptPanel
from gui.compose.request import make
from gui.compose.score import ScorePanel
from gui.compose.settings_text import set_from_text, settings_text
from gui.compose.source import SourcePanel
from gui.learn import teach
from gui.look.containers import Card, Scrolled, line
from gui.look.controls import Button, Switch, label
from gui.look.flow_layout import FlowLayout
from gui.look.theme import Look
from gui.memory import State
from gui.qt_session import QtSession
from gui.takes.peak_store import PeakStore

WHOLE = 1000
"""More lines of text than there are: the composer asks to be shown whole."""


class Composer(Card):
    """What is asked for."""

    generate_asked = pyqtSignal()

    def __init__(self, session: QtSession, look: Look, peaks: PeakStore) -> None:
        super().__init__(look, (0, 0, 0, 0), 0)
        self._session = session
        self.prompt = PromptPanel(session, look)
        self.length = LengthPanel(session, look)
        self.source = SourcePanel(session, look, peaks)
        self.score = ScorePanel(session, look)
        self.more = ParametersPanel(session, look)
        self.generate = Button(look, self.tr("Generate"), role="primary")
        self.generate.setToolTip(self.tr("Make it  (Ctrl+Return)"))
        self.listen = Switch(look, self.tr("Play while it grows"))
        self.listen.setChecked(True)
        self.deliver = DeliverBox(session, look)
        self.promise = label("", "small")
        teach(self.generate, session, "generate", self.tr("Generate"))

        inside = QWidget()
        column = look.pad(QVBoxLayout(inside), (16, 16, 16, 12), 14)
        column.addWidget(self.prompt)
        column.addWidget(line())
        column.addWidget(self.length)
        column.addWidget(self.source)
        column.addWidget(self.score)
        column.addWidget(self.more)
        column.addStretch(1)
        foot = look.pad(QVBoxLayout(), (16, 10, 16, 14), 8)
        foot.addWidget(self.generate)
        row = look.pad(FlowLayout(), gap=8)
        row.addWidget(self.listen)
        row.addStretch()
        row.addWidget(self.promise)
        foot.addLayout(row)
        foot.addWidget(self.deliver)
        self.body.addWidget(Scrolled(inside, WHOLE), 1)
        self.body.addWidget(line())
        self.body.addLayout(foot)

        self.generate.clicked.connect(self.generate_asked)
        self.prompt.changed.connect(lambda _: self._changed())
        self.more.variations.changed.connect(lambda _: self._changed())
        self.source.changed.connect(self._changed)
        self._changed()

    def state(self) -> State:
        """What its panels remember, and the parameters."""
        self.prompt.settle()
        return {
            **self.prompt.state(),
            **self.length.state(),
            **self.score.state(),
            **self.more.state(),
            **self.deliver.state(),
            "listen": self.listen.isChecked(),
            "settings": settings_text(self._session),
        }

    def ask(self) -> Job:
        """Queues what the panels show.

        Raises:
            LongtakeError: with a sentence, when it cannot be made, or there is no place for it in the DAW.
        """
        options = self.options(self.more.variations.value())
        source, seconds = self.source.source(), self.length.seconds()
        return make(self._session.session, source, options, seconds, self.overrides())

    def options(self, batch: int = 1) -> JobOptions:
        """How jobs are run: how many takes, whether they are heard, and where they go, settled now.

        Raises:
            BridgeError: if there is no such place in the DAW.
        """
        placement = self.deliver.placement()
        return JobOptions(batch=batch, placement=placement, play=self.listen.isChecked())

    def overrides(self) -> dict[str, Any]:
        """What holds for the next job alone, beside the parameters."""
        return {**self.length.overrides(), **self.score.overrides()}

    def restore(self, state: State) -> None:
        """Restores them; a setting that something else has changed meanwhile is left alone."""
        for panel in (self.prompt, self.length, self.score, self.more, self.deliver):
            panel.restore(state)
        self.listen.setChecked(state["listen"])
        set_from_text(self._session, state["settings"])

    def _changed(self) -> None:
        self.length.show_tempo(self.prompt.form().tempo)
        source, count = self.source.source(), self.more.variations.value()
        self.score.show_recording(source is not None)
        self.length.allow_loop(source is None or source.mode == "transform")
        words = {
            None: self.tr("Generate"),
            "transform": self.tr("Transform"),
            "keep": self.tr("Fill in the rest"),
            "continue": self.tr("Continue"),
        }[source.mode if source else None]
        self.generate.show_text(words if count == 1 else self.tr("{0}  ×{1}").format(words, count))
        ready = bool(self.prompt.text())
        self.promise.setText("" if ready else self.tr("write a prompt first"))
