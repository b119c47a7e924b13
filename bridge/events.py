"""What the bridge tells its listeners: frozen events that carry the records of `state.py`.

Knows nothing of torch, Qt, sockets or devices. A listener is called on the hub's thread and must return at once (queue
the event, emit a signal): while it works the other listeners wait, but no publisher does.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bridge.delivery_state import Companion, Delivery, Selection
from bridge.errors import Code
from bridge.live_state import LiveState
from bridge.state import (
    CaptureState,
    Devices,
    Job,
    MidiState,
    ModelState,
    PlaybackState,
    Take,
    TransportState,
)
from bridge.stored import Account, StoredModel
from engine.composing.score import Score
from engine.updates import LeadSheet


@dataclass(frozen=True, slots=True)
class ParameterChanged:
    """A default of the next job was set."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class JobChanged:
    """A job was queued or moved, made progress, or ended."""

    job: Job


@dataclass(frozen=True, slots=True, eq=False)
class AudioReady:
    """The next block of a running job: `samples` [C, N] float32 from frame `start` of its take."""

    job_id: str
    start: int
    samples: NDArray[np.float32]
    sample_rate: int = 44_100


@dataclass(frozen=True, slots=True, eq=False)
class SheetReady:
    """What the take plays that a running job makes: its lead sheet, before the first step."""

    job_id: str
    sheet: LeadSheet


@dataclass(frozen=True, slots=True)
class Remarked:
    """Something to know about the take that a running job makes, and no error; a `Notice` says it to people too."""

    job_id: str
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class ScoreRead:
    """The score of a take, as `Session.ask_score` asked for it; None if its sidecar has none that can be read."""

    take_id: str
    score: Score | None


@dataclass(frozen=True, slots=True)
class TakeAdded:
    """A whole file is in the library under its final name; `again` when it came back from the bin."""

    take: Take
    again: bool = False


@dataclass(frozen=True, slots=True)
class TakeChanged:
    """A take was rated, marked, renamed or measured."""

    take: Take


@dataclass(frozen=True, slots=True)
class TakeRemoved:
    """A take went to the system's bin."""

    take_id: str


@dataclass(frozen=True, slots=True)
class ModelChanged:
    """The model is loading, ready, failed or gone."""

    model: ModelState


@dataclass(frozen=True, slots=True)
class ModelStored:
    """A model's files are here, gone or on their way, or its licence was accepted."""

    model: StoredModel


@dataclass(frozen=True, slots=True)
class AccountChanged:
    """A token for the hub is stored, or could not be."""

    account: Account


@dataclass(frozen=True, slots=True)
class TransportChanged:
    """Tempo, signature, key, selection, play state or source changed (not every beat)."""

    transport: TransportState


@dataclass(frozen=True, slots=True)
class PlaybackChanged:
    """Playing, paused, another take, another device."""

    playback: PlaybackState


@dataclass(frozen=True, slots=True)
class CaptureChanged:
    """Counting in, recording, saved."""

    capture: CaptureState


@dataclass(frozen=True, slots=True)
class LiveChanged:
    """The live stream began, ended, waits, was late, or has another latency; at most ten times a second."""

    live: LiveState


@dataclass(frozen=True, slots=True)
class LiveSet:
    """A setting of the live stream was set."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class DevicesChanged:
    """A device came or went, or another one is in use."""

    devices: Devices


@dataclass(frozen=True, slots=True)
class MidiChanged:
    """A port came or went, or something was learned."""

    midi: MidiState


@dataclass(frozen=True, slots=True)
class DeliveryChanged:
    """A take is owed to a DAW, was sent, placed or refused."""

    delivery: Delivery


@dataclass(frozen=True, slots=True)
class CompanionChanged:
    """A DAW's companion came or went, or was installed; its program or project may be another."""

    companion: Companion


@dataclass(frozen=True, slots=True)
class SelectionHanded:
    """A DAW handed audio over: what is selected there, as one recording."""

    selection: Selection


