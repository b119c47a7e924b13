"""The controls of a take's notes: where they come from, the chords over the bars, and the form.

Each is a `ParameterControl`, so that it shows what the session has and sets what is shown. Knows nothing of MIDI files.
"""

# The stubs of the bindings leave slots and items unknown.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from typing import Any

from PyQt6.QtWidgets import QLabel, QWidget

from engine.composing.form import form_bars
from engine.errors import LongtakeError
from gui.compose.chord_boxes import MOST, ChordBoxes, bars_of, problem_of
from gui.compose.parameter_controls import ParameterControl
from gui.look.controls import IconButton, Segments, label, row, set_role, text_field
from gui.look.language import said


class NotesControl(ParameterControl):
    """Where the notes come from; what is left to the model's own choice is shown as what it comes to."""

    def build(self) -> None:
        """Caption and segments, and what the choice means."""
        self.recording = False
        self.choice = Segments(
            self.look,
            self.title,
            [
                ("composed", self.tr("Composer")),
                ("heard", self.tr("Recording")),
                ("none", self.tr("Model")),
            ],
        )
        self.hint = label("", "small", wrap=True)
        self.column.addLayout(row(self.look, label(self.title), self.choice))
        self.column.addWidget(self.hint)
        self.choice.chosen.connect(self.set_value)

    def controls(self) -> list[QWidget]:
        """The segments."""
        return [self.choice.button(key) for key in self.known.choices]

    def show_value(self, value: Any) -> None:
        """Shows a choice."""
        shown = self.shown()
        hints = {
            "composed": self.tr("A built-in composer writes them; the model plays them."),
            "heard": self.tr("As heard in the recording: its beat, or its tune."),
            "none": self.tr("The model finds them by itself."),
        }
        self.choice.show_value(shown)
        self.choice.button("heard").setEnabled(self.recording)
        self.hint.setText(hints[shown])

    def shown(self) -> str:
        """What the choice comes to: there is nothing to hear without a recording."""
        get = self.session.session.parameters.get
        chosen = get(self.name)
        if chosen == "none" or not self.recording:
            return chosen if chosen == "none" else "composed"
        return chosen or ("composed" if get("chords") or get("form") else "heard")

    def show_recording(self, there: bool) -> None:
        """Says whether there is a recording to be heard."""
        self.recording = there
        self.show_value(None)


class ChordsControl(ParameterControl):
    """Chords as boxes over the bars, or as the line of text behind them."""

    def build(self) -> None:
        """Caption and switch, boxes or line, and what is wrong."""
        self.boxes = ChordBoxes(self.look, self.toolTip())
        self.field = text_field(self.title, "Am7 | F | C G | E7")
        self.as_text = IconButton(self.look, "pencil", self.tr("Write the chords as text"))
        self.as_text.setCheckable(True)
        self.said = label("", "small", wrap=True)
        self.column.addLayout(row(self.look, label(self.title), self.as_text))
        for widget in (self.boxes, self.field, self.said):
            self.column.addWidget(widget)
        self.as_text.toggled.connect(self._turn)
        self.boxes.changed.connect(self.set_value)
        self.field.textEdited.connect(self.set_value)
        self._turn(False)

    def controls(self) -> list[QWidget]:
        """The line and its switch; the boxes have menus of their own."""
        return [self.field, self.as_text]

    def show_value(self, value: Any) -> None:
        """Shows the chart that is set now: what is typed is ahead of the news of it."""
        value = self.session.session.parameters.get(self.name)
        self.boxes.show_chart(value)
        if self.field.text().strip() != value.strip():
            self.field.setText(value)
        count, problem = len(bars_of(value)), problem_of(value)
        if count >= MOST:  # more than there are boxes
            self.as_text.setChecked(True)
        self.as_text.setEnabled(count < MOST)
        words = self.tr("1 bar, repeated") if count == 1 else self.tr("{0} bars, repeated")
        say(self.said, problem, words.format(count) if count else "")

    def problem(self) -> str:
        """What cannot be read."""
        return problem_of(self.session.session.parameters.get(self.name))

    def _turn(self, text: bool) -> None:
        self.boxes.setVisible(not text)
        self.field.setVisible(text)


class FormControl(ParameterControl):
    """The form as a line of text."""

    def build(self) -> None:
        """Caption, line, and what is wrong."""
        self.field = text_field(self.title, "intro 4, verse 8, chorus 8")
        self.said = label("", "small", wrap=True)
        for widget in (label(self.title), self.field, self.said):
            self.column.addWidget(widget)
        self.field.textEdited.connect(self.set_value)

    def controls(self) -> list[QWidget]:
        """The line."""
        return [self.field]

    def show_value(self, value: Any) -> None:
        """Shows the form that is set now: what is typed is ahead of the news of it."""
        form = self.session.session.parameters.get(self.name)
        if self.field.text().strip() != form.strip():
            self.field.setText(form)
        bars, problem = self._read(form)
        words = self.tr("{0} bars, the take's length unless another is set")
        say(self.said, problem, words.format(bars) if bars else "")

    def problem(self) -> str:
        """What cannot be read."""
        return self._read(self.session.session.parameters.get(self.name))[1]

    def _read(self, form: str) -> tuple[int, str]:
        """Its length in bars, and what is wrong."""
        try:
            return (form_bars(form) if form.strip() else 0), ""
        except LongtakeError as error:
            return 0, str(error)


def say(where: QLabel, problem: str, words: str = "") -> None:
    """Says what is wrong, or else some words, or nothing and takes no room."""
    where.setText(said(problem) or words)
    set_role(where, "wrong" if problem else "small")
    where.setVisible(bool(problem or words))
