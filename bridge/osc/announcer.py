"""From events of the session to OSC messages: who hears what, how often, and in which order.

Runs in the server's only thread. Progress is sent at most ten times a second for each job and never goes backwards;
whatever is held back meanwhile, the last message says how things stand. Knows nothing of packets or sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bridge import events
from bridge.delivery_state import Delivery
from bridge.errors import BridgeError
from bridge.live_state import LiveState
from bridge.osc.actions import Actions
from bridge.osc.clients import Clients, Plain
from bridge.osc.command import ROOT
from bridge.osc.values import (
    file_values,
    live_values,
    model_values,
    plain,
    selection_values,
    sent_values,
    transport_values,
)
from bridge.session import Session
from bridge.state import Job, ModelState, PlaybackState, TransportState

PROGRESS_INTERVAL = 0.1
HEARTBEAT = 2.0
MAX_JOBS = 1024


@dataclass(slots=True)
class _Told:
    """What clients know of a job."""

    progress: float = -1.0
    stage: str = ""
    at: float = 0.0
    takes: int = 0
    waiting: Job | None = None
    ended: bool = False


class Announcer:
    """Tells subscribers, and whoever asked for a job, what has changed."""

    def __init__(
        self, session: Session, clients: Clients, actions: Actions, clock: Callable[[], float]
    ) -> None:
        """Starts from a new session's state, so that only changes are sent."""
        self._session = session
        self._clients = clients
        self._actions = actions
        self._clock = clock
        self._jobs: dict[str, _Told] = {}
        self._transport = TransportState()
        self._playback = PlaybackState()
        self._model = ModelState()
        self._live = LiveState()
        self._status: tuple[Plain, ...] = ()
        self._beaten = self._metered = 0.0
        self._tellers: dict[type[events.Event], Callable[[Any], None]] = {
            events.JobChanged: lambda event: self._tell_job(event.job),
            events.SheetReady: self._tell_about,
            events.Remarked: self._tell_about,
            events.TakeAdded: self._tell_capture,
            events.CaptureChanged: self._tell_capture,
            events.ParameterChanged: lambda event: self._tell_setting("params", "param", event),
            events.TransportChanged: lambda event: self._tell_transport(event.transport),
            events.PlaybackChanged: lambda event: self._tell_playback(event.playback),
            events.ModelChanged: self._tell_model,
            events.ModelStored: self._tell_model,
            events.LiveSet: lambda event: self._tell_setting("live", "live", event),
            events.LiveChanged: lambda event: self._tell_live(event.live),
            events.DeliveryChanged: lambda event: self._tell_delivery(event.delivery),
            events.CompanionChanged: lambda event: self._say(
                "daw",
                "daw",
                (event.companion.target, event.companion.state, event.companion.detail),
            ),
            events.SelectionHanded: lambda event: self._clients.tell(
                "daw",
                f"{ROOT}/daw/selected",
                selection_values(event.selection),
                self._actions.handing,
            ),
            events.DevicesChanged: lambda event: self._say(
                "playback", "output/device", (event.devices.output,)
            ),
            events.Notice: self._tell_error,
        }

    def tell(self, event: events.Event) -> None:
        """Sends an event as messages."""
        if tell := self._tellers.get(type(event)):
            tell(event)

    def tick(self) -> None:
        """Sends what was held back, and the heartbeat."""
        now = self._clock()
        for told in self._jobs.values():
            if told.waiting and now - told.at >= PROGRESS_INTERVAL:
                self._progress(told.waiting, told)
        if now - self._metered >= PROGRESS_INTERVAL and self._clients.wants("live"):
            self._metered = now
            self._tell_level()
        due = now - self._beaten >= HEARTBEAT
        if due and self._clients.anybody():
            self._tell_status(always=True)

    def bye(self) -> None:
        """Sends the last message of all."""
        self._say("status", "bye", ())

    def _tell_job(self, job: Job) -> None:
        told = self._jobs.setdefault(job.id, _Told())
        while len(self._jobs) > MAX_JOBS:
            self._jobs.pop(next(iter(self._jobs)))
        self._done(job, told)
        if job.finished:
            self._end(job, told)
        elif job.stage != told.stage or self._clock() - told.at >= PROGRESS_INTERVAL:
            self._progress(job, told)
        else:
            told.waiting = job
        if self._clients.anybody():
            self._tell_status()

    def _progress(self, job: Job, told: _Told) -> None:
        told.waiting = None
        if told.ended:
            return
        told.progress = max(told.progress, job.progress, 0.0)
        told.stage, told.at = job.stage, self._clock()
        eta = -1.0 if job.eta_s is None else float(job.eta_s)
        asker = self._actions.asker(job.id)
        values = (job.id, float(told.progress), job.stage, eta)
        self._clients.tell("jobs", f"{ROOT}/progress", values, asker)

    def _end(self, job: Job, told: _Told) -> None:
        told.waiting = None
        if told.ended:
            return
        told.ended = True
        asker = self._actions.asker(job.id)
        if job.state == "cancelled":
            self._clients.tell("jobs", f"{ROOT}/cancelled", (job.id,), asker)
        elif job.state in ("failed", "interrupted"):
            values = (job.request_id, job.code or "engine", job.error, job.id)
            self._clients.tell("errors", f"{ROOT}/error", values, asker)

    def _tell_about(self, event: events.SheetReady | events.Remarked) -> None:
        asker = self._actions.asker(event.job_id)
        if isinstance(event, events.Remarked):
            self._clients.tell("jobs", f"{ROOT}/remark", (event.job_id, event.text), asker)
            return
        values = (event.job_id, event.sheet.about, float(event.sheet.tempo or 0.0))
        self._clients.tell("jobs", f"{ROOT}/lead_sheet", values, asker)

    def _tell_delivery(self, delivery: Delivery) -> None:
        """To subscribers, and to whoever asked for the job that made the take."""
        asker = None
        with suppress(BridgeError):
            asker = self._actions.asker(self._session.takes.get(delivery.take_id).job_id)
        self._clients.tell("daw", f"{ROOT}/sent", sent_values(delivery), asker)

    def _tell_capture(self, event: events.TakeAdded | events.CaptureChanged) -> None:
        if isinstance(event, events.CaptureChanged):
            capture = event.capture
            self._say("capture", "capture/state", (capture.state, float(capture.seconds)))
        elif event.take.kind in ("capture", "live") and not event.again:
            values = (str(event.take.path), float(event.take.seconds))
            if event.take.kind == "live":
                return self._say("live", "live/recorded", values)
            self._clients.tell("capture", f"{ROOT}/captured", values, self._actions.capturing)

    def _done(self, job: Job, told: _Told) -> None:
        """Announces each file once; the last when the job has ended, so that a client that then asks is told 'done'."""
        for index in range(told.takes + 1, len(job.take_ids) + 1):
            if index == job.total and not job.finished:
                return
            told.takes = index
            try:
                take = self._session.takes.get(job.take_ids[index - 1])
            except BridgeError:
                continue  # It was deleted meanwhile.
            done: tuple[Plain, ...] = (
                job.request_id,
                job.id,
                str(take.path),
                float(take.seconds),
                take.sample_rate,
                float(take.tempo or 0.0),
                take.key,
                take.seed or 0,
                index,
                job.total,
            )
            self._clients.tell("jobs", f"{ROOT}/done", done, self._actions.asker(job.id))

    def _tell_transport(self, transport: TransportState) -> None:
        before, after = transport_values(self._transport), transport_values(transport)
        self._transport = transport
        for name, values in after.items():
            if values != before[name]:
                place = "sync/source" if name == "sync_source" else name.replace("_", "/", 1)
                self._say("transport", place, values)

    def _tell_playback(self, playback: PlaybackState) -> None:
        before, self._playback = self._playback, playback
        heard = (playback.state, playback.take_id or playback.job_id or "")
        if heard != (before.state, before.take_id or before.job_id or ""):
            self._say("playback", "playback", heard)
        if playback.gain_db != before.gain_db:
            self._say("playback", "gain", (float(playback.gain_db),))
        if (playback.loop, playback.loop_range) != (before.loop, before.loop_range):
            span = tuple(float(second) for second in playback.loop_range or ())
            self._say("playback", "loop", (int(playback.loop), *span))

    def _tell_setting(
        self, topic: str, place: str, event: events.ParameterChanged | events.LiveSet
    ) -> None:
        self._say(topic, f"{place}/{event.name}", plain(event.value))

    def _tell_error(self, notice: events.Notice) -> None:
        if notice.code:
            self._say("errors", "error", ("", notice.code, notice.text, notice.level))

    def _tell_live(self, live: LiveState) -> None:
        before, self._live = self._live, live
        if live_values(before) != live_values(live):
            self._say("live", "live/state", live_values(live))
        if (before.recording is None) != (live.recording is None):
            self._say("live", "live/record", (int(live.recording is not None),))

    def _tell_level(self) -> None:
        if self._live.phase in ("off", "failed"):
            return
        levels = self._session.live.levels()
        peaks = (float(max(peak, default=0.0)) for peak in (levels.in_peak, levels.out_peak))
        self._say("live", "live/level", peaks)

    def _tell_model(self, event: events.ModelChanged | events.ModelStored) -> None:
        if isinstance(event, events.ModelStored):
            return self._say("model", "model/files", file_values(event.model))
        model = event.model
        before, self._model = self._model, model
        if (model.phase, model.name) != (before.phase, before.name):
            self._say("model", "model/state", model_values(model))
            self._tell_status()

    def _tell_status(self, *, always: bool = False) -> None:
        working = [job for job in self._session.jobs.all() if not job.finished]
        model = self._session.models.state()
        status: tuple[Plain, ...] = ("busy" if working else "idle", len(working), model.name)
        if always or status != self._status:
            self._status, self._beaten = status, self._clock()
            self._say("status", "status", status)

    def _say(self, topic: str, place: str, values: Iterable[Plain]) -> None:
        self._clients.tell(topic, f"{ROOT}/{place}", values)
