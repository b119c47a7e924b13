"""What the bridge tells its listeners: frozen events that carry the records of `state.py`.

Knows nothing of torch, Qt, sockets or devices. A listener gets each event on the publisher's thread, after every
lock is released, and must return at once (queue it, emit a signal, send a packet).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bridge.errors import Code
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


@dataclass(frozen=True, slots=True)
class ParameterChanged:
    """A default of the next job was set."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class JobChanged:
    """A job was queued, moved, went on, or ended."""

    job: Job


@dataclass(frozen=True, slots=True, eq=False)
class AudioReady:
    """The next block of a running job: `samples` [C, N] float32 from frame `start` of its take."""

    job_id: str
    start: int
    samples: NDArray[np.float32]
    sample_rate: int = 44_100


@dataclass(frozen=True, slots=True)
class TakeAdded:
    """A whole file is in the library under its final name."""

    take: Take


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
class DevicesChanged:
    """A device came or went, or another one is in use."""

    devices: Devices


@dataclass(frozen=True, slots=True)
class MidiChanged:
    """A port came or went, or something was learned."""

    midi: MidiState


@dataclass(frozen=True, slots=True)
class OscTraffic:
    """A message that came in or went out, for the panel's monitor."""

    direction: Literal["in", "out"]
    peer: str
    address: str
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class PresetsChanged:
    """The list of presets is another one."""


@dataclass(frozen=True, slots=True)
class SettingChosen:
    """A device was chosen; `value` belongs into the settings file under `section` and `key`."""

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
    | TakeAdded
    | TakeChanged
    | TakeRemoved
    | ModelChanged
    | TransportChanged
    | PlaybackChanged
    | CaptureChanged
    | DevicesChanged
    | MidiChanged
    | OscTraffic
    | PresetsChanged
    | SettingChosen
    | Notice
)

Listener = Callable[[Event], None]
Publish = Callable[[Event], None]


class Hub:
    """Passes events on from whoever publishes to whoever listens."""

    def __init__(self) -> None:
        """Starts with no listener."""
        self._lock = threading.Lock()
        self._listeners: tuple[Listener, ...] = ()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Adds a listener; the call returned takes it away again (twice does no harm)."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = tuple(known for known in self._listeners if known is not listener)

        return unsubscribe

    def publish(self, event: Event) -> None:
        """Calls every listener; one that fails is logged and hurts no other."""
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                logging.getLogger(__name__).exception(
                    "A listener failed on %s", type(event).__name__
                )
