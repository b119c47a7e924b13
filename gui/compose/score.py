"""The fold `Score`: chords over the bars, form, where the notes come from, or a MIDI file - closed until it is used.

Knows its controls and the session's parameters; its heading says what it holds while it is closed.
"""

# The stubs of the bindings leave slots and items unknown.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from pathlib import Path
from typing import Any

from PyQt6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent

from engine.registry import SKETCH, all_models
from gui.compose.chord_boxes import bars_of
from gui.compose.clip import ClipControl, dropped_clip
from gui.compose.dropped import accept
from gui.compose.parameters import SeedControl
from gui.compose.score_controls import ChordsControl, FormControl, NotesControl
from gui.compose.table import job_table
from gui.look.containers import Fold
from gui.look.controls import label
from gui.look.theme import Look
from gui.memory import State
from gui.qt_session import QtSession

SHOWN = ("score", "score_seed", "chords", "form", "midi")
"""The parameters that it shows."""


class ScorePanel(Fold):
    """What is played."""

    def __init__(self, session: QtSession, look: Look) -> None:
        super().__init__(look, self.tr("Score"))
        self._session = session
        self.setAcceptDrops(True)
        self.refusal = label("", "small", wrap=True)
        table = job_table(session)
        self.notes = NotesControl(table, look, "score", self.tr("Notes by"))
        self.chords = ChordsControl(table, look, "chords", self.tr("Chords"))
        self.form = FormControl(table, look, "form", self.tr("Form"))
        self.seed = SeedControl(session, look, "score_seed", self.tr("Seed of the notes"))
        self.clip = ClipControl(session, look)
        for widget in (self.refusal, self.notes, self.chords, self.form, self.seed, self.clip):
            self.body.addWidget(widget)
        session.parameter_changed.connect(self._heard)
        self.toggled.connect(lambda _: self._heard("score", None))
        self._heard("score", None)

    def state(self) -> State:
        """Whether it is open, and whether chords are written as text."""
        return {"score": self.is_open(), "chords_as_text": self.chords.as_text.isChecked()}

    def restore(self, state: State) -> None:
        """Is again as it was."""
        self.open(state["score"])
        self.chords.as_text.setChecked(state["chords_as_text"])

    def show_recording(self, there: bool) -> None:
        """Says whether the take starts from a recording."""
        self.notes.show_recording(there)
        self._heard("score", None)

    def problem(self) -> str:
        """What of it cannot be read, as a sentence; empty if all is well, or chords and form are not used."""
        return (self.chords.problem() or self.form.problem()) if self._uses_chart() else ""

    def overrides(self) -> dict[str, Any]:
        """What of the parameters is not used: it stays written here, and the next job does without."""
        get = self._session.session.parameters.get
        if clip := get("midi"):
            return {"midi": clip}  # Asked for by name, it takes the place of all else here.
        notes = self.notes.shown() if get("score") is not None else "composed"
        chart = {} if self._uses_chart() else {"chords": "", "form": ""}
        return chart | ({"score": notes} if get("score") not in (None, notes) else {})

    def _uses_chart(self) -> bool:
        """Whether chords and form are played: not beside a MIDI file, and not where the notes are from elsewhere."""
        get = self._session.session.parameters.get
        return not get("midi") and (get("score") is None or self.notes.shown() == "composed")

    def take(self, path: Path) -> None:
        """Plays a MIDI file."""
        self.open()
        self.clip.take(path)

    def open_dialog(self) -> None:
        """Asks for a MIDI file."""
        self.open()
        self.clip.open_dialog()

    def dragEnterEvent(self, a0: QDragEnterEvent | None) -> None:
        """Takes MIDI files; where it was closed it opens."""
        if a0 is not None and dropped_clip(a0) is not None:
            self.open()
            self.clip.show_over(True)
            accept(a0)

    def dragLeaveEvent(self, a0: QDragLeaveEvent | None) -> None:
        """It went away again."""
        self.clip.show_over(False)

    def dropEvent(self, a0: QDropEvent | None) -> None:
        """Plays what was dropped."""
        self.clip.show_over(False)
        path = dropped_clip(a0) if a0 is not None else None
        if a0 is not None and path is not None:
            accept(a0)
            self.take(path)

    def _heard(self, name: str, value: Any) -> None:
        if name not in (*SHOWN, "model"):
            return
        get = self._session.session.parameters.get
        model, clip = all_models().get(get("model"), SKETCH), get("midi")
        takes = model.dit.grid
        words = self.tr("{0} takes no score: it finds its notes by itself.").format(model.name)
        self.refusal.setText(words)
        self.refusal.setVisible(not takes)
        for widget in (self.notes, self.chords, self.form, self.seed):
            widget.setVisible(not clip)
        self.notes.setEnabled(takes)
        self.clip.setEnabled(takes)
        for widget in (self.chords, self.form, self.seed):
            widget.setEnabled(takes and self._uses_chart())
        self.notes.show_value(get("score"))
        self._say(Path(clip).name if clip else "", len(bars_of(get("chords"))), get("form"))

    def _say(self, clip: str, bars: int, form: str) -> None:
        """The heading: while the fold is closed, what it holds."""
        count = self.tr("1 bar of chords") if bars == 1 else self.tr("{0} bars of chords")
        parts = [clip] if clip else [count.format(bars) if bars else "", form]
        parts = [] if self.is_open() else [part for part in parts if part]
        self.heading.show_text("  ·  ".join((self.tr("Score"), *parts)))
