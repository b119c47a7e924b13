"""The window: composes the panels and joins them.

Knows every panel and the session; what a panel can do by itself it does itself. What is joined here: Generate, which
take is looked at, what a take offers, files that are dropped, keys, and what is remembered.
"""

from __future__ import annotations

from PyQt6.QtCore import QByteArray
from PyQt6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent
from PyQt6.QtWidgets import QHBoxLayout, QMainWindow, QVBoxLayout, QWidget

from bridge.state import Job, Levels, Take
from engine.presets import Preset
from gui.compose.composer import Composer
from gui.compose.dropped import accept
from gui.compose.source import Mode
from gui.history import History
from gui.look.containers import Pane
from gui.look.controls import later
from gui.look.theme import Look
from gui.memory import State
from gui.pages.presets import PresetsPanel
from gui.qt_session import QtSession
from gui.queue import QueuePanel
from gui.status import StatusLine
from gui.takes.anew import Anew
from gui.takes.listening import Listening
from gui.takes.model import take_title
from gui.takes.panel import TakesPanel
from gui.takes.peak_store import PeakStore
from gui.takes.sending import Sending
from gui.takes.viewer import Viewer
from gui.transport import TransportPanel
from gui.welcome import Welcome, first_presets
from gui.window.beside import Beside
from gui.window.columns import Columns, Middle
from gui.window.dropping import drop, may_drop
from gui.window.keys import keep_out_of_text, pressed
from gui.window.leaving import Leaving
from gui.window.pages import Pages
from gui.window.reaching import reaching
from gui.window.restoring import Restoring, first_size
from gui.window.surroundings import Surroundings
from gui.window.undoing import Undoing
from gui.window.window_menus import Acting, build_menus


