"""`QtSession`: the session's events as Qt signals on Qt's thread, and its calls with errors shown, not raised.

Knows `bridge.session` and its events; no widget. A burst of events costs the window at most a few milliseconds at a
time: of each thing that changed only the last state is told, and what is left over waits for the next round.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ParamSpec, TypeVar

from PyQt6.QtCore import QObject, Qt, pyqtSignal

from bridge import events
from bridge.errors import code_of
from bridge.events import Event, Notice
from bridge.session import Session
from engine.errors import LongtakeError
from gui.look.language import said, tr

log = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")

BUDGET = 0.008
"""Seconds that telling events may take before the window gets its turn again."""
TRAFFIC_KEPT = 200
"""Of a burst of OSC messages, so many are shown; a monitor that shows thousands a second is read by nobody."""


class QtSession(QObject):
    """All that panels know of the bridge.

    Signals carry the records of `bridge.state`, `bridge.live_state` and `bridge.delivery_state`; they come on the
    thread it was made on.
    """

    parameter_changed = pyqtSignal(str, object)
    job_changed = pyqtSignal(object)
    audio_ready = pyqtSignal(object)
    sheet_ready = pyqtSignal(object)
    score_read = pyqtSignal(object)
    take_added = pyqtSignal(object)
    take_changed = pyqtSignal(object)
    take_removed = pyqtSignal(str)
    model_changed = pyqtSignal(object)
    model_stored = pyqtSignal(object)
    account_changed = pyqtSignal(object)
    transport_changed = pyqtSignal(object)
    playback_changed = pyqtSignal(object)
    capture_changed = pyqtSignal(object)
    live_changed = pyqtSignal(object)
    live_set = pyqtSignal(str, object)
    devices_changed = pyqtSignal(object)
    midi_changed = pyqtSignal(object)
    delivery_changed = pyqtSignal(object)
    companion_changed = pyqtSignal(object)
    selection_handed = pyqtSignal(object)
    panel_asked = pyqtSignal()
    osc_traffic = pyqtSignal(object)
    presets_changed = pyqtSignal()
    noticed = pyqtSignal(object)
    _woken = pyqtSignal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._waiting: deque[Event] = deque()
        self._lock = threading.Lock()
        self._awake = False
        self._tell: dict[type[Any], Callable[[Any], None]] = {
            events.ParameterChanged: lambda e: self.parameter_changed.emit(e.name, e.value),
            events.JobChanged: lambda e: self.job_changed.emit(e.job),
            events.AudioReady: self.audio_ready.emit,
            events.SheetReady: self.sheet_ready.emit,
            events.ScoreRead: self.score_read.emit,
            events.TakeAdded: lambda e: self.take_added.emit(e.take),
            events.TakeChanged: lambda e: self.take_changed.emit(e.take),
            events.TakeRemoved: lambda e: self.take_removed.emit(e.take_id),
            events.ModelChanged: lambda e: self.model_changed.emit(e.model),
            events.ModelStored: lambda e: self.model_stored.emit(e.model),
            events.AccountChanged: lambda e: self.account_changed.emit(e.account),
            events.TransportChanged: lambda e: self.transport_changed.emit(e.transport),
            events.PlaybackChanged: lambda e: self.playback_changed.emit(e.playback),
            events.CaptureChanged: lambda e: self.capture_changed.emit(e.capture),
            events.LiveChanged: lambda e: self.live_changed.emit(e.live),
            events.LiveSet: lambda e: self.live_set.emit(e.name, e.value),
            events.DevicesChanged: lambda e: self.devices_changed.emit(e.devices),
            events.MidiChanged: lambda e: self.midi_changed.emit(e.midi),
            events.DeliveryChanged: lambda e: self.delivery_changed.emit(e.delivery),
            events.CompanionChanged: lambda e: self.companion_changed.emit(e.companion),
            events.SelectionHanded: lambda e: self.selection_handed.emit(e.selection),
            events.PanelAsked: lambda _: self.panel_asked.emit(),
            events.OscTraffic: self.osc_traffic.emit,
            events.PresetsChanged: lambda _: self.presets_changed.emit(),
            events.Notice: lambda e: self.noticed.emit(replace(e, text=said(e.text))),
        }
        self._woken.connect(self._drain, Qt.ConnectionType.QueuedConnection)  # pyright: ignore[reportCallIssue]
        self._unsubscribe = session.subscribe(self._arrived)

    def attempt(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Calls the session; what it refuses becomes a notice in the status line, and the result None."""
        try:
            return call(*args, **kwargs)
        except LongtakeError as error:
            self.noticed.emit(Notice("error", code_of(error), said(str(error))))
        except OSError as error:
            log.warning("A call of the panel failed", exc_info=True)
            self.noticed.emit(
                Notice(
                    "error",
                    "io",
                    tr("{0}; check the disk and try again.").format(error.strerror or error),
                )
            )
        return None

    def manages(self, call: Callable[[], object]) -> bool:
        """Whether a call did what it should; what it is refused becomes a notice as in `attempt`."""

        def whole() -> bool:
            call()
            return True

        return self.attempt(whole) is not None

    def say(self, text: str, level: Any = "info") -> None:
        """Shows a sentence in the status line."""
        self.noticed.emit(Notice(level, "", said(text)))

    def close(self) -> None:
        """Hears nothing more."""
        self._unsubscribe()
        self._waiting.clear()

    def _arrived(self, event: Event) -> None:
        """Called on the hub's thread; what no panel shows is left out."""
        if type(event) not in self._tell:
            return
        with self._lock:
            self._waiting.append(event)
            wake, self._awake = not self._awake, True
        if wake:
            self._woken.emit()

    def _drain(self) -> None:
        with self._lock:
            arrived = list(self._waiting)
            self._waiting.clear()
            self._awake = False
        batch = latest(arrived)
        until = time.perf_counter() + BUDGET
        for index, event in enumerate(batch):
            self._tell[type(event)](event)
            if time.perf_counter() > until and index + 1 < len(batch):
                return self._put_back(batch[index + 1 :])
        return None

    def _put_back(self, rest: list[Event]) -> None:
        with self._lock:
            self._waiting.extendleft(reversed(rest))
            self._awake = True
        self._woken.emit()


