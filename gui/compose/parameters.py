"""More: seed, variations, steps, guidance, sampler, model - folded away until they are wanted.

Every control comes from the table of parameters; finer ones are in a second fold. A parameter that is added to the
table and shown by no other panel appears there by itself.
"""

from __future__ import annotations

import secrets
from typing import Any

from PyQt6.QtCore import QSignalBlocker, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from bridge.state import Job
from engine.registry import all_models
from engine.spec import PARAMETERS, RANDOM_SEEDS
from gui.compose.parameter_controls import ParameterControl, control_for, sentence
from gui.compose.table import job_table
from gui.learn import teach
from gui.look.containers import Fold
from gui.look.controls import IconButton, label, row, show_placeholder, text_field
from gui.look.elided import Elided
from gui.look.fields import ChoiceBox, Slider
from gui.look.language import said
from gui.look.theme import Look
from gui.memory import State
from gui.qt_session import QtSession

ELSEWHERE = (
    "prompt",
    "prompt_b",
    "blend",
    "negative_prompt",
    "model",
    "seconds_total",
    "bars",
    "tempo",
    "beats_per_bar",
    "key",
    "loop",
    "score",
    "score_seed",
    "chords",
    "form",
    "midi",
    "seed",
    "init_audio",
    "init_noise_level",
    "keep",
)
"""Parameters that other panels show, or that have a control of their own here."""
PLAIN = ("steps", "cfg_scale", "sampler")
MOST_VARIATIONS = 8


class SeedControl(QWidget):
    """A seed: random each time, or locked to a number. That of the notes is the take's own unless it is locked."""

    def __init__(self, session: QtSession, look: Look, name: str = "seed", title: str = "") -> None:
        super().__init__()
        self._session, self._name = session, name
        title = title or self.tr("Seed")
        of_notes = name == "score_seed"
        free = self.tr("the take's") if of_notes else self.tr("random each time")
        locks = (
            self.tr("Lock the notes: other takes play the same")
            if of_notes
            else self.tr("Lock the seed: the same settings give the same take")
        )
        self.field = text_field(title, free)
        self.field.setAccessibleDescription(sentence(PARAMETERS[name]))
        self.field.setMaxLength(12)
        self.dice = IconButton(look, "dice", self.tr("Another seed"))
        self.lock = IconButton(look, "unlock", locks)
        self.lock.setCheckable(True)
        line = look.pad(QHBoxLayout(self), gap=6)
        line.addWidget(label(title), 1)
        line.addWidget(self.field)
        line.addWidget(self.dice)
        line.addWidget(self.lock)
        self._last: int | None = None
        self.field.editingFinished.connect(self._typed)
        self.dice.clicked.connect(lambda: self._set(secrets.randbelow(RANDOM_SEEDS)))
        self.lock.clicked.connect(self._turn)
        session.parameter_changed.connect(self._heard)
        session.job_changed.connect(self._made)
        for control in (self.field, self.dice, self.lock):
            teach(control, session, name, title, lambda: self._set(None))
        self._heard(name, session.session.parameters.get(name))

    def _typed(self) -> None:
        text = self.field.text().strip()
        whole = text.removeprefix("-").isdecimal()
        self._set((int(text) if whole else text) if text else None)
        self._heard(self._name, self._session.session.parameters.get(self._name))

    def _turn(self, on: bool) -> None:
        self._set(
            (self._last if self._last is not None else secrets.randbelow(RANDOM_SEEDS))
            if on
            else None
        )

    def _set(self, seed: int | str | None) -> None:
        if seed != self._session.session.parameters.get(self._name):
            self._session.attempt(self._session.session.parameters.set, self._name, seed)

    def _heard(self, name: str, value: Any) -> None:
        if name != self._name:
            return
        self.field.setText("" if value is None else str(value))
        self.lock.setChecked(value is not None)
        self.lock.set_icon(
            "unlock" if value is None else "lock", "text" if value is None else "accent"
        )

    def _made(self, job: Job) -> None:
        of_notes = self._name == "score_seed"
        asked = job.spec.score_seed if of_notes else None
        last = job.spec.seed if asked is None else asked
        self._last = last if last is not None else self._last
        if self._last is not None:
            words = self.tr("the take's, last {0}") if of_notes else self.tr("random, last {0}")
            show_placeholder(self.field, words.format(self._last))