class MainWindow(QMainWindow):
    """The panel."""

    def __init__(self, session: QtSession, look: Look, around: Surroundings) -> None:
        super().__init__()
        self.session, self.look, self.around = session, look, around
        self.setWindowTitle("Longtake")
        self.setAcceptDrops(True)
        self.peaks = PeakStore()
        self.history = History(session, self)
        self.transport = TransportPanel(session, look)
        self.composer = Composer(session, look, self.peaks)
        self.undoing = Undoing(session, self.history, self.composer)
        self.viewer = Viewer(session, look, self.peaks)
        self.anew = Anew(session, look, self.viewer, self.composer.deliver.placement)
        self.queue = QueuePanel(session, look)
        self.takes = TakesPanel(session, look, self.peaks, self.history)
        self.sending = Sending(session, self.viewer, self.takes, self.composer.deliver.where)
        self.presets = PresetsPanel(session, look, around.presets, self.history)
        self.status = StatusLine(session, look, self.history)
        self.leaving = Leaving(self, session)
        self.welcome = Welcome(look, first_presets(around.presets.list()))
        self.pages = pages = Pages(session, look, around, self.presets)
        self.devices, self.live, self.osc = pages.devices, pages.live, pages.osc
        self.models, self.preferences, self.drawer = pages.models, pages.preferences, pages.drawer
        self.listening = Listening(session, self.viewer, self._show_levels)
        self.beside = Beside(session, self, self.composer.source)
        self._follow = True
        self._selecting = False
        self._compose()
        self._join()
        self._fill_menus()
        later(self, self.composer.prompt.field.setFocus)
        first_size(self, look)
        self.restoring = Restoring(
            around.memory,
            {
                "look": look,
                "columns": self.columns,
                "middle": self.middle,
                "compose": self.composer,
                "viewer": self.viewer,
                "presets": self.presets,
                "live": pages.live,
                "sending": self.sending,
                "window": self,
            },
        )
        self.restoring.restore()
        self.listening.start()
        keep_out_of_text(self)
        for problem in around.problems:
            session.say(problem, "warning")

    # --- what the window does ---

    def generate(self) -> None:
        """Makes what the panels ask for."""
        composer = self.composer
        composer.prompt.settle()
        if not composer.prompt.text():
            self.session.say(
                self.tr("Write what you want to hear first, or press Surprise me."), "warning"
            )
            reaching(self.drawer, composer.prompt.field)()
            return
        if problem := composer.score.problem():
            composer.score.open()
            self.session.say(problem, "error")
            return
        composer.prompt.remember()
        self._made(self.session.attempt(composer.ask))

    def use_preset(self, preset: Preset) -> None:
        """Says what a preset that was just loaded still needs."""
        if preset.needs_recording and self.composer.source.source() is None:
            self.session.say(
                self.tr("{0} starts from a recording: record or drop one on the left.").format(
                    preset.name
                )
            )

    def state(self) -> State:
        """Size and place, the open page, the take that is looked at, and whether the welcome was seen."""
        return {
            # Before it was ever shown, it has no size that is worth keeping.
            "geometry": self.saveGeometry() if self.windowHandle() else QByteArray(),
            "page": self.drawer.page(),
            "take": self.viewer.take.id if self.viewer.take else "",
            "welcomed": self.welcome.isHidden(),
        }

    def restore(self, state: State) -> None:
        """Restores them."""
        self.restoreGeometry(state["geometry"])
        self.drawer.show_page(state["page"])
        self.show_welcome(not state["welcomed"] and self.takes.model.rowCount() == 0)
        if state["take"]:
            self.takes.select(state["take"])

    def begin(self, preset: Preset) -> None:
        """The welcome's choice: loads it and makes it."""
        self.show_welcome(False)
        self.presets.acts.use(preset)
        self.composer.prompt.show_text(preset.values.get("prompt", ""))
        self.generate()

    def show_welcome(self, on: bool) -> None:
        """Shows the welcome in place of the waveform, or no longer."""
        self.welcome.setVisible(on)
        self.viewer.setVisible(not on)

    def look_at(self, take: Take | None) -> None:
        """Looks at a take that was chosen in the list."""
        if take is None:
            return
        if not self._selecting:
            self._follow = False
        self.show_welcome(False)
        self.viewer.show_take(take)
        self.listening.poll()

    def use(self, take: Take) -> None:
        """Brings a take's settings back."""
        self.undoing.use(take)

    def vary(self, take: Take) -> None:
        """Makes something near a take."""
        options, vary = self.composer.options, self.session.session.vary
        self._made(self.session.attempt(lambda: vary(take.id, options=options())))

    def start_from(self, take: Take, mode: Mode = "transform") -> None:
        """Makes a take the source, to be transformed or continued."""
        self.composer.source.take(take.path, mode, take_title(take))
        self.composer.generate.setFocus()

    def compare(self, take: Take) -> None:
        """Looks at the other of A and B, and hears it at the same place."""
        self.listening.compare(take)
        if not self._select(take.id):
            self.viewer.show_take(take)

    def stay(self) -> None:
        """Goes on looking at what is looked at, whatever is made meanwhile."""
        self._follow = False

    # --- what happens ---

    def _made(self, job: Job | None) -> None:
        if job is not None:
            self.show_welcome(False)
            self._follow = True
            if self.viewer.job is None or self.viewer.job.finished:
                self.viewer.show_job(job)

    def _heard_job(self, job: Job) -> None:
        shown = self.viewer.job
        if job.state == "running" and self._follows() and (shown is None or shown.id != job.id):
            if shown is None or shown.state != "running":
                self.show_welcome(False)
                self.viewer.show_job(job)
        elif job.state == "failed":
            self.session.say(job.error, "error")
        elif job.state == "done" and self._follows() and job.take_ids:
            self._select(job.take_ids[-1])

    def _follows(self) -> bool:
        """Whether what is made now is looked at; several takes that somebody chose stay chosen."""
        return self._follow and len(self.takes.chosen_takes()) < 2

    def _heard_take(self, take: Take) -> None:
        self.viewer.grown(take)
        if self._follows() and self.viewer.job is not None and take.job_id == self.viewer.job.id:
            self._select(take.id)

    def _select(self, take_id: str) -> bool:
        self._selecting = True
        found = self.takes.select(take_id)
        self._selecting = False
        current = self.takes.current()
        if (
            found
            and current is not None
            and (self.viewer.take is None or self.viewer.take.id != current.id)
        ):
            self.viewer.show_take(current)
        return found

    def _show_levels(self, levels: Levels, place: float | None, waits: float | None) -> None:
        self.transport.show_levels(levels)
        self.transport.show_time(place, waits)
        playback = self.session.session.playback.state()
        self.takes.show_waiting(playback.next_id or "", waits)
        self.devices.show_levels(levels)
        self.live.poll()
        self.composer.source.recorder.show_levels(levels)

    # --- hands ---

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:
        """Return presses, Home and End go there, wherever no control takes them."""
        if a0 is None or not pressed(a0, self.listening):
            super().keyPressEvent(a0)

    def dragEnterEvent(self, a0: QDragEnterEvent | None) -> None:
        """A recording or a MIDI file may be dropped anywhere."""
        if a0 is not None and may_drop(a0):
            accept(a0)

    def dropEvent(self, a0: QDropEvent | None) -> None:
        """Starts from what was dropped, or plays it."""
        if a0 is not None and may_drop(a0):
            accept(a0)
            drop(a0, self.composer)

    def closeEvent(self, a0: QCloseEvent | None) -> None:
        """Remembers where everything was; the system's own button may have to be pressed twice."""
        if a0 is not None and a0.spontaneous() and not self.leaving.may():
            return a0.ignore()
        self.listening.stop()
        self.restoring.keep()
        self.peaks.close()
        self.session.close()
        return super().closeEvent(a0)

    # --- composing ---

    def _fill_menus(self) -> None:
        acting = Acting(
            session=self.session,
            look=self.look,
            around=self.around,
            composer=self.composer,
            viewer=self.viewer,
            anew=self.anew,
            takes=self.takes,
            sending=self.sending,
            listening=self.listening,
            pages=self.pages,
            history=self.history,
            status=self.status,
            generate=self.generate,
            show_welcome=self.show_welcome,
            close=self.leaving.leave,
            tr=self.tr,
        )
        build_menus(self, acting)

    def _compose(self) -> None:
        look = self.look
        upper, lower = Pane(), Pane()
        column = look.pad(QVBoxLayout(upper))
        column.addWidget(self.welcome)
        column.addWidget(self.viewer)
        column = look.pad(QVBoxLayout(lower), gap=10)
        column.addWidget(self.queue)
        column.addWidget(self.takes, 1)
        self.middle = Middle(look, upper, lower)
        self.columns = Columns(look, self.composer, self.middle, self.drawer)
        inside = QWidget()
        inside.setProperty("role", "window")
        main = look.pad(QVBoxLayout(inside), gap=0)
        main.addWidget(self.transport)
        frame = look.pad(QHBoxLayout(), (12, 12, 8, 12))
        frame.addWidget(self.columns, 1)
        frame.addWidget(self.drawer.rail_area)
        main.addLayout(frame, 1)
        main.addWidget(self.status)
        self.setCentralWidget(inside)

    def _join(self) -> None:
        session, takes, viewer = self.session, self.takes, self.viewer
        self.composer.generate_asked.connect(self.generate)
        self.transport.play_asked.connect(self.listening.toggle)
        self.transport.loop.clicked.connect(lambda _: self.listening.toggle_loop())
        self.presets.used.connect(self.use_preset)
        self.welcome.chosen.connect(self.begin)
        self.welcome.done.connect(lambda: self.show_welcome(False))
        takes.chosen.connect(self.look_at)
        takes.play_asked.connect(self.listening.play)
        takes.launch_asked.connect(lambda take, grid: self.listening.launch(take, grid or None))
        for panel in (takes, viewer):
            panel.use_asked.connect(self.use)
            panel.vary_asked.connect(self.vary)
            panel.source_asked.connect(self.start_from)
            panel.continue_asked.connect(lambda take: self.start_from(take, "continue"))
        viewer.compared.connect(self.compare)
        self.anew.landed.connect(self.compare)
        self.anew.asked.connect(self.stay)
        viewer.marked.connect(takes.mark)
        viewer.emptied.connect(lambda: (take := takes.current()) and viewer.show_take(take))
        for turned in (self.drawer.turned, self.live.filled):
            turned.connect(lambda _: self.columns.leave_alone(self.pages.alone()))
        self.pages.join(self.status)
        for page in (self.preferences, self.pages.daw):
            page.restart_asked.connect(self.leaving.start_again)
        session.job_changed.connect(self._heard_job)
        session.take_added.connect(self._heard_take)
        session.take_removed.connect(viewer.forget)
