"""The prompt: a large field with history, chips that write it and read it back, what to leave out, and a surprise.

Knows the session's parameters `prompt`, `prompt_b` with its `blend`, and `negative_prompt`; the chips only rewrite the
text: it alone counts.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from PyQt6.QtCore import QRect, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QResizeEvent, QTextCursor
from PyQt6.QtWidgets import QFrame, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget

from gui.compose.chips import KeyChip, TempoChip, WordChip
from gui.compose.parameter_controls import NumberControl, TextControl
from gui.compose.table import job_table
from gui.compose.vocabulary import GENRES, INSTRUMENTS, MOODS, surprise
from gui.look.containers import Fold
from gui.look.controls import Button, label, later, text_field
from gui.look.flow_layout import FlowLayout
from gui.look.theme import Look
from gui.memory import State
from gui.prompt_form import PromptForm, read_form
from gui.qt_session import QtSession

HISTORY = 100
SETTLE_MS = 250
"""How long typing must rest before the session hears of it."""


class PromptField(QPlainTextEdit):
    """A text field that grows with its text; Up in its first line and Down in its last step through the history."""

    walked = pyqtSignal(int)

    def __init__(self, look: Look, least: int = 3) -> None:
        super().__init__()
        self._look, self._least = look, least
        self.setProperty("role", "prompt")
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.textChanged.connect(self.updateGeometry)
        look.follow(self._restyle)

    def sizeHint(self) -> QSize:
        """The least lines, or as many as it has or its placeholder needs, up to seven."""
        document = self.document()
        lines = round(document.size().height()) if document is not None else 0
        lines = min(max(lines, self._least, self._placeholder_lines()), 7)
        height = self.fontMetrics().lineSpacing() * lines + self._look.px(28)
        return QSize(self._look.px(300), height)

    def minimumSizeHint(self) -> QSize:
        """The same height: the prompt is never squeezed."""
        return QSize(self._look.px(160), self.sizeHint().height())

    def resizeEvent(self, e: QResizeEvent | None) -> None:
        """At another width the text wraps differently, once it is laid out again."""
        super().resizeEvent(e)
        later(self, self.updateGeometry)

    def keyPressEvent(self, e: QKeyEvent | None) -> None:
        """Steps through the history from the first and last line."""
        if e is None:
            return
        cursor = self.textCursor()
        if e.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and not e.modifiers():
            moved = QTextCursor(cursor)
            up = e.key() == Qt.Key.Key_Up
            if not moved.movePosition(
                QTextCursor.MoveOperation.Up if up else QTextCursor.MoveOperation.Down
            ):
                self.walked.emit(-1 if up else 1)
                return
        super().keyPressEvent(e)

    def _placeholder_lines(self) -> int:
        document, viewport, metrics = self.document(), self.viewport(), self.fontMetrics()
        if document is None or viewport is None or not document.isEmpty():
            return 0
        width = max(viewport.width() - 2 * round(document.documentMargin()), 1)
        box = QRect(0, 0, width, 1 << 16)
        words = metrics.boundingRect(box, Qt.TextFlag.TextWordWrap.value, self.placeholderText())
        return -(-words.height() // metrics.lineSpacing())

    def _restyle(self) -> None:
        self.setFont(self._look.font("prompt"))
        self.updateGeometry()


class PromptPanel(QWidget):
    """Prompt, chips, what to leave out."""

    changed = pyqtSignal(str)
    surprise_asked = pyqtSignal()

    def __init__(self, session: QtSession, look: Look) -> None:
        super().__init__()
        self._session = session
        self._dice = random.Random()
        self._history: list[str] = []
        self._place = 0
        self._draft = ""
        self.field = PromptField(look)
        self.field.setAccessibleName(self.tr("Prompt: what it should sound like"))
        self.field.setPlaceholderText(
            self.tr("What should it sound like?\nA warm house groove with piano, 124 BPM")
        )
        self.genre = WordChip(look, self.tr("Genre"), GENRES, several=False)
        self.instruments = WordChip(look, self.tr("Instruments"), INSTRUMENTS, several=True)
        self.moods = WordChip(look, self.tr("Mood"), MOODS, several=True)
        self.tempo = TempoChip(look, self.tr("Tempo"))
        self.key = KeyChip(look, self.tr("Key"))
        self.dice = Button(look, self.tr("Surprise me"), "dice", "chip")
        self.dice.setToolTip(self.tr("A style at random, with what goes with it"))
        self.without = text_field(
            self.tr("Negative prompt: what it should not sound like"),
            self.tr("vocals, distortion …"),
        )
        self.fold = Fold(look, self.tr("Leave something out"))
        self.fold.body.addWidget(label(self.tr("What the music should not be"), "small", wrap=True))
        self.fold.body.addWidget(self.without)
        self.towards = Fold(look, self.tr("Blend with another sound"))
        table = job_table(session)
        self.prompt_b = TextControl(table, look, "prompt_b", self.tr("Prompt {0}").format("B"))
        self.blend = NumberControl(table, look, "blend", self.tr("Blend"))
        for control in (self.prompt_b, self.blend):
            self.towards.body.addWidget(control)

        chips = look.pad(FlowLayout(), gap=6)
        for chip in (self.genre, self.instruments, self.moods, self.tempo, self.key, self.dice):
            chips.addWidget(chip)
        column = look.pad(QVBoxLayout(self), gap=10)
        column.addWidget(self.field)
        column.addLayout(chips)
        column.addWidget(self.towards)
        column.addWidget(self.fold)

        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.setInterval(SETTLE_MS)
        self._settling.timeout.connect(self.settle)
        self.field.textChanged.connect(self._typed)
        self.field.walked.connect(self._walk)
        self.without.textEdited.connect(lambda _: self._settling.start())
        self.genre.chosen.connect(lambda words: self._write(genre=", ".join(words)))
        self.instruments.chosen.connect(lambda words: self._write(instruments=words))
        self.moods.chosen.connect(lambda words: self._write(moods=words))
        self.tempo.chosen.connect(lambda tempo: self.write(self.form().with_tempo(tempo)))
        self.key.chosen.connect(lambda key: self.write(self.form().with_key(key)))
        self.dice.clicked.connect(self.surprise_asked)
        session.parameter_changed.connect(self._heard)
        self._heard("prompt", session.session.parameters.get("prompt"))
        self._heard("prompt_b", session.session.parameters.get("prompt_b"))
        self._heard("negative_prompt", session.session.parameters.get("negative_prompt"))

    def text(self) -> str:
        """The prompt."""
        return self.field.toPlainText().strip()

    def form(self) -> PromptForm:
        """The prompt as the chips see it."""
        return read_form(self.text())

    def write(self, form: PromptForm) -> None:
        """Replaces the prompt; Undo brings the old one back."""
        self.show_text(form.write())

    def show_text(self, text: str) -> None:
        """Replaces the text, keeping the field's own undo."""
        if text == self.field.toPlainText():
            return
        cursor = self.field.textCursor()
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(text)

    def surprise(self) -> None:
        """Writes a style at random; what was there goes into the history."""
        self.remember()
        self.write(surprise(self._dice))
        self.settle()

    def tell(self) -> None:
        """Passes on what was typed and not told yet."""
        if self._settling.isActive():
            self.settle()

    def settle(self) -> None:
        """Passes what was typed on to the session at once."""
        self._settling.stop()
        self.prompt_b.enter()
        for name, value in (
            ("prompt", self.text()),
            ("negative_prompt", self.without.text().strip()),
        ):
            if self._session.session.parameters.get(name) != value:
                self._session.attempt(self._session.session.parameters.set, name, value)

    def remember(self) -> None:
        """Puts the prompt into the history."""
        text = self.text()
        if text:
            self._history = [*(old for old in self._history if old != text), text][-HISTORY:]
        self._place = len(self._history)

    def history(self) -> list[str]:
        """Prompts that were used, oldest first."""
        return list(self._history)

    def state(self) -> State:
        """The history, and whether the folds are open."""
        return {
            "history": self.history(),
            "without": self.fold.is_open(),
            "towards": self.towards.is_open(),
        }

    def restore(self, state: State) -> None:
        """Restores the history and the folds."""
        self._history = state["history"][-HISTORY:]
        self._place = len(self._history)
        self.fold.open(state["without"])
        self.towards.open(state["towards"])

    def _write(self, **change: Any) -> None:
        self.write(replace(self.form(), **change))

    def _typed(self) -> None:
        form = self.form()
        self.genre.show_words((form.genre,) if form.genre else ())
        self.instruments.show_words(form.instruments)
        self.moods.show_words(form.moods)
        self.tempo.show_tempo(form.tempo)
        self.key.show_key(form.key)
        self._settling.start()
        self.changed.emit(self.text())

    def _walk(self, step: int) -> None:
        if self._place == len(self._history):
            self._draft = self.text()
        place = self._place + step
        if 0 <= place <= len(self._history):
            self._place = place
            self.show_text(self._history[place] if place < len(self._history) else self._draft)

    def _heard(self, name: str, value: Any) -> None:
        """Another front end set it; what is being typed here is not overwritten."""
        if name == "prompt_b" and value:
            self.towards.open()
        if self._settling.isActive():
            return
        if name == "prompt" and value != self.text():
            self.show_text(value)
            self._settling.stop()
        elif name == "negative_prompt" and value != self.without.text().strip():
            self.without.setText(value)
            if value:
                self.fold.open()
