"""The source: a recording to start from - dropped, chosen, picked from the takes or recorded with the microphone.

Three things can be done with it: transform it (one slider, labelled by what it does), keep parts of it (drag over the
waveform), or continue it. Knows the session's capture; what is made of the source is asked in `request.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PyQt6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from engine.reference_level import meaning
from engine.registry import MODELS, SKETCH, all_models
from engine.spec import PARAMETERS, WHOLE
from gui.compose.dropped import accept, dropped
from gui.compose.parameter_controls import sentence
from gui.compose.recorder import Recorder
from gui.learn import teach
from gui.look.controls import Button, IconButton, Segments, label, restyle
from gui.look.elided import Elided
from gui.look.fields import Slider
from gui.look.flow_layout import FlowLayout
from gui.look.language import said
from gui.look.theme import Look
from gui.qt_session import QtSession
from gui.takes.peak_store import PeakStore
from gui.takes.waveform import WaveformView
from gui.takes.waveform_hands import WaveformHands

Mode = Literal["transform", "keep", "continue"]
AUDIO = ("wav", "flac", "aif", "aiff", "ogg", "mp3", "opus", "caf", "w64",
         "m4a", "mp4", "mov", "aac", "3gp", "webm", "mkv", "mka", "wma", "wv")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """What is to be made of which recording.

    Attributes:
        strength: 0 keeps the recording, 1 follows the prompt alone.
        kept: spans in seconds that stay as they are.
        seconds: length of the recording, 0 while it is not known.
    """

    path: Path
    mode: Mode
    strength: float
    kept: tuple[tuple[float, float], ...]
    seconds: float


class SourcePanel(QFrame):
    """The card of the source."""

    changed = pyqtSignal()

    def __init__(self, session: QtSession, look: Look, peaks: PeakStore) -> None:
        super().__init__()
        self._session, self._peaks = session, peaks
        self._path: Path | None = None
        self._seconds = 0.0
        self.setProperty("role", "drop")
        self.setAcceptDrops(True)
        self.setAccessibleName(self.tr("Source: a recording to start from"))
        self.recorder = Recorder(session, look)
        self.choose = Button(look, self.tr("Open…"), "folder")
        self.choose.setToolTip(self.tr("Choose an audio file"))
        self.name = Elided("", "strong")
        self.origin = label("", "small", wrap=True)
        self.drop = IconButton(look, "close", self.tr("Start without a recording"))
        self.wave = WaveformView(look, self.tr("Waveform of the source"), height=64)
        self.hands = WaveformHands(self.wave)
        self.mode = Segments(
            look,
            self.tr("What to do with the recording"),
            [
                ("transform", self.tr("Transform")),
                ("keep", self.tr("Keep parts")),
                ("continue", self.tr("Continue")),
            ],
        )
        self.strength = Slider()
        self.strength.setRange(0, 100)
        self.strength.setAccessibleName(
            self.tr("Strength: from keeping my rhythm to following the prompt")
        )
        self.strength.setAccessibleDescription(sentence(PARAMETERS["init_noise_level"]))
        self.hint = label("", "small", wrap=True)
        self._build(look)

        self.choose.clicked.connect(self.open_dialog)
        self.drop.clicked.connect(self.clear)
        self.mode.chosen.connect(lambda _: self._turned())
        self.hands.spans_changed.connect(lambda _: self._turned())
        self.strength.valueChanged.connect(self._slid)
        self.recorder.recorded.connect(self._recorded)
        peaks.ready.connect(self._read)
        peaks.failed.connect(self._unread)
        session.parameter_changed.connect(self._heard)
        teach(self.strength, session, "init_noise_level", self.tr("Strength"))
        self._heard("init_noise_level", session.session.parameters.get("init_noise_level"))
        self._heard("init_audio", session.session.parameters.get("init_audio"))
        self._show_what_is()

    def source(self) -> Source | None:
        """The recording and what to do with it, or None."""
        if self._path is None:
            return None
        mode = cast(Mode, self.mode.value())
        return Source(self._path, mode, self._level(), self.wave.spans, self._seconds)

    def take(self, path: Path, mode: Mode = "transform", name: str = "", origin: str = "") -> None:
        """Starts from all of a recording; `name` is what it is called, else its file's name; `origin` whence it is."""
        if self._session.session.parameters.get("init_span") != WHOLE:
            self._session.attempt(self._session.session.parameters.set, "init_span", WHOLE)
        self._show_recording(path, mode, name)
        self.origin.setText(origin)
        self.origin.setVisible(bool(origin))

    def _show_recording(self, path: Path, mode: Mode = "transform", name: str = "") -> None:
        self._path, self._seconds = path, 0.0
        self.name.show_text(name or path.name)
        self.origin.hide()
        self.mode.show_value(mode)
        self.wave.show_spans(())
        self.wave.show_peaks(None)
        self._read(path)
        self._show_what_is()

    def clear(self) -> None:
        """Starts from nothing again."""
        self._path = None
        if self._session.session.parameters.get("init_audio") is not None:
            self._session.attempt(self._session.session.parameters.set, "init_audio", None)
        self._show_what_is()
        self.choose.setFocus()

    def open_dialog(self) -> None:
        """Asks for a file."""
        kinds = " ".join(f"*.{suffix}" for suffix in AUDIO)
        name, _ = QFileDialog.getOpenFileName(
            self, self.tr("Choose a recording"), "", self.tr("Audio files ({0})").format(kinds)
        )
        if name:
            self.take(Path(name))

    def dragEnterEvent(self, a0: QDragEnterEvent | None) -> None:
        """Takes audio files."""
        if a0 is not None and dropped_file(a0) is not None:
            self._show_over(True)
            accept(a0)

    def dragLeaveEvent(self, a0: QDragLeaveEvent | None) -> None:
        """It went away again."""
        self._show_over(False)

    def dropEvent(self, a0: QDropEvent | None) -> None:
        """Starts from what was dropped."""
        self._show_over(False)
        path = dropped_file(a0) if a0 is not None else None
        if a0 is not None and path is not None:
            accept(a0)
            self.take(path)

    def _build(self, look: Look) -> None:
        nothing, something = QWidget(), QWidget()
        invite = look.pad(QVBoxLayout(nothing), (12, 10, 12, 10), 8)
        invite.addWidget(label(self.tr("Start from a recording"), "strong", wrap=True))
        words = self.tr("Drop a beatbox take, a hum or a guitar idea here.")
        invite.addWidget(label(words, "small", wrap=True))
        row = look.pad(FlowLayout(), gap=6)
        for control in (self.recorder.button, self.recorder.count_in, self.choose):
            row.addWidget(control)
        invite.addLayout(row)
        invite.addWidget(self.recorder)

        column = look.pad(QVBoxLayout(something), (12, 10, 12, 10), 8)
        head = look.pad(QHBoxLayout(), gap=6)
        head.addWidget(self.name, 1)
        head.addWidget(self.drop)
        column.addLayout(head)
        column.addWidget(self.origin)
        column.addWidget(self.wave)
        column.addWidget(self.mode)
        self._slider = QWidget()
        ends = look.pad(QVBoxLayout(self._slider), gap=2)
        ends.addWidget(self.strength)
        words_row = look.pad(QHBoxLayout(), gap=8)
        follow = label(self.tr("follow the prompt"), "small", wrap=True)
        follow.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        words_row.addWidget(label(self.tr("keep my rhythm"), "small", wrap=True), 1)
        words_row.addWidget(follow, 1)
        ends.addLayout(words_row)
        column.addWidget(self._slider)
        column.addWidget(self.hint)
        self._pages = (nothing, something)
        pages = look.pad(QVBoxLayout(self))
        for page in self._pages:
            pages.addWidget(page)

    def _show_what_is(self) -> None:
        for page, shown in zip(
            self._pages, (self._path is None, self._path is not None), strict=True
        ):
            page.setVisible(shown)
        self._turned()

    def _turned(self) -> None:
        mode = self.mode.value()
        self.hands.keeping = mode == "keep"
        if mode != "keep" and self.wave.spans:
            self.wave.show_spans(())
        self._slider.setVisible(mode == "transform")
        kept = sum(end - start for start, end in self.wave.spans)
        hints = {
            "transform": said(self._meaning()),
            "keep": self.tr(
                "Drag over what stays as it is; the rest is made anew. Click a part to let it go."
            )
            if not self.wave.spans
            else self.tr("{0:.1f} s of {1:.1f} s stay as they are.").format(kept, self._seconds),
            "continue": self.tr("The music goes on after it, by the length above."),
        }
        self.hint.setText(hints[mode])
        self.hint.setVisible(bool(hints[mode]))
        self.changed.emit()

    def _slid(self, place: int) -> None:
        if self._session.session.parameters.get("init_noise_level") != place / 100:
            self._session.attempt(
                self._session.session.parameters.set, "init_noise_level", place / 100
            )
        self._turned()

    def _read(self, path: Any) -> None:
        if path == self._path:
            found = self._peaks.whole(path)
            if found is not None:
                self._seconds = found.seconds
                self.wave.show_peaks(found)
                self._turned()

    def _unread(self, path: Any, problem: str) -> None:
        if path == self._path:
            self._session.say(problem, "error")
            self.clear()

    def _recorded(self, take_id: str) -> None:
        take = self._session.attempt(self._session.session.takes.get, take_id)
        if take is not None:
            self.take(take.path)

    def _level(self) -> float:
        """That of the session, which the slider may show later, and in steps of a hundredth."""
        level = self._session.session.parameters.get("init_noise_level")
        return SKETCH.defaults.init_noise_level if level is None else float(level)

    def _meaning(self) -> str:
        """What the slider's level is to the public code, where that code's own walk is chosen."""
        get = self._session.session.parameters.get
        name = get("model")  # Known without a look at the disk, unless it is the user's own.
        model = MODELS.get(name) or all_models().get(name, SKETCH)
        return meaning(self._level(), get("schedule"), model, get("steps") or model.defaults.steps)

    def _heard(self, name: str, value: Any) -> None:
        if name == "init_noise_level":
            with QSignalBlocker(self.strength):
                self.strength.setValue(round(self._level() * 100))
        if name in ("init_noise_level", "schedule", "model", "steps"):
            self._turned()
        elif name == "init_audio" and value and Path(value) != self._path:
            self._show_recording(Path(value))

    def _show_over(self, on: bool) -> None:
        self.setProperty("over", "true" if on else "false")
        restyle(self)


def dropped_file(event: QDropEvent) -> Path | None:
    """The audio file of a drop, if there is one."""
    return dropped(event, AUDIO)
