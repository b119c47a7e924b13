"""A row of the page DAW: one target, how it stands, and what can be done so that takes reach it.

Knows the session's deliveries, and scripts by what it is given; the folder is chosen on the page.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from PyQt6.QtWidgets import QApplication, QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from bridge.delivery.targets import TARGETS
from bridge.delivery_state import Companion
from gui.look.controls import Button, Lamp, label
from gui.look.elided import Elided
from gui.look.flow_layout import FlowLayout
from gui.look.language import said
from gui.look.theme import Look
from gui.qt_session import QtSession
from gui.takes.delivery_words import sign, target_title


class Scripts(Protocol):
    """Our scripts inside DAWs; the module `bridge.delivery.installing` is one."""

    def found(self, name: str) -> Path | None:
        """Where the script is or would go; None if the program is not on this machine."""
        ...

    def installed(self, name: str) -> bool:
        """Whether it is there."""
        ...

    def install(self, name: str, folder: str | Path | None = None) -> list[str]:
        """Puts it there; what is left to do, a sentence each."""
        ...

    def remove(self, name: str) -> list[str]:
        """Takes it away; what is worth knowing, a sentence each."""
        ...


class TargetRow(QWidget):
    """One target."""

    def __init__(
        self, session: QtSession, look: Look, companion: Companion, scripts: Scripts | None
    ) -> None:
        super().__init__()
        self._session, self._scripts = session, scripts
        self.companion = companion
        self.title = target_title(companion.target)
        self.lamp = Lamp(look)
        self.state = label("", "small")
        self.detail = label("", "small", wrap=True)
        self.steps = label("", wrap=True)
        self.install = Button(look, self.tr("Install script…"))
        self.test = Button(look, self.tr("Test"))
        self.test.setToolTip(self.tr("Puts a click on a new track, to see that it works"))
        self.remove = Button(look, self.tr("Remove script"))
        named = (
            (self.install, self.tr("Install the script for {0}")),
            (self.test, self.tr("Test {0}")),
            (self.remove, self.tr("Remove the script for {0}")),
        )
        head = look.pad(QHBoxLayout(), gap=6)
        head.addWidget(self.lamp)
        head.addWidget(Elided(self.title[:1].upper() + self.title[1:], "strong"), 1)
        head.addWidget(self.state)
        self.buttons = look.pad(FlowLayout(), gap=6)
        for button, words in named:
            button.setAccessibleName(words.format(self.title))
            self.buttons.addWidget(button)
        column = look.pad(QVBoxLayout(self), gap=4)
        column.addLayout(head)
        column.addWidget(self.detail)
        column.addWidget(self.steps)
        column.addLayout(self.buttons)
        self.install.clicked.connect(self._install)
        self.test.clicked.connect(
            lambda: session.attempt(session.session.daws.test, companion.target)
        )
        self.remove.clicked.connect(self._remove)
        self._say([])
        self.show_companion(companion)

    def show_companion(self, companion: Companion) -> None:
        """Shows how it stands; what was left to do is done once it is connected."""
        self.companion = companion
        lamp, word = sign(companion)
        self.lamp.show_state(lamp, self.tr("{0}: {1}").format(self.title, word))
        self.state.setText(word)
        detail = said(companion.detail)
        if companion.target == "folder" and companion.state == "absent":
            detail = self.tr("Choose a folder: what is sent there is copied into it.")
        self.detail.setText(detail)
        self.detail.setVisible(bool(detail))
        if companion.state == "connected":
            self._say([])
        self._show_buttons()

    def _install(self) -> None:
        name, scripts = self.companion.target, self._scripts
        if scripts is None:
            return
        folder = ""
        if scripts.found(name) is None:
            words = self.tr("Choose the folder of {0}, where it keeps its settings")
            folder = QFileDialog.getExistingDirectory(self, words.format(self.title))
            if not folder:
                return
        steps = self._session.attempt(scripts.install, name, Path(folder) if folder else None)
        if steps is not None:
            self._changed(steps)

    def _remove(self) -> None:
        if self._scripts is not None:
            kept = self._session.attempt(self._scripts.remove, self.companion.target)
            if kept is not None:
                self._changed(kept)

    def _changed(self, sentences: list[str]) -> None:
        self._say(sentences)
        self._show_buttons()
        self._session.session.daws.deliveries.look()

    def _say(self, sentences: list[str]) -> None:
        numbered = [f"{number}.  {said(each)}" for number, each in enumerate(sentences, 1)]
        self.steps.setText("\n".join(numbered if len(numbered) > 1 else map(said, sentences)))
        self.steps.setVisible(bool(sentences))

    def _show_buttons(self) -> None:
        """What can be done now; the focus stays in the row if its button goes."""
        name = self.companion.target
        ours = self._scripts is not None and TARGETS[name].companion
        there = ours and self._scripts is not None and self._scripts.installed(name)
        focus = QApplication.focusWidget()
        self.install.show_text(
            self.tr("Install script again…") if there else self.tr("Install script…")
        )
        self.install.setAccessibleName(self.tr("Install the script for {0}").format(self.title))
        self.install.setVisible(ours)
        self.test.setVisible(self.companion.state == "connected")
        self.remove.setVisible(there)
        if focus in (self.test, self.remove) and not focus.isVisible() and ours:
            self.install.setFocus()
