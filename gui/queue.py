"""The queue: what is being made and what waits, with stage, progress, time left; cancel, retry, reorder.

Knows the session's jobs. A finished job goes; a failed one stays with its sentence until it is tried again or put away.
"""

from __future__ import annotations

from PyQt6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from bridge.state import Job
from gui.look.containers import Card, Scrolled
from gui.look.controls import IconButton, label
from gui.look.elided import Elided
from gui.look.language import said
from gui.look.theme import Look
from gui.prompt_form import headline
from gui.qt_session import QtSession
from gui.takes.stages import stage_words

SHOWN = 12
"""More jobs than these are counted, not listed."""
LINES = 12
"""The list is as high as so many lines of text; more of it scrolls."""


class JobRow(QWidget):
    """One job."""

    def __init__(self, session: QtSession, look: Look, panel: QueuePanel, job: Job) -> None:
        super().__init__()
        self._panel, self.job = panel, job
        run = session.session
        self.words = Elided(headline(job.spec.prompt), "strong")
        self.stage = Elided("", "small")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setAccessibleName(self.tr("Progress of the job"))
        self.up = IconButton(look, "arrow-up", self.tr("Earlier"))
        self.down = IconButton(look, "arrow-down", self.tr("Later"))
        self.again = IconButton(look, "retry", self.tr("Try again"))
        self.away = IconButton(look, "close", self.tr("Cancel"))
        row = look.pad(QHBoxLayout(self), gap=4)
        words = look.pad(QVBoxLayout(), gap=3)
        words.addWidget(self.words)
        words.addWidget(self.stage)
        words.addWidget(self.bar)
        row.addLayout(words, 1)
        for button in (self.up, self.down, self.again, self.away):
            row.addWidget(button)
        self.up.clicked.connect(
            lambda: session.attempt(run.jobs.move, self.job.id, max(self.job.position - 1, 1))
        )
        self.down.clicked.connect(
            lambda: session.attempt(run.jobs.move, self.job.id, self.job.position + 1)
        )
        self.again.clicked.connect(self._retry)
        self.away.clicked.connect(self._away)
        self._session = session
        self.show_job(job)

    def show_job(self, job: Job) -> None:
        """Shows how far it is."""
        self.job = job
        waiting, failed = job.state == "queued", job.finished and job.state != "done"
        self.words.show_text(headline(job.spec.prompt))
        self.stage.show_text(said(job.error) if failed and job.error else stage_words(job))
        self.stage.setProperty("role", "error" if job.state == "failed" else "small")
        self.bar.setVisible(job.state == "running")
        self.bar.setValue(round(job.progress * 1000))
        self.up.setVisible(waiting)
        self.down.setVisible(waiting)
        self.up.setEnabled(job.position > 1)
        self.again.setVisible(failed)
        self.away.rename(self.tr("Put away") if failed else self.tr("Cancel"))

    def _retry(self) -> None:
        if self._session.attempt(self._session.session.jobs.retry, self.job.id) is not None:
            self._panel.put_away(self.job.id)

    def _away(self) -> None:
        if self.job.finished:
            self._panel.put_away(self.job.id)
        else:
            self._session.attempt(self._session.session.jobs.cancel, self.job.id)


class QueuePanel(Card):
    """All jobs that are not done; hidden when there are none."""

    def __init__(self, session: QtSession, look: Look) -> None:
        super().__init__(look, (16, 10, 12, 12), 10)
        self._session, self._look = session, look
        self._jobs: dict[str, Job] = {}
        self._rows: dict[str, JobRow] = {}
        self._away: set[str] = set()
        self.setAccessibleName(self.tr("Queue"))
        self.count = label("", "small")
        head = look.pad(QHBoxLayout(), gap=8)
        head.addWidget(label(self.tr("Being made"), "strong"))
        head.addWidget(self.count, 1)
        self.body.addLayout(head)
        inside = QWidget()
        self._list = look.pad(QVBoxLayout(inside), gap=10)
        self.body.addWidget(Scrolled(inside, LINES))
        session.job_changed.connect(self.show_job)
        for job in session.session.jobs.all():
            self._keep(job)
        self._arrange()

    def show_job(self, job: Job) -> None:
        """Shows what became of a job."""
        known = self._jobs.get(job.id)
        self._keep(job)
        row = self._rows.get(job.id)
        if (
            row is not None
            and job.id in self._jobs
            and known is not None
            and known.position == job.position
        ):
            row.show_job(job)
            if known.state == job.state:
                return
        self._arrange()

    def put_away(self, job_id: str) -> None:
        """Shows a failed job no longer."""
        self._away.add(job_id)
        self._jobs.pop(job_id, None)
        self._arrange()

    def rows(self) -> list[JobRow]:
        """The rows shown, from the top."""
        order = sorted(self._jobs.values(), key=_place)
        return [self._rows[job.id] for job in order if job.id in self._rows]

    def _keep(self, job: Job) -> None:
        if job.state in ("done", "cancelled") or job.id in self._away:
            self._jobs.pop(job.id, None)
        else:
            self._jobs[job.id] = job

    def _arrange(self) -> None:
        order = sorted(self._jobs.values(), key=_place)[:SHOWN]
        wanted = {job.id for job in order}
        for job_id in list(self._rows):
            if job_id not in wanted:
                row = self._rows.pop(job_id)
                self._list.removeWidget(row)
                row.hide()
                row.deleteLater()
        for place, job in enumerate(order):
            row = self._rows.get(job.id)
            if row is None:
                row = self._rows[job.id] = JobRow(self._session, self._look, self, job)
            row.show_job(job)
            if self._list.indexOf(row) != place:
                self._list.insertWidget(place, row)
        more = len(self._jobs) - len(order)
        self.count.setText(self.tr("and {0} more").format(more) if more else "")
        self.setVisible(bool(self._jobs))


def _place(job: Job) -> tuple[int, int, float]:
    """Running first, then the queue in order, then what failed, newest first."""
    if job.state == "running":
        return (0, 0, job.created)
    if job.state == "queued":
        return (1, job.position, job.created)
    return (2, 0, -job.created)
