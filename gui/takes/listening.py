"""What is heard: play and pause, where play starts, repeat, seek, launching in time, comparing - and the timer.

Knows the session's playback and the viewer. The timer polls thirty times a second and repaints only what moved. Where
play starts is the take's own: a click, the range that was chosen, the join of what goes on; Stop goes back there.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from PyQt6.QtCore import QObject, QTimer

from bridge.errors import BridgeError
from bridge.ports import WHOLE, Cue
from bridge.requests import before_join
from bridge.state import Job, Levels, PlaybackState, Quantize, Take
from gui.look.language import tr
from gui.qt_session import QtSession
from gui.takes.viewer import Viewer
from gui.takes.waveform import Span

FRAME_MS = 33
END = 0.05
"""Seconds before the end of a take that one may go to and still hear something."""
Show = Callable[[Levels, float | None, float | None], None]
"""Shows levels, the place in what is heard, and the seconds until what waits begins."""


class Listening(QObject):
    """Joins viewer and playback."""

    def __init__(self, session: QtSession, viewer: Viewer, show: Show) -> None:
        super().__init__()
        self._session, self._viewer, self._show = session, viewer, show
        self._starts: tuple[str, float] = ("", 0.0)
        self._fresh: dict[str, float] = {}
        self._range_repeats = False
        self._before: bool | None = None
        """Whether Repeat was on before a range switched it on; None when none did."""
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self.poll)
        session.playback_changed.connect(lambda _: self.poll())
        session.playback_changed.connect(lambda _: self._let_go())
        viewer.wave.range_shown.connect(lambda _: self._let_go())
        session.job_changed.connect(self._made)
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
        here, heard = self.here(), run.playback.playhead()
        place = heard if here else self.start_place()
        waits = run.playback.launches_in() if self._playback.next_id else None
        self._show(run.levels(), heard if heard is not None else place, waits)
        self._viewer.show_playhead(place, moving=here and self._playback.state == "playing")

    def here(self) -> bool:
        """Whether what is heard (or paused) is what is looked at."""
        viewer, playback = self._viewer, self._playback
        if playback.state == "stopped":
            return False
        if viewer.take is not None:
            return playback.take_id == viewer.take.id
        return viewer.job is not None and playback.job_id == viewer.job.id

    def start_place(self) -> float | None:
        """Where play starts in the take that is looked at, in seconds; None while there is none."""
        take, span = self._viewer.take, self._viewer.wave.loop_range
        if take is None:
            return None
        if self._starts[0] == take.id:
            return min(self._starts[1], max(take.seconds - END, 0.0))
        return span[0] if span else self._fresh.get(take.id, 0.0)

    def toggle(self) -> None:
        """Plays what is looked at, pauses it, or waits no longer."""
        playback, run = self._playback, self._session.session.playback
        take, sounds = self._viewer.take, playback.state in ("playing", "waiting")
        if playback.next_id and (take is None or playback.next_id == take.id):
            self._session.attempt(run.cancel_launch)
        elif self.here() and sounds:
            self._session.attempt(run.pause)
        elif self.here() and playback.state == "paused":
            self._session.attempt(run.play)
        elif take is not None:
            self._launch(take, self._cue(self.start_place() or 0.0))
        elif sounds:
            self._session.attempt(run.pause)

    def play(self, take: Take | None) -> None:
        """Plays a take: from where its play starts if it is looked at, else from its start."""
        if take is not None:
            self._launch(take, self._cue_of(take))

    def launch(self, take: Take | None, grid: Quantize | None = None) -> None:
        """Plays a take at the next step of a grid: the transport's own, or a bar where that has none.

        The take that waits already waits no longer.
        """
        run = self._session.session
        if take is None:
            self._session.say(tr("Choose a take in the list first."), "warning")
        elif self._playback.next_id == take.id and grid is None:
            self._session.attempt(run.playback.cancel_launch)
        else:
            own = run.transport.state().quantize
            self._launch(take, self._cue_of(take), grid or ("bar" if own == "none" else own))

    def toggle_loop(self) -> None:
        """Repeats what is heard, or the range that was dragged over, or no more."""
        self._range_repeats, self._before = not self._playback.loop, None
        self._session.attempt(
            self._session.session.playback.set_loop,
            not self._playback.loop,
            self._viewer.wave.loop_range if self.here() else None,
        )

    def take_range(self, span: Span | None) -> None:
        """A range was chosen: play starts there and repeats it; what else is heard goes on as it is."""
        self._starts = ("", 0.0)
        playback = self._playback
        self._range_repeats = span is not None
        if self.here() or playback.state == "stopped":
            self._remember(span is not None)
            loop = span is not None or playback.loop
            self._session.attempt(self._session.session.playback.set_loop, loop, span)
        self.poll()

    def seek(self, seconds: float) -> None:
        """Goes to a place in what is looked at; while that is not heard, play starts there."""
        if self._viewer.take is not None:
            self._starts = (self._viewer.take.id, seconds)
        if self.here():
            self._session.attempt(self._session.session.playback.seek, seconds)
        elif self._viewer.take is not None and self._playback.state == "playing":
            self._launch(self._viewer.take, self._cue(seconds))
        self.poll()

    def to_start(self) -> None:
        """Goes to the start of the take, or of the range."""
        span = self._viewer.wave.loop_range
        self.seek(span[0] if span else 0.0)

    def to_end(self) -> None:
        """Goes to the end of the range; without one, to the last bar of the take."""
        take, span = self._viewer.take, self._viewer.wave.loop_range
        if take is not None:
            self.seek(span[1] if span else self._viewer.wave.last_bar())

    def compare(self, take: Take) -> None:
        """Goes on with another take at the same place, in the same range."""
        run, span = self._session.session.playback, self._playback.loop_range
        heard = run.playhead()
        start = min(
            self.start_place() or 0.0 if heard is None else heard, max(take.seconds - END, 0.0)
        )
        if heard is None or self._playback.state != "playing":
            self._starts = (take.id, start)
            return
        fits = span is not None and span[1] <= take.seconds + END
        self._session.attempt(run.play, take, Cue(start, span if fits else None))

    def _cue(self, start: float) -> Cue:
        """How the take that is looked at is played."""
        span = self._viewer.wave.loop_range
        return Cue(start, span, loop=span is not None and self._range_repeats)

    def _cue_of(self, take: Take) -> Cue:
        """How any take is played: from its start, unless it is looked at."""
        seen = self._viewer.take is not None and self._viewer.take.id == take.id
        return self._cue(self.start_place() or 0.0) if seen else WHOLE

    def _launch(self, take: Take, cue: Cue, grid: Quantize | None = None) -> None:
        """Plays a take now, or at the next step of the grid while something sounds to be in time with."""
        self._fresh.pop(take.id, None)
        self._remember(cue.loop)
        self._session.attempt(self._session.session.playback.launch, take, grid, cue)

    def _remember(self, repeats: bool) -> None:
        """What Repeat is, before a range that repeats switches it on."""
        if repeats and self._before is None:
            self._before = self._playback.loop

    def _let_go(self) -> None:
        """Repeat is what it was before the range, as soon as the range is gone to the eye and to the ear."""
        playback, wave = self._playback, self._viewer.wave
        if self._before is None or wave.loop_range is not None:
            return
        sounds = playback.state in ("playing", "waiting")
        if sounds and not self.here() and playback.loop_range is not None:
            return
        take = self._viewer.take if self.here() else None
        if sounds and take is None and playback.take_id:
            with suppress(BridgeError):  # It may be in the bin.
                take = self._session.session.takes.get(playback.take_id)
        if take is None or not take.loop or not sounds:  # A loop repeats by itself.
            before, self._before = self._before, None
            self._session.attempt(self._session.session.playback.set_loop, before, None)

    def _made(self, job: Job) -> None:
        """What goes on after a recording is first heard from before the join."""
        if job.state == "done" and job.kind == "continue":
            self._fresh.update((take_id, before_join(job.spec)) for take_id in job.take_ids)

    @property
    def _playback(self) -> PlaybackState:
        return self._session.session.playback.state()
