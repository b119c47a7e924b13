"""The models: what there is, its licence and limits, and everything that can be done: fetch, add, use, remove.

Knows the session's models, their files and its state of the engine; the words of the state are the engine's own.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import (
    QApplication,
    QFileDialog,
    QHBoxLayout,
    QMenu,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from bridge.state import ModelInfo, ModelState
from bridge.stored import StoredModel
from engine.registry import MODELS
from gui.look.asking import ask_name
from gui.look.containers import Card, line
from gui.look.controls import Button, Lamp, label, later, restyle
from gui.look.elided import Elided
from gui.look.flow_layout import FlowLayout
from gui.look.language import said
from gui.look.theme import Look
from gui.pages.account import AccountFold
from gui.pages.licence import LicenceBox, in_words
from gui.qt_session import QtSession


class ModelRow(QWidget):
    """One model."""

    def __init__(self, session: QtSession, look: Look, model: ModelInfo) -> None:
        super().__init__()
        self._session = session
        self.model = model
        self.files = session.session.models.files
        self.stored = self.files.get(model.name)
        self._engine = ModelState()
        self._adding: tuple[Path, str] | None = None
        self._sure = False
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.lamp = Lamp(look)
        self.name = Elided(model.name, "strong")
        self.facts = label("", "small", wrap=True)
        self.state = label("", "small", wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.licence = LicenceBox(look, model, self.files.root)
        self._make_buttons(look)
        head = look.pad(QHBoxLayout(), gap=6)
        head.addWidget(self.lamp)
        head.addWidget(self.name, 1)
        column = look.pad(QVBoxLayout(self), gap=4)
        column.addWidget(line())
        column.addLayout(head)
        column.addWidget(label(said(model.title), wrap=True))
        column.addWidget(self.facts)
        column.addWidget(label(said(model.licence), "small", wrap=True))
        column.addWidget(self.state)
        column.addWidget(self.bar)
        column.addWidget(self.licence)
        column.addLayout(self._buttons)
        self.licence.agree.clicked.connect(self._accepted)
        self.licence.leave.clicked.connect(lambda: self._ask_licence(False))
        self._show()

    def _make_buttons(self, look: Look) -> None:
        run, name = self._session.session, self.model.name
        self._buttons = look.pad(FlowLayout(), gap=6)
        self._all: list[Button] = []

        def button(words: str, named: str) -> Button:
            made = Button(look, words)
            made.setAccessibleName(named.format(name))
            self._buttons.addWidget(made)
            self._all.append(made)
            return made

        self.load = button(self.tr("Use this one"), self.tr("Use {0}"))
        self.unload = button(self.tr("Unload"), self.tr("Unload {0}"))
        self.download = button(self.tr("Download…"), self.tr("Download {0}"))
        self.pause = button(self.tr("Pause"), self.tr("Pause the download of {0}"))
        self.cancel = button(self.tr("Cancel"), self.tr("Cancel the download of {0}"))
        self.add = button(self.tr("Add…"), self.tr("Add {0} from a folder or a file"))
        self.add.setMenu(self._adding_menu())
        self.remove = button(self.tr("Remove"), self.tr("Remove {0}"))
        attempt = self._session.attempt
        self.load.clicked.connect(lambda: attempt(run.models.load, name))
        self.unload.clicked.connect(lambda: attempt(run.models.unload))
        self.download.clicked.connect(self._download)
        self.pause.clicked.connect(lambda: attempt(self.files.pause, name))
        self.cancel.clicked.connect(lambda: attempt(self.files.cancel, name))
        self.remove.clicked.connect(self._remove)

    def _adding_menu(self) -> QMenu:
        menu = QMenu(self)
        for words, file, own in (
            (self.tr("From a folder…"), False, False),
            (self.tr("From a file…"), True, False),
            (self.tr("A fine-tune from a folder, under its own name…"), False, True),
            (self.tr("A fine-tune from a file, under its own name…"), True, True),
        ):
            action = QAction(words, menu)
            action.triggered.connect(self._chooser(file, own))
            menu.addAction(action)
        return menu

    def _chooser(self, file: bool, own: bool) -> Callable[[], None]:
        return lambda: self._choose(file=file, own=own)

    # --- what hands do ---

    def _download(self) -> None:
        self._adding = None
        if self.stored.accepted:
            self._session.attempt(self.files.download, self.model.name)
            return
        self._ask_licence()
        if not self.stored.total:
            self._session.attempt(self.files.ask_size, self.model.name)

    def _choose(self, *, file: bool, own: bool) -> None:
        name = self._own_name() if own else ""
        if own and not name:
            return
        if file:
            title = self.tr("Choose the file with the weights")
            found, _ = QFileDialog.getOpenFileName(self, title)
        else:
            title = self.tr("Choose the folder with the files of {0}").format(self.model.name)
            found = QFileDialog.getExistingDirectory(self, title)
        if found:
            self.take_over(Path(found), name)

    def _own_name(self) -> str:
        title = self.tr("A fine-tune of {0}").format(self.model.name)
        words = self.tr("Its name, in small letters and hyphens, such as my-tune")
        return ask_name(self, title, words)

    def take_over(self, source: Path, own: str = "") -> None:
        """Adds the model, or a fine-tune of it under its own name, once the licence is accepted."""
        self._adding = source, own
        if self.stored.accepted:
            self._session.attempt(self.files.add, self.model.name, source, own)
        else:
            self._ask_licence()

    def _ask_licence(self, on: bool = True) -> None:
        self.licence.setVisible(on)
        self._show()
        (self.licence.read if on else self.download).setFocus()

    def _accepted(self) -> None:
        # First, or the focus would go to the next button there is: that of another model.
        self.setFocus()
        self.licence.hide()
        name = self.model.name
        self._session.attempt(self.files.accept, name)
        if self._adding:
            self._session.attempt(self.files.add, name, *self._adding)
        else:
            self._session.attempt(self.files.download, name)

    def _remove(self) -> None:
        """The second click removes: what took an hour to come must not go by a slip."""
        if self._sure:
            self._session.attempt(self._session.session.models.remove, self.model.name)
        self._sure = not self._sure
        self._show()

    # --- what is shown ---

    def show_stored(self, stored: StoredModel) -> None:
        """Shows what is here, and what is being done."""
        if stored.name == self.model.name:
            self.stored = stored
            self._sure = False
            self._show()

    def show_state(self, state: ModelState) -> None:
        """Shows whether this model is the one in memory."""
        self._engine = state
        self._show()

    def _show(self) -> None:
        focus = QApplication.focusWidget()
        mine = focus is not None and self.isAncestorOf(focus)
        self._show_all()
        if mine and not self.isAncestorOf(QApplication.focusWidget() or self):
            # What had the focus is gone; a key must not press the button of another model.
            shown = [button for button in self._all if button.isVisible()]
            (shown[0] if shown else self).setFocus()

    def _show_all(self) -> None:
        stored, mine = self.stored, self._engine.name == self.model.name
        phase = self._engine.phase if mine else "unloaded"
        public, here = self.model.weights == "public", stored.state == "installed"
        self.facts.setText(facts(self, self.model, stored.done if here else 0))
        lamp = {"ready": "on", "loading": "warning", "failed": "error"}.get(phase, "off")
        words = said(self._engine.detail) if mine and here else ""
        words = said(stored.problem) or words or self._doing(stored)
        self.state.setText(words)
        self.lamp.show_state(lamp, words or self.tr("no model loaded"))
        self.state.setVisible(bool(words))
        wrong = bool(stored.problem) or phase == "failed"
        self.state.setProperty("role", "error" if wrong else "small")
        restyle(self.state)
        moving = stored.state in ("downloading", "checking", "adding", "removing")
        self.bar.setVisible(phase == "loading" or moving or stored.state == "paused")
        sized = phase == "loading" or (
            stored.total > 0 and stored.state in ("downloading", "paused")
        )
        self.bar.setRange(0, 1000 if sized or not moving else 0)
        fraction = self._engine.fraction if phase == "loading" else stored.fraction
        self.bar.setValue(round(fraction * 1000))
        self.bar.setAccessibleName((words or self.tr("Loading {0}")).format(self.model.name))
        self.licence.show_size(stored)
        idle = public and not stored.busy and not here and self.licence.isHidden()
        self.load.setVisible(here and phase in ("unloaded", "failed"))
        self.unload.setVisible(here and phase in ("ready", "loading"))
        self.download.setVisible(idle)
        self.download.show_text(
            self.tr("Go on") if stored.state == "paused" else self.tr("Download…")
        )
        self.pause.setVisible(stored.state == "downloading")
        self.cancel.setVisible(stored.state in ("downloading", "paused"))
        named = self.model.name in MODELS
        self.add.setVisible(public and named and not stored.busy and self.licence.isHidden())
        self.remove.setVisible(public and here)
        self.remove.show_text(self.tr("Remove it for good") if self._sure else self.tr("Remove"))

    def _doing(self, stored: StoredModel) -> str:
        """What is being done, or could be."""
        parts = in_words(stored.done), in_words(stored.total) if stored.total else "…"
        if stored.state == "downloading":
            return self.tr("Downloading: {0} of {1}").format(*parts)
        if stored.state == "paused":
            return self.tr("Paused: {0} of {1} are here").format(*parts)
        if stored.state == "absent" and self.model.weights != "public":
            return self.tr("Not installed: nobody has published its weights; train your own.")
        return {
            "checking": self.tr("Checking what has come …"),
            "adding": self.tr("Taking the files over …"),
            "removing": self.tr("Removing …"),
            "absent": self.tr("Not on this machine."),
            # The same words: a button must not move away from under the mouse.
            "asking": self.tr("Not on this machine."),
        }.get(stored.state, "")


class ModelsPanel(Card):
    """All models."""

    def __init__(self, session: QtSession, look: Look) -> None:
        super().__init__(look)
        self.rows: list[ModelRow] = []
        self.account = AccountFold(session, look)
        self.body.addWidget(label(self.tr("Models"), "title"))
        self._session, self._look = session, look
        self._list = look.pad(QVBoxLayout(), gap=10)
        self.body.addLayout(self._list)
        for model in session.session.models.all():
            self._add_row(model)
        self.body.addWidget(self.account)
        self.body.addStretch(1)
        session.model_changed.connect(self.show_state)
        session.model_stored.connect(self.show_stored)
        self.show_state(session.session.models.state())

    def show_state(self, state: ModelState) -> None:
        """Shows what the engine says."""
        for row in self.rows:
            row.show_state(state)

    def show_stored(self, stored: StoredModel) -> None:
        """Shows what has become of a model's files; what needs an account opens that."""
        gone = stored.state == "absent" and stored.name not in MODELS
        for row in list(self.rows):
            row.show_stored(stored)
            if gone and row.model.name == stored.name:
                self.rows.remove(row)
                row.hide()
                row.deleteLater()
        known = {row.model.name for row in self.rows}
        for model in self._session.session.models.all():
            if model.name == stored.name and model.name not in known:
                self._add_row(model)
        if "is gated" in stored.problem:
            self.account.open()
            if self.isVisible():
                later(self, self.account.come_into_view)

    def _add_row(self, model: ModelInfo) -> None:
        row = ModelRow(self._session, self._look, model)
        row.show_state(self._session.session.models.state())
        self.rows.append(row)
        self._list.addWidget(row)


def facts(panel: QWidget, model: ModelInfo, size: int) -> str:
    """Limits and size in one line."""
    parts = [
        panel.tr("up to {0:.0f} s").format(model.max_seconds),
        f"{model.sample_rate / 1000:g} kHz",
        in_words(size) if size else "",
        panel.tr("comes with Longtake") if model.weights == "embedded" else "",
    ]
    return "  ·  ".join(part for part in parts if part)
