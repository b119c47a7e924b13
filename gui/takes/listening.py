"""What is heard: play and pause, loop, seek, comparing two takes - and the timer that moves playhead and meters.

Knows the session's playback and the viewer. The timer polls thirty times a second and repaints only what moved.
"""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QObject, QTimer

from bridge.state import Levels, PlaybackState, Take
from gui.qt_session import QtSession
from gui.takes.viewer import Viewer

FRAME_MS = 33


class Listening(QObject):
    """Joins viewer and playback."""

    def __init__(
        self, session: QtSession, viewer: Viewer, show: Callable[[Levels, float | None], None]
    ) -> None:
        super().__init__()
        self._session, self._viewer, self._show = session, viewer, show
        self._playback = session.session.playback.state()
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self.poll)
        session.playback_changed.connect(self._heard)
        viewer.hands.sought.connect(self.seek)
        viewer.hands.range_chosen.connect(self.take_range)

    def start(self) -> None:
        """Begins to poll."""
        self._timer.start()

    def stop(self) -> None:
        """Polls no more."""
        self._timer.stop()

    def poll(self) -> None:
        """Moves playhead and meters."""
        run = self._session.session
        place = run.playback.playhead() if self.here() else None
        self._show(run.levels(), place)
        self._viewer.show_playhead(place)

    def here(self) -> bool:
        """Whether what is heard (or paused) is what is looked at."""
        viewer, playback = self._viewer, self._playback
        if playback.state == "stopped":
            return False
        if viewer.take is not None:
            return playback.take_id == viewer.take.id
        return viewer.job is not None and playback.job_id == viewer.job.id

    def toggle(self) -> None:
        """Plays what is looked at, or pauses it."""
        run = self._session.session
        if self.here() and self._playback.state in ("playing", "waiting"):
            self._session.attempt(run.playback.pause)
        elif self.here() and self._playback.state == "paused":
            self._session.attempt(run.playback.play)
        elif self._viewer.take is not None:
            self.play(self._viewer.take)
        elif self._playback.state in ("playing", "waiting"):
            self._session.attempt(run.playback.pause)

    def play(self, take: Take | None) -> None:
        """Plays a take from its start."""
        if take is not None:
            self._session.attempt(self._session.session.playback.play, take)

    def toggle_loop(self) -> None:
        """Repeats what is heard, or the range that was dragged over, or no more."""
        self._session.attempt(
            self._session.session.playback.set_loop,
            not self._playback.loop,
            self._viewer.wave.loop_range,
        )

    def take_range(self, span: tuple[float, float] | None) -> None:
        """A range was chosen: it is repeated."""
        self._session.attempt(
            self._session.session.playback.set_loop, span is not None or self._playback.loop, span
        )

    def seek(self, seconds: float) -> None:
        """Goes to a place in what is looked at; if something else is heard, plays this from there."""
        if not self.here():
            if self._viewer.take is None or self._playback.state != "playing":
                return
            self.play(self._viewer.take)
        self._session.attempt(self._session.session.playback.seek, seconds)
        self.poll()

    def compare(self, take: Take) -> None:
        """Goes on with another take at the same place."""
        place = self._session.session.playback.playhead()
        if place is None or self._playback.state != "playing":
            return
        self.play(take)
        self._session.attempt(
            self._session.session.playback.seek, min(place, max(take.seconds - 0.05, 0.0))
        )

    def _heard(self, playback: PlaybackState) -> None:
        self._playback = playback
        self.poll()
