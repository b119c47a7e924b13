"""The controls of the live stream that are made for a stage: prompts, blend, freeze and its bars, choices in words.

Each is a control of the table, like all others. Knows the table; what stands where is the page's.
"""

# The stubs of the bindings leave slots and items unknown.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtGui import QFocusEvent, QKeyEvent
from PyQt6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from engine.registry import all_models
from gui.compose.parameter_controls import (
    ChoiceControl,
    NumberControl,
    ParameterControl,
    SwitchControl,
)
from gui.compose.prompt import PromptField
from gui.compose.table import Table
from gui.look.controls import Button, Figure, IconButton
from gui.look.language import tr
from gui.look.theme import Look

BARS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
AWAY = (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason)
"""Ways of the focus that do not mean that somebody has finished writing."""


class StageField(PromptField):
    """A prompt that counts once it is finished: by Return, or when one goes elsewhere; Escape takes it back."""

    entered = pyqtSignal()
    left = pyqtSignal()

    def keyPressEvent(self, e: QKeyEvent | None) -> None:
        """Return makes no line, but finishes."""
        if e is not None and e.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
        elif e is not None and e.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(e)

    def focusOutEvent(self, e: QFocusEvent | None) -> None:
        """Finishes, unless the window or a menu took the focus."""
        super().focusOutEvent(e)
        if e is not None and e.reason() not in AWAY:
            self.entered.emit()


class PromptControl(ParameterControl):
    """A letter, the prompt, and what takes one from elsewhere."""

    def __init__(self, table: Table, look: Look, name: str, letter: str) -> None:
        self.letter = letter
        super().__init__(table, look, name, tr("Prompt {0}").format(letter))

    def build(self) -> None:
        """All in a row."""
        self.field = StageField(self.look, 2)
        self.field.setAccessibleName(self.title)
        first = self.name == "prompt"
        self.field.setPlaceholderText(
            self.tr("What the input becomes: funk drums")
            if first
            else self.tr("Another sound, to blend towards")
        )
        self.more = IconButton(
            self.look, "presets", self.tr("{0}: take it from elsewhere").format(self.title)
        )
        line = self.look.pad(QHBoxLayout(), gap=8)
        line.addWidget(Figure(self.letter, "W", "display"))
        line.addWidget(self.field, 1)
        line.addWidget(self.more)
        self.column.addLayout(line)
        self.field.entered.connect(self.enter)
        self.field.left.connect(self._give_up)

    def controls(self) -> list[QWidget]:
        """The field; its button has a menu of its own."""
        return [self.field]

    def text(self) -> str:
        """What stands there, finished or not."""
        return " ".join(self.field.toPlainText().split())

    def show_value(self, value: Any) -> None:
        """Shows a prompt; what is being written here is not overwritten."""
        if not self._written() and value != self.field.toPlainText():
            with QSignalBlocker(self.field):
                self.field.setPlainText(value)
            self.field.updateGeometry()

    def write(self, text: str) -> None:
        """Writes another prompt, which counts at once."""
        self.field.setPlainText(text)
        self.set_value(text)
        self._finished()

    def enter(self) -> None:
        """What was written counts."""
        if self._written():
            self.set_value(self.text())
            self._finished()

    def _give_up(self) -> None:
        self._finished()
        self.show_value(self.table.get(self.name))

    def _written(self) -> bool:
        document = self.field.document()
        return document is not None and document.isModified()

    def _finished(self) -> None:
        if document := self.field.document():
            document.setModified(False)


class FaderControl(NumberControl):
    """A number with a slider that a hand finds."""

    def place(self) -> None:
        """As all numbers, larger."""
        super().place()
        self.slider.setProperty("role", "stage")


class BlendControl(FaderControl):
    """A fader from A to B; the letters at its ends say what it is."""

    def place(self) -> None:
        """All in a row."""
        self.slider.setProperty("role", "stage")
        line = self.look.pad(QHBoxLayout(), gap=8)
        line.addWidget(Figure("A", "W", "display"))
        line.addWidget(self.slider, 1)
        line.addWidget(Figure("B", "W", "display"))
        line.addWidget(self.field)
        self.column.addLayout(line)

    def _restyle(self) -> None:
        self.field.setMinimumWidth(self.look.px(64))


class LatchControl(SwitchControl):
    """A switch as a large button that stays down."""

    icon = "freeze"

    def build(self) -> None:
        """The button."""
        self.switch = Button(self.look, self.title, self.icon, "stage")
        self.switch.setCheckable(True)
        self.switch.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.column.addWidget(self.switch)
        self.switch.clicked.connect(self.set_value)

    def controls(self) -> list[QWidget]:
        """The button."""
        return [self.switch]

    def show_value(self, value: Any) -> None:
        """Is down, or not."""
        self.switch.setChecked(bool(value))
        self.switch.show_text(self.title, self.icon, "window" if value else "text")


class BarsControl(ChoiceControl):
    """How much is repeated: halves and doubles, which is what one counts."""

    def build(self) -> None:
        """The list."""
        words = {0.25: self.tr("1/4 bar"), 0.5: self.tr("1/2 bar"), 1.0: self.tr("1 bar")}
        several = self.tr("{0:g} bars")
        self.words = {bars: words.get(bars, several.format(bars)) for bars in BARS}
        super().build()
        self.offer(BARS)


class DelayControl(ChoiceControl):
    """When the music answers."""

    def build(self) -> None:
        """The list."""
        beats = self.tr("{0} beats")
        self.words = {
            "soonest": self.tr("as soon as it can"),
            "1/2": self.tr("1/2 beat"),
            "1": self.tr("1 beat"),
            "2": beats.format(2),
            "4": beats.format(4),
            "bar": self.tr("1 bar"),
        }
        super().build()


class LateControl(ChoiceControl):
    """What is heard where the music is late."""

    def build(self) -> None:
        """The list."""
        self.words = {"dry": self.tr("the input"), "silent": self.tr("silence")}
        super().build()


class ModelChoice(ChoiceControl):
    """Any of the models, with those that were added meanwhile."""

    def build(self) -> None:
        """The list."""
        super().build()
        self.offer(list(all_models()))
        self.session.model_stored.connect(lambda _: self.offer(list(all_models())))