class VariationsControl(QWidget):
    """How many takes one press of Generate makes."""

    changed = pyqtSignal(int)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.slider = Slider()
        self.slider.setRange(1, MOST_VARIATIONS)
        self.slider.setPageStep(1)
        self.slider.setAccessibleName(self.tr("Number of variations"))
        self.slider.setToolTip(self.tr("So many takes are made, each with a seed of its own."))
        self._said = label("1", "strong")
        column = look.pad(QVBoxLayout(self), gap=3)
        column.addLayout(row(look, label(self.tr("Takes at once")), self._said))
        column.addWidget(self.slider)
        self.slider.valueChanged.connect(self._turned)

    def value(self) -> int:
        """How many."""
        return self.slider.value()

    def _turned(self, value: int) -> None:
        self._said.setText(str(value))
        self.changed.emit(value)


class _ModelBox(ChoiceBox):
    """The models' names, with those that were added since the panel was opened."""

    def fill(self) -> None:
        """Adds what is new."""
        self.addItems([name for name in all_models() if self.findText(name) < 0])

    def showPopup(self) -> None:
        """Opens the list."""
        self.fill()
        super().showPopup()


class ModelControl(QWidget):
    """Which model makes it, and what it is."""

    def __init__(self, session: QtSession, look: Look) -> None:
        super().__init__()
        self._session = session
        self.box = _ModelBox()
        self.box.setAccessibleName(self.tr("Model"))
        self._about = Elided("", "small")
        column = look.pad(QVBoxLayout(self), gap=3)
        column.addLayout(row(look, label(self.tr("Model")), self.box))
        column.addWidget(self._about)
        self.box.activated.connect(
            lambda _: session.attempt(
                session.session.parameters.set, "model", self.box.currentText()
            )
        )
        session.parameter_changed.connect(self._heard)
        self._heard("model", session.session.parameters.get("model"))

    def _heard(self, name: str, value: Any) -> None:
        model = all_models().get(value) if name == "model" else None
        if model is None:
            return
        with QSignalBlocker(self.box):
            self.box.fill()
            self.box.setCurrentText(value)
        self._about.show_text(
            self.tr("{0}. Up to {1:.0f} s.").format(said(model.title), model.max_seconds)
        )


class ParametersPanel(Fold):
    """The fold `More`."""

    def __init__(self, session: QtSession, look: Look) -> None:
        super().__init__(look, self.tr("More"))
        titles = {
            "steps": self.tr("Steps"),
            "cfg_scale": self.tr("Guidance"),
            "sampler": self.tr("Sampler"),
            "variation": self.tr("Drift from the seed"),
            "variation_seed": self.tr("Drift towards seed"),
            "cfg_rescale": self.tr("Guidance rescale"),
            "cfg_interval": self.tr("Guidance acts"),
            "init_span": self.tr("Part of the recording"),
            "schedule": self.tr("Noise schedule"),
            "lora": self.tr("LoRA files"),
        }
        self.seed = SeedControl(session, look)
        self.variations = VariationsControl(look)
        self.model = ModelControl(session, look)
        self.finer = Fold(look, self.tr("Finer still"))
        table = job_table(session)
        self.controls: dict[str, ParameterControl] = {}
        for name in PARAMETERS:
            if name not in ELSEWHERE:
                title = titles.get(name, name.replace("_", " ").capitalize())
                self.controls[name] = control_for(table, look, name, title)
        self.body.addWidget(self.variations)
        self.body.addWidget(self.seed)
        for name in PLAIN:
            self.body.addWidget(self.controls[name])
        self.body.addWidget(self.model)
        for name, control in self.controls.items():
            if name not in PLAIN:
                self.finer.body.addWidget(control)
        self.body.addWidget(self.finer)

    def state(self) -> State:
        """Which folds are open, and how many takes one press makes."""
        return {
            "more": self.is_open(),
            "finer": self.finer.is_open(),
            "variations": self.variations.value(),
        }

    def restore(self, state: State) -> None:
        """Is again as it was."""
        self.open(state["more"])
        self.finer.open(state["finer"])
        self.variations.slider.setValue(int(state["variations"]))
