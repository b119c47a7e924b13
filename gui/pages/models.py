"""The models: what there is, its licence and limits, whether it is installed, and the one in memory.

Knows the session's models and its state of the engine; the words of the state are the engine's own.
"""

from __future__ import annotations

from PyQt6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from bridge.state import ModelInfo, ModelState
from engine.errors import LongtakeError
from engine.model_files import find_weights
from engine.registry import model_spec
from gui.look.containers import Card, line
from gui.look.controls import Button, Lamp, label, restyle
from gui.look.elided import Elided
from gui.look.theme import Look
from gui.qt_session import QtSession


class ModelRow(QWidget):
    """One model."""

    def __init__(self, session: QtSession, look: Look, model: ModelInfo) -> None:
        super().__init__()
        self.model = model
        self.bytes = size_on_disk(model.name)
        run = session.session
        self.lamp = Lamp(look)
        self.name = Elided(model.name, "strong")
        self.title = label(model.title, wrap=True)
        self.licence = label(model.licence, "small", wrap=True)
        self.facts = label(facts(self, model, self.bytes), "small", wrap=True)
        self.load = Button(look, self.tr("Load"))
        self.load.setAccessibleName(self.tr("Load {0}").format(model.name))
        self.unload = Button(look, self.tr("Unload"))
        self.unload.setAccessibleName(self.tr("Unload {0}").format(model.name))
        self.state = label("", "small", wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setAccessibleName(self.tr("Loading {0}").format(model.name))
        head = look.pad(QHBoxLayout(), gap=6)
        head.addWidget(self.lamp)
        head.addWidget(self.name, 1)
        head.addWidget(self.load)
        head.addWidget(self.unload)
        column = look.pad(QVBoxLayout(self), gap=4)
        column.addLayout(head)
        column.addWidget(self.title)
        column.addWidget(self.facts)
        column.addWidget(self.licence)
        column.addWidget(self.state)
        column.addWidget(self.bar)
        self.load.clicked.connect(lambda: session.attempt(run.models.load, model.name))
        self.unload.clicked.connect(lambda: session.attempt(run.models.unload))

    def show_state(self, state: ModelState) -> None:
        """Shows whether this model is the one in memory."""
        mine = state.name == self.model.name
        phase = state.phase if mine else "unloaded"
        installed = self.bytes is not None
        lamp = {"ready": "on", "loading": "warning", "failed": "error"}.get(phase, "off")
        self.state.setText(state.detail if mine else "" if installed else self._missing())
        self.lamp.show_state(lamp, self.state.text() or self.tr("no model loaded"))
        self.state.setVisible(bool(self.state.text()))
        self.state.setProperty("role", "error" if phase == "failed" else "small")
        restyle(self.state)
        self.bar.setVisible(phase == "loading")
        self.bar.setValue(round(state.fraction * 1000))
        self.load.setVisible(installed and phase in ("unloaded", "failed"))
        self.unload.setVisible(phase in ("ready", "loading"))

    def _missing(self) -> str:
        """What to do about a model that is not installed."""
        if self.model.weights != "public":
            return self.tr("Not installed: nobody has published its weights; train your own.")
        return self.tr("Not installed. In a terminal: longtake models download {0}").format(
            self.model.name
        )


class ModelsPanel(Card):
    """All models."""

    def __init__(self, session: QtSession, look: Look) -> None:
        super().__init__(look)
        self.rows: list[ModelRow] = []
        self.body.addWidget(label(self.tr("Models"), "title"))
        for model in session.session.models.all():
            row = ModelRow(session, look, model)
            self.rows.append(row)
            self.body.addWidget(row)
            self.body.addWidget(line())
        self.body.addStretch(1)
        session.model_changed.connect(self.show_state)
        self.show_state(session.session.models.state())

    def show_state(self, state: ModelState) -> None:
        """Shows what the engine says."""
        for row in self.rows:
            row.show_state(state)


def size_on_disk(name: str) -> int | None:
    """Bytes of a model's weights, or None if it is not installed."""
    try:
        folder = find_weights(model_spec(name))
    except LongtakeError:
        return None
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))


def facts(panel: QWidget, model: ModelInfo, size: int | None) -> str:
    """Limits and size in one line."""
    parts = [
        panel.tr("up to {0:.0f} s").format(model.max_seconds),
        f"{model.sample_rate / 1000:g} kHz",
        _size(size) if size else "",
        panel.tr("comes with Longtake") if model.weights == "embedded" else "",
    ]
    return "  ·  ".join(part for part in parts if part)


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
