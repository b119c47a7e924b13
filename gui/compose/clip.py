"""The clip: a MIDI file whose notes are played - chosen or dropped, shown with its name and length, and put away.

Knows the parameter `midi`. The file is read on a thread, so that a long one does not hold up the window.
"""

# The stubs of the bindings leave slots and items unknown.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QDropEvent
from PyQt6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from engine.composing.midi_files import midi_seconds, read_midi
from engine.errors import LongtakeError
from engine.spec import PARAMETERS
from gui.compose.dropped import dropped
from gui.compose.parameter_controls import sentence
from gui.learn import teach
from gui.look.containers import bring_into_view
from gui.look.controls import Button, IconButton, label, restyle
from gui.look.elided import Elided
from gui.look.language import said
from gui.look.theme import Look
from gui.qt_session import QtSession
from gui.takes.model import length_words

MIDI = ("mid", "midi", "smf", "kar", "rmi")


class ClipControl(QFrame):
    """A place for a MIDI file."""

    _read = pyqtSignal(str, str, str)

    def __init__(self, session: QtSession, look: Look) -> None:
        super().__init__()
        self._session = session
        self._path = ""
        self.setProperty("role", "drop")
        self.setAccessibleName(self.tr("A MIDI file that is played"))
        self.choose = Button(look, self.tr("MIDI file…"), "folder")
        self.choose.setToolTip(sentence(PARAMETERS["midi"]))
        self.name = Elided("", "strong")
        self.facts = label("", "small", wrap=True)
        self.away = IconButton(look, "close", self.tr("Play no MIDI file"))
        self._nothing, self._something = QWidget(), QWidget()
        invite = look.pad(QHBoxLayout(self._nothing), (12, 8, 12, 8), 8)
        invite.addWidget(label(self.tr("or drop a clip of your DAW here"), "small", wrap=True), 1)
        invite.insertWidget(0, self.choose)
        words = look.pad(QVBoxLayout(), gap=1)
        words.addWidget(self.name)
        words.addWidget(self.facts)
        shown = look.pad(QHBoxLayout(self._something), (12, 8, 8, 8), 8)
        shown.addLayout(words, 1)
        shown.addWidget(self.away, 0, Qt.AlignmentFlag.AlignTop)
        pages = look.pad(QVBoxLayout(self))
        pages.addWidget(self._nothing)
        pages.addWidget(self._something)
        self.choose.clicked.connect(self.open_dialog)
        self.away.clicked.connect(lambda: self.take(None))
        self._read.connect(self._say)
        session.parameter_changed.connect(self._heard)
        for control in (self.choose, self.away):
            teach(control, session, "midi", self.tr("MIDI file"), lambda: self.take(None))
        self._show(session.session.parameters.get("midi"))

    def take(self, path: Path | None) -> None:
        """Plays a file, or none."""
        self._session.attempt(
            self._session.session.parameters.set, "midi", None if path is None else str(path)
        )

    def open_dialog(self) -> None:
        """Asks for a file."""
        kinds = " ".join(f"*.{suffix}" for suffix in MIDI)
        name, _ = QFileDialog.getOpenFileName(
            self, self.tr("Choose a MIDI file"), "", self.tr("MIDI files ({0})").format(kinds)
        )
        if name:
            self.take(Path(name))

    def show_over(self, on: bool) -> None:
        """Shows that what is dragged may be dropped here."""
        self.setProperty("over", "true" if on else "false")
        restyle(self)

    def _heard(self, name: str, value: Any) -> None:
        if name == "midi":
            self._show(value)

    def _show(self, path: str | None) -> None:
        self._path = path or ""
        self.name.show_text(Path(self._path).name)
        self.facts.setText("")
        self._nothing.setVisible(not path)
        self._something.setVisible(bool(path))
        if path:
            threading.Thread(target=self._look, args=(path,), name="clip", daemon=True).start()

    def _look(self, path: str) -> None:
        """Reads a file; runs on a thread of its own."""
        try:
            score = read_midi(Path(path))
            facts = f"{length_words(midi_seconds(score))}  ·  {score.tempo:.5g} BPM", ""
        except LongtakeError as error:
            facts = "", str(error)
        try:
            self._read.emit(path, *facts)
        except RuntimeError:  # the window is gone
            return

    def _say(self, path: str, facts: str, problem: str) -> None:
        if path == self._path:
            self.facts.setText(said(problem) or facts)
            self.facts.setProperty("role", "wrong" if problem else "small")
            restyle(self.facts)
            if problem:
                self._session.say(problem, "error")
                bring_into_view(self)


def dropped_clip(event: QDropEvent) -> Path | None:
    """The MIDI file of a drop, if there is one."""
    return dropped(event, MIDI)
