"""What is looked at: the chosen take, or the one being made as it grows, with what can be done with it.

Knows takes, jobs and their audio; plays nothing itself. A and B remember two takes, to listen back and forth
between them at the same place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout

from bridge.events import AudioReady, ScoreRead, SheetReady
from bridge.state import Job, Take
from engine.composing.score import Score
from gui.look.containers import Card
from gui.look.controls import Button, IconButton
from gui.look.elided import Elided
from gui.look.flow_layout import FlowLayout
from gui.look.language import said
from gui.look.theme import Look
from gui.memory import State
from gui.prompt_form import headline
from gui.qt_session import QtSession
from gui.takes.drag_button import DragButton
from gui.takes.lead_sheet import LeadSheetView
from gui.takes.model import take_facts, take_mime, take_title
from gui.takes.notes import export_notes, notes_mime
from gui.takes.peak_store import PeakStore
from gui.takes.peaks import GrowingPeaks
from gui.takes.settings_of_take import made_anew
from gui.takes.stages import stage_words
from gui.takes.waveform import WaveformView
from gui.takes.waveform_hands import WaveformHands

if TYPE_CHECKING:
    from gui.takes.spectrogram import SpectrogramView

FRAME_MS = 50
"""The growing waveform is drawn at most so often."""


class Viewer(Card):
    """Waveform, name and facts, actions.

    Signals:
        use_asked, vary_asked, source_asked, continue_asked: what to do with the take shown.
        compared: go to another take at the same place.
        emptied: what was being made came to nothing, and nothing is shown.
    """

    use_asked = pyqtSignal(object)
    vary_asked = pyqtSignal(object)
    source_asked = pyqtSignal(object)
    continue_asked = pyqtSignal(object)
    compared = pyqtSignal(object)
    marked = pyqtSignal(object)
    emptied = pyqtSignal()

    def __init__(self, session: QtSession, look: Look, peaks: PeakStore) -> None:
        super().__init__(look, (16, 12, 16, 12), 8)
        self._session, self._look, self._peaks = session, look, peaks
        self.take: Take | None = None
        self.job: Job | None = None
        self._growing: GrowingPeaks | None = None
        self._compared: dict[str, Take] = {}
        self._spectrogram: SpectrogramView | None = None
        self._sheet_of = ""
        self.title = Elided("", "title")
        self.facts = Elided("", "small")
        self.wave = WaveformView(look, self.tr("Waveform of the take"), height=150)
        self.hands = WaveformHands(self.wave)
        self.a = self._slot("A", self.tr("Remember this take as A; then: hear A at the same place"))
        self.b = self._slot("B", self.tr("Remember this take as B; then: hear B at the same place"))
        self.sheet = LeadSheetView(look)
        self.score = IconButton(look, "score", self.tr("Lead sheet"))
        self.score.rename(self.tr("Lead sheet"), "N")
        self.score.setCheckable(True)
        self.score.setChecked(True)
        self.spectrum = IconButton(look, "spectrum", self.tr("Spectrogram"))
        self.spectrum.rename(self.tr("Spectrogram"), "S")
        self.spectrum.setCheckable(True)
        self.whole = IconButton(look, "wave", self.tr("Show all of it"))
        self.use = Button(look, self.tr("Use settings"), "settings")
        self.vary = Button(look, self.tr("Vary"), "vary")
        self.transform = Button(look, self.tr("Transform"), "transform")
        self.transform.setToolTip(self.tr("Start from this take"))
        self.go_on = Button(look, self.tr("Continue"), "continue")
        self.handle = DragButton(
            look, self.tr("Drag to your DAW"), "drag", lambda take: take_mime([take])
        )
        self.send = Button(look, self.tr("Send to…"), "send")
        self.send.setToolTip(
            self.tr("Put this take on a track of your DAW; D sends it where the last one went")
        )
        self.notes = DragButton(
            look, self.tr("Notes as MIDI"), "score", lambda take: notes_mime(session, take)
        )
        self.notes.setToolTip(self.tr("Drag the notes to your DAW, or click to save them"))
        self._build(look)
        self._drawing = QTimer(self)
        self._drawing.setSingleShot(True)
        self._drawing.setInterval(FRAME_MS)
        self._drawing.timeout.connect(self._draw_growing)
        peaks.ready.connect(self._read)
        session.audio_ready.connect(self._arrived)
        session.sheet_ready.connect(self._told)
        session.score_read.connect(self._read_score)
        session.job_changed.connect(self._heard)
        session.take_changed.connect(self._changed)
        self.show_nothing()

    def show_nothing(self) -> None:
        """Shows an empty waveform."""
        self.take = self.job = self._growing = None
        self.title.show_text(self.tr("Nothing here yet"))
        self.facts.show_text(self.tr("Say what you want to hear, then press Generate."))
        self.wave.show_peaks(None)
        self.wave.show_range(None)
        self.wave.show_new(())
        self.wave.show_progress(None)
        self._show_sheet(None, "")
        self._enable()

    def show_take(self, take: Take) -> None:
        """Shows a take."""
        same = self.take is not None and self.take.id == take.id
        before, self.take, self.job, self._growing = self.take, take, None, None
        self._say_take(take)
        self.wave.show_progress(None)
        if not same:
            self.wave.show_grid(take.tempo, take.beats_per_bar)
            if before is None or not {before.id, take.id} <= self._held():
                self.wave.show_range(None)
            self.wave.show_playhead(None)
            self.wave.show_peaks(self._peaks.whole(take.path), take.seconds)
            self.wave.show_new(made_anew(take))
            if take.job_id != self._sheet_of:  # else it stands there already
                self._show_sheet(None, "")
            self._session.attempt(self._session.session.ask_score, take.id)
        self._show_spectrogram()
        self._enable()

    def show_job(self, job: Job) -> None:
        """Shows a job that is being made; its waveform grows as blocks arrive."""
        if self.job is None or self.job.id != job.id:
            self.take, self._growing = None, None
            self.wave.show_range(None)
            self.wave.show_playhead(None)
            self.wave.show_grid(job.spec.tempo, job.spec.beats_per_bar or 4)
            self.wave.show_peaks(None, job.spec.seconds_total or 0.0)
            self.wave.show_new(())
            if job.id != self._sheet_of:
                self._show_sheet(None, "")
        self.job = job
        self.title.show_text(headline(job.spec.prompt))
        self.facts.show_text("  ·  ".join(filter(None, (stage_words(job), said(job.lead_sheet)))))
        self.wave.show_progress(job.progress if self._growing is None else None)
        self._enable()

    def state(self) -> State:
        """Whether the lead sheet is shown."""
        return {"sheet": self.score.isChecked()}

    def restore(self, state: State) -> None:
        """Shows it, or not, as last time."""
        self.score.setChecked(state["sheet"])

    def export_notes(self) -> None:
        """Writes the notes of the take into a file that is asked for."""
        if self.take is not None and self.notes.isEnabled():
            export_notes(self._session, self, self.take)

    def spectrogram(self) -> SpectrogramView | None:
        """The spectrogram, once it was asked for."""
        return self._spectrogram

    def show_playhead(self, seconds: float | None, *, moving: bool = False) -> None:
        """Moves the playhead; one that is `moving` takes the view with it."""
        self.wave.show_playhead(seconds, moving=moving)
        self.sheet.show_playhead(seconds)
        if self._spectrogram is not None and self._spectrogram.isVisible():
            self._spectrogram.show_playhead(seconds)

    def compare(self, slot: str, *, again: bool = False) -> None:
        """Remembers the take as A or B if that is free (or `again`); else goes to it at the same place."""
        held = self._compared.get(slot)
        if held is None or again:
            if self.take is not None:
                self.hold({slot: self.take})
        elif self.take is None or held.id != self.take.id:
            self.compared.emit(held)
        self._enable()

    def hold(self, takes: dict[str, Take]) -> None:
        """Remembers takes as A and B."""
        self._compared |= takes
        self.marked.emit({take.id: name for name, take in self._compared.items()})
        self._enable()

    def _held(self) -> set[str]:
        return {take.id for take in self._compared.values()}

    def forget(self, take_id: str) -> None:
        """A take went to the bin."""
        self._compared = {slot: take for slot, take in self._compared.items() if take.id != take_id}
        if self.take is not None and self.take.id == take_id:
            self.show_nothing()
        self._enable()

    def grown(self, take: Take) -> None:
        """Keeps the peaks of a take that was drawn while it grew, now that it is complete."""
        if self._growing is not None and self.job is not None and take.job_id == self.job.id:
            peaks = self._growing.peaks()
            if abs(peaks.seconds - take.seconds) < 0.01:
                self._peaks.keep(take.path, peaks)
            self._growing = None

    def _slot(self, name: str, words: str) -> Button:
        button = Button(self._look, name)
        button.setCheckable(True)
        button.setToolTip(words)
        button.clicked.connect(lambda: self.compare(name, again=_shift_held()))
        return button

    def _build(self, look: Look) -> None:
        head = look.pad(QHBoxLayout(), gap=6)
        words = look.pad(QVBoxLayout(), gap=1)
        words.addWidget(self.title)
        words.addWidget(self.facts)
        head.addLayout(words, 1)
        switches = look.pad(FlowLayout(), gap=6)
        for control in (self.a, self.b, self.score, self.spectrum, self.whole):
            switches.addWidget(control)
        head.addLayout(switches)
        self.deeds = look.pad(FlowLayout(), gap=8)
        changed = (self.use, self.vary, self.transform, self.go_on)
        for control in (*changed, self.handle, self.send, self.notes):
            self.deeds.addWidget(control)
        played = look.pad(QVBoxLayout(), gap=2)
        played.addWidget(self.sheet)
        played.addWidget(self.wave, 1)
        self.body.addLayout(head)
        self.body.addLayout(played, 1)
        self.body.addLayout(self.deeds)
        self.score.toggled.connect(self.sheet.want)
        self.wave.view_changed.connect(self.sheet.show_view)
        self.sheet.section_chosen.connect(self.hands.choose)
        self.sheet.sought.connect(self.hands.sought)
        self.notes.clicked.connect(self.export_notes)
        self.spectrum.toggled.connect(lambda _: self._show_spectrogram())
        self.whole.clicked.connect(self.wave.zoom_out)
        self.use.clicked.connect(lambda: self.use_asked.emit(self.take))
        self.vary.clicked.connect(lambda: self.vary_asked.emit(self.take))
        self.transform.clicked.connect(lambda: self.source_asked.emit(self.take))
        self.go_on.clicked.connect(lambda: self.continue_asked.emit(self.take))

    def _enable(self) -> None:
        has, made = self.take is not None, self.take is not None and bool(self.take.spec)
        for button in (self.use, self.vary):
            button.setEnabled(made)
        for button in (self.transform, self.go_on, self.handle, self.send, self.spectrum):
            button.setEnabled(has)
        self.notes.setEnabled(has and self.sheet.has_notes)
        self.handle.take = self.notes.take = self.take
        for slot, button in (("A", self.a), ("B", self.b)):
            held = self._compared.get(slot)
            button.setEnabled(has or held is not None)
            button.setChecked(
                held is not None and self.take is not None and held.id == self.take.id
            )

    def _say_take(self, take: Take) -> None:
        self.title.show_text(take_title(take))
        self.facts.show_text(take_facts(take))

    def _show_spectrogram(self) -> None:
        wanted = self.spectrum.isChecked() and self.take is not None
        if wanted and self._spectrogram is None:
            # pyqtgraph takes 0.4 s to import: only those who use it wait.
            from gui.takes.spectrogram import SpectrogramView

            self._spectrogram = SpectrogramView(self._look)
            self.body.insertWidget(2, self._spectrogram, 1)
            self.wave.view_changed.connect(self._spectrogram.show_view)
        if self._spectrogram is not None:
            self._spectrogram.setVisible(wanted)
            if wanted and self.take is not None:
                self._spectrogram.show_file(self.take.path)
                self._spectrogram.show_view(*self.wave.view())

    def _arrived(self, audio: AudioReady) -> None:
        if self.job is None or audio.job_id != self.job.id:
            return
        if self._growing is None or audio.start == 0:
            frames = round((self.job.spec.seconds_total or 0.0) * audio.sample_rate)
            self._growing = GrowingPeaks(audio.sample_rate, frames)
        self._growing.add(audio.start, audio.samples)
        if not self._drawing.isActive():
            self._drawing.start()

    def _told(self, told: SheetReady) -> None:
        """What the job that is looked at plays, before it sounds."""
        if self.job is not None and told.job_id == self.job.id:
            self._sheet_of = told.job_id
            length = self.job.spec.seconds_total or 0.0
            self._show_sheet(told.sheet.score, said(told.sheet.about), length)

    def _read_score(self, read: ScoreRead) -> None:
        if self.take is not None and read.take_id == self.take.id:
            self._show_sheet(read.score, said(self.take.lead_sheet), self.take.seconds)

    def _show_sheet(self, score: Score | None, about: str, length: float = 0.0) -> None:
        if score is None:
            self._sheet_of = ""
        else:
            self.wave.show_grid(score.tempo, round(score.beats_per_bar))
        self.sheet.show_score(score, about, length)
        self.sheet.show_view(*self.wave.view())
        self._enable()

    def _draw_growing(self) -> None:
        if self._growing is not None and self.job is not None:
            peaks = self._growing.peaks()
            self.wave.show_progress(None)
            self.wave.show_peaks(peaks, max(self.job.spec.seconds_total or 0.0, peaks.seconds))

    def _heard(self, job: Job) -> None:
        if self.job is not None and job.id == self.job.id:
            if job.finished and job.state != "done":
                self.show_nothing()
                self.emptied.emit()
            elif not job.finished:
                self.show_job(job)

    def _changed(self, take: Take) -> None:
        if self.take is not None and take.id == self.take.id:
            self.take = take
            self._say_take(take)
            if self.sheet.empty():
                self.wave.show_grid(take.tempo, take.beats_per_bar)

    def _read(self, path: object) -> None:
        if self.take is not None and path == self.take.path:
            self.wave.show_peaks(self._peaks.whole(self.take.path))


def _shift_held() -> bool:
    return bool(QApplication.keyboardModifiers() & Qt.KeyboardModifier.ShiftModifier)