def latest(arrived: list[Event]) -> list[Event]:
    """What of a burst is still true: the last state of each thing, and all that happened once, in order."""
    kept: list[Event] = []
    seen: set[object] = set()
    traffic = 0
    for event in reversed(arrived):
        thing = _thing(event)
        if thing is not None and thing in seen:
            continue
        if isinstance(event, events.OscTraffic):
            traffic += 1
            if traffic > TRAFFIC_KEPT:
                continue
        seen.add(thing)
        kept.append(event)
    return kept[::-1]


def _thing(event: Event) -> object:
    """What an event tells the state of; None for what happened and is not a state."""
    if isinstance(event, events.ParameterChanged):
        return ("parameter", event.name)
    if isinstance(event, events.LiveSet):
        return ("live", event.name)
    if isinstance(event, events.JobChanged):
        return ("job", event.job.id)
    if isinstance(event, events.TakeChanged):
        return ("take", event.take.id)
    if isinstance(event, events.DeliveryChanged):
        return ("delivery", event.delivery.id)
    if isinstance(event, events.CompanionChanged):
        return ("companion", event.companion.target)
    if isinstance(event, events.ModelStored):
        return ("model", event.model.name)
    states = (
        events.AccountChanged,
        events.ModelChanged,
        events.TransportChanged,
        events.PlaybackChanged,
        events.CaptureChanged,
        events.LiveChanged,
        events.DevicesChanged,
        events.MidiChanged,
        events.PresetsChanged,
    )
    return type(event) if isinstance(event, states) else None
