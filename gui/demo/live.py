"""`DemoLive`: the live stream without a microphone: it starts, follows its settings, and moves meters and waveforms.

Knows the port; no device. What it shows is a beatbox at 100 BPM and, a latency later, the drums made of it, as numbers
that are computed for the moment they are asked for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.events import LiveChanged, LiveSet, Publish
from bridge.live_state import LiveLevels, LiveState
from engine.live_settings import LiveSettings
from gui.demo.playback import MICROPHONE, SPEAKERS

COLUMN = 0.02
"""Seconds of waveform in a column, and how many are told."""
COLUMNS = 512
BEAT = 0.6
"""Seconds at 100 BPM."""
STROKES = ((0.0, 0.85), (0.75, 0.3), (1.0, 0.6), (1.5, 0.75), (2.25, 0.35), (2.5, 0.8), (3.0, 0.65))
"""Beat in a bar of four and loudness, of each stroke."""
SOON = 0.62
"""Seconds from the plug of the input to that of the output, as soon as can be."""
Values = NDArray[np.floating[Any]]


class DemoLive:
    """Hears itself."""

    def __init__(
        self,
        publish: Publish,
        loading: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Starts off; `loading` is how long it is starting, in seconds, and `clock` tells them."""
        self._publish, self._loading, self._clock = publish, loading, clock
        self._lock = threading.Lock()
        self._settings = LiveSettings()
        self._state = LiveState()
        self._since, self._recorded, self._frozen = 0.0, 0.0, 0.0
        self._timer: threading.Timer | None = None

    def state(self) -> LiveState:
        """What it pretends to do."""
        state = self._state
        if state.recording is None:
            return state
        return replace(state, recording=self._clock() - self._recorded)

    def settings(self) -> LiveSettings:
        """What it is set to."""
        return self._settings

    def set(self, name: str, value: Any) -> None:
        """Sets one of the table; another delay is another latency."""
        with self._lock:
            self._settings = self._settings.with_value(name, value)
            self._frozen = self._clock() if name == "freeze" else self._frozen
            self._publish(LiveSet(name, getattr(self._settings, name)))
        if name == "delay" and self._state.phase == "on":
            self.change(latency_ms=self._latency() * 1000)

    def start(self, prompt: str | None = None) -> None:
        """Begins; at once if nothing is to be loaded."""
        if prompt is not None:
            self.set("prompt", prompt)
        if self._state.phase not in ("off", "failed"):
            return
        self._since = self._clock()
        self.change(
            phase="starting",
            dry=True,
            problem="",
            model=self._settings.model,
            input=MICROPHONE.name,
            output=SPEAKERS.name,
            late=0,
        )
        if self._loading:
            self._timer = threading.Timer(self._loading, self._begun)
            self._timer.daemon = True
            self._timer.start()
        else:
            self._begun()

    def stop(self) -> None:
        """Ends, with what is being recorded."""
        self._forget()
        if self._state.phase != "off":
            self.change(phase="off", dry=False, problem="", recording=None)

    def record(self, on: bool) -> None:
        """Counts the seconds; there is no take."""
        if self._state.phase not in ("off", "failed"):
            self._recorded = self._clock()
            self.change(recording=0.0 if on else None)

    def levels(self) -> LiveLevels:
        """The last seconds of what would be heard."""
        if self._state.phase in ("off", "failed"):
            return LiveLevels()
        now = self._clock() - self._since
        moment = int(now / COLUMN)
        times = np.arange(max(moment - COLUMNS, 0), moment) * COLUMN
        heard = _beatbox(times) * 10 ** (self._settings.input_gain / 20)
        played = self._played(times)
        return LiveLevels(
            in_peak=(_last(heard, 3),),
            in_rms=(0.5 * _last(heard, 3),),
            out_peak=(_last(played, 3), 0.92 * _last(played, 4)),
            out_rms=(0.5 * _last(played, 3), 0.46 * _last(played, 4)),
            moment=moment,
            seconds=COLUMN,
            heard=tuple(heard.tolist()),
            played=tuple(played.tolist()),
        )

    def change(self, **changes: Any) -> None:
        """Becomes something else, as when a device goes, and tells it."""
        with self._lock:
            self._state = replace(self._state, **changes)
            self._publish(LiveChanged(self.state()))

    def close(self) -> None:
        """Nothing begins any more."""
        self._forget()

    def _begun(self) -> None:
        self.change(
            phase="on", dry=False, hop_ms=279.0, load=0.47, latency_ms=self._latency() * 1000
        )

    def _latency(self) -> float:
        beats = {"soonest": 0.0, "bar": 4.0, "1/2": 0.5}.get(self._settings.delay)
        return max((float(self._settings.delay) if beats is None else beats) * BEAT, SOON)

    def _played(self, times: Values) -> Values:
        settings = self._settings
        if not settings.monitor:
            return np.zeros_like(times)
        late = times - self._latency()
        if settings.freeze:
            # What was heard before goes round.
            round_ = 4 * BEAT * settings.freeze_bars
            frozen = self._frozen - self._since - self._latency()
            late = np.where(late > frozen, frozen - round_ + (late - frozen) % round_, late)
        made = _drums(late) if self._state.phase == "on" and not self._state.dry else 0.0 * late
        return settings.wet * made + (1 - settings.wet) * _beatbox(late)

    def _forget(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None


def _beatbox(times: Values) -> Values:
    return 0.8 * _strokes(times, 14.0) * _grain(times, 0.25)


def _drums(times: Values) -> Values:
    return 0.9 * _strokes(times, 10.0) * _grain(times, 0.3)


def _strokes(times: Values, decay: float) -> Values:
    """The envelope of a bar that repeats; nothing before it begins."""
    out = np.zeros_like(times)
    for beat, loud in STROKES:
        since = (times - beat * BEAT) % (4 * BEAT)
        out = np.maximum(out, loud * np.exp(-decay * since))
    return out * (times >= 0)


def _grain(times: Values, depth: float) -> Values:
    """What makes no two columns alike, the same at every look."""
    turns = np.sin(np.floor(times / COLUMN + 0.5) * 12.9898) * 43758.5453
    return 1 - depth * (turns - np.floor(turns))


def _last(values: Values, columns: int) -> float:
    return float(values[-columns:].max(initial=0.0))