@dataclass(frozen=True, slots=True)
class PanelAsked:
    """A DAW asks for the panel."""


@dataclass(frozen=True, slots=True)
class OscTraffic:
    """A message that came in or went out, for the panel's monitor."""

    direction: Literal["in", "out"]
    peer: str
    address: str
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class PresetsChanged:
    """A preset was saved, renamed or deleted."""


@dataclass(frozen=True, slots=True)
class SettingChosen:
    """A device was chosen or a control learned; `value` belongs in the settings file under `section` and `key`."""

    section: str
    key: str
    value: Any


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence for the musician; `code` as in `/longtake/error`, empty when it is no error."""

    level: Literal["info", "warning", "error"]
    code: Code | Literal[""]
    text: str


Event = (
    ParameterChanged
    | JobChanged
    | AudioReady
    | SheetReady
    | Remarked
    | ScoreRead
    | TakeAdded
    | TakeChanged
    | TakeRemoved
    | ModelChanged
    | ModelStored
    | AccountChanged
    | TransportChanged
    | PlaybackChanged
    | CaptureChanged
    | LiveChanged
    | LiveSet
    | DevicesChanged
    | MidiChanged
    | DeliveryChanged
    | CompanionChanged
    | SelectionHanded
    | PanelAsked
    | OscTraffic
    | PresetsChanged
    | SettingChosen
    | Notice
)

CLOSE_WITHIN = 10.0
"""Seconds that closing waits for the last events to be delivered."""
_log = logging.getLogger(__name__)

Listener = Callable[[Event], None]
Publish = Callable[[Event], None]


class Hub:
    """One outbox for everybody: each listener hears all events, in the order in which they were published.

    Whoever changes a state publishes while still holding that state's lock, so events come in the order of the
    changes. That is safe because `publish` only appends: a thread of the hub's own calls the listeners, one event
    after the other, and holds no lock that a publisher needs. A listener may therefore call the session.
    """

    def __init__(self) -> None:
        """Starts with no listener; the thread begins with the first one."""
        # Always the innermost lock: nothing else is locked or called while it is held.
        self._waiting = threading.Condition()
        self._outbox: deque[Event] = deque()
        self._listeners: tuple[Listener, ...] = ()
        self._closed = False
        # Held while an event is being delivered; `unsubscribe` takes it to wait until that is over.
        self._telling = threading.RLock()
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Adds a listener; the call returned takes it away again (twice does no harm).

        Once that call has returned, the listener is never called again. It waits while an event is being delivered,
        so do not call it while holding a lock that a listener takes.
        """
        with self._waiting:
            if not self._listeners and not self._closed and self._thread.ident is None:
                self._thread.start()
            self._listeners = (*self._listeners, listener)

        def unsubscribe() -> None:
            with self._waiting:
                self._listeners = tuple(known for known in self._listeners if known is not listener)
            with self._telling:
                pass

        return unsubscribe

    def publish(self, event: Event) -> None:
        """Puts an event into the outbox and returns; may be called under any lock, from any thread."""
        with self._waiting:
            if self._listeners and not self._closed:
                self._outbox.append(event)
                self._waiting.notify()

    def close(self) -> None:
        """Delivers what was published, then ends; anything published later is dropped."""
        with self._waiting:
            self._closed = True
            self._waiting.notify()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(CLOSE_WITHIN)

    def _run(self) -> None:
        while True:
            with self._waiting:
                while not self._outbox and not self._closed:
                    self._waiting.wait()
                if not self._outbox:
                    return
                event = self._outbox.popleft()
            with self._telling:
                for listener in self._listeners:
                    # The one before it may have taken it away.
                    if listener in self._listeners:
                        _tell(listener, event)


def _tell(listener: Listener, event: Event) -> None:
    """Calls one listener; if it fails, that is logged and the others still hear the event."""
    try:
        listener(event)
    except Exception:
        _log.exception("A listener failed on %s", type(event).__name__)
