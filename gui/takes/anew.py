"""What is done with a range: made anew, or kept while all else is made anew - as a new take beside the old one.

The old take becomes A and the new one B, both with the range, so that each is heard at the same place. Knows the
session's jobs and the viewer; nothing of playback: `landed` gives the new take to be compared.
"""

# The stubs of the bindings leave slots and items unknown.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QObject, QPoint, Qt, pyqtSignal
from PyQt6.QtWidgets import QMenu

from bridge.delivery_state import Placement
from bridge.requests import complement
from bridge.state import Job, JobOptions, Take
from gui.look.controls import Button
from gui.look.theme import Look
from gui.qt_session import QtSession
from gui.takes.model import take_title
from gui.takes.viewer import Viewer
from gui.takes.waveform import Span


class Anew(QObject):
    """Buttons beside the viewer's own, and a menu over the waveform.

    Signals:
        asked: a job was asked for.
        landed: its take is there, while the old one is still looked at.
    """

    asked = pyqtSignal()
    landed = pyqtSignal(object)

    def __init__(
        self,
        session: QtSession,
        look: Look,
        viewer: Viewer,
        deliver: Callable[[], Placement | None],
    ) -> None:
        """`deliver` says where takes go as soon as they are made."""
        super().__init__(viewer)
        self._deliver = deliver
        self._session, self._viewer = session, viewer
        self._from: dict[str, Take] = {}
        self.again = Button(look, self.tr("Make this range anew"), "retry")
        self.again.setToolTip(
            self.tr("The rest stays; the same settings, another seed; as a new take  (I)")
        )
        self.keep = Button(look, self.tr("Keep this range"), "lock")
        self.keep.setToolTip(
            self.tr("All else is made anew; the same settings, another seed; as a new take  (K)")
        )
        self.again.clicked.connect(self.make)
        self.keep.clicked.connect(self.make_others)
        for button in (self.again, self.keep):
            viewer.deeds.addWidget(button)
        viewer.wave.range_shown.connect(lambda _: self._offer())
        viewer.wave.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        viewer.wave.customContextMenuRequested.connect(self._open_menu)
        session.job_changed.connect(self._heard)
        self._offer()

    def make(self) -> None:
        """Makes the range anew and keeps the rest."""
        span = self._span()
        if span is not None:
            self._ask([span])

    def make_others(self) -> None:
        """Keeps the range and makes the rest anew."""
        span, take = self._span(), self._viewer.take
        if span is not None and take is not None:
            self._ask(list(complement([span], take.seconds)))

    def menu(self) -> QMenu:
        """What can be done with the range."""
        menu, wave = QMenu(self._viewer), self._viewer.wave
        has = wave.loop_range is not None and self._viewer.take is not None
        for words, do in (
            (self.again.accessibleName(), self.make),
            (self.keep.accessibleName(), self.make_others),
            (self.tr("Look at this range"), wave.zoom_to_range),
            (self.tr("No range"), self._viewer.hands.clear),
        ):
            action = menu.addAction(words, do)
            if action is not None:
                action.setEnabled(has)
        menu.addAction(self.tr("Show all of it"), wave.zoom_out)
        return menu

    def _span(self) -> Span | None:
        """The range; a sentence if there is none."""
        span = self._viewer.wave.loop_range
        if span is None or self._viewer.take is None:
            self._session.say(
                self.tr("Drag over a part of the waveform first: that is the range."), "warning"
            )
            return None
        return span

    def _ask(self, spans: list[Span]) -> None:
        take = self._viewer.take
        if take is None:
            return
        job = self._session.attempt(self._remake, take, spans)
        if job is not None:
            self._from[job.id] = take
            self.asked.emit()
            words = self.tr("{0} is A; what is made of it will be B, at the same place.")
            self._session.say(words.format(take_title(take)))

    def _remake(self, take: Take, spans: list[Span]) -> Job:
        options = JobOptions(placement=self._deliver())
        return self._session.session.remake(take.id, spans, options=options)

    def _heard(self, job: Job) -> None:
        if not job.finished or job.id not in self._from:
            return
        old = self._from.pop(job.id)
        new = job.take_ids and self._session.attempt(
            self._session.session.takes.get, job.take_ids[-1]
        )
        if isinstance(new, Take):
            self._viewer.hold({"A": old, "B": new})
            if self._viewer.take is not None and self._viewer.take.id == old.id:
                self.landed.emit(new)

    def _offer(self) -> None:
        shown = self._viewer.wave.loop_range is not None
        for button in (self.again, self.keep):
            button.setVisible(shown)

    def _open_menu(self, place: QPoint) -> None:
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self._viewer.wave.mapToGlobal(place))
