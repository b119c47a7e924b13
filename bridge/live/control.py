"""`LiveControl`: the live stream, seen from the session.

Calls note what is wanted and return; one thread makes it so, watches over the engine and the devices, follows the
transport and tells how it goes. Implements `bridge.ports.Live`. Knows the audio process only through `devices.py`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bridge.audio.live.memory import ON, RATE
from bridge.errors import BridgeError, code_of
from bridge.events import LiveChanged, LiveSet, Notice, Publish, SettingChosen
from bridge.live import board
from bridge.live.devices import LiveDevices
from bridge.live.engine import REAL_ENGINE
from bridge.live.in_time import When
from bridge.live.recording import Begin, LiveRecording
from bridge.live.stream import Stream
from bridge.live_state import LiveLevels, LiveState
from bridge.takes.recordings import RecordingDraft
from engine.errors import LongtakeError, SpecError
from engine.live_settings import LIVE, LiveSettings
from engine.registry import model_spec

TURN, IDLE = 0.025, 1.0
TELL_EVERY = 0.1
"""Seconds between two events at least."""
KEPT = 60.0
"""Seconds that the engine keeps its model after live was stopped."""
CLOSING = 3.0
REMEMBERED = ("model", "delay", "late")
"""Settings that go into the settings file when they are set; the prompt does when live begins."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOptions:
    """What else decides.

    Attributes:
        engine: dotted path of what begins streams.
        lead: seconds that are written ahead of the output device.
        settings: what it is set to at first.
        missing: why a model cannot be used, a sentence; empty if it can.
    """

    engine: str = REAL_ENGINE
    lead: float = 0.04
    settings: LiveSettings = field(default_factory=LiveSettings)
    missing: Callable[[str], str] = lambda model: ""


class LiveControl:
    """Live; `start` and all others return at once, and events tell what becomes of it."""

    def __init__(
        self,
        devices: LiveDevices,
        publish: Publish,
        transport: When,
        begin: Begin,
        options: LiveOptions,
    ) -> None:
        """Nothing runs before the first `start`; `begin` opens the file of a recording."""
        self._devices = devices
        self._publish = publish
        self._transport = transport
        self._begin = begin
        self._options = options
        self._lock = threading.Lock()
        self._settings = options.settings
        self._state = self._told = LiveState()
        self._told_at = 0.0
        self._wanted = self._starts = 0
        """The number of the start that is wanted, 0 while none is; how many there were."""
        self._recording: LiveRecording | None = None
        self._wake = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None

    # --- Live ---

    def state(self) -> LiveState:
        """What it is doing."""
        return self._state

    def settings(self) -> LiveSettings:
        """What it is set to, on or off."""
        return self._settings

    def levels(self) -> LiveLevels:
        """Meters and waveforms; silence while it is off."""
        return board.levels(self._devices.memory.board) if self._wanted else LiveLevels()

    def set(self, name: str, value: Any) -> None:
        """Sets one of `LIVE`; None is its default.

        Raises:
            BridgeError: `unknown_param`, `out_of_range`, or `not_loaded` for a model that is not here.
        """
        with self._lock:
            before = self._settings
            try:
                after = before.with_value(name, value)
                model_spec(after.model)
            except SpecError as error:
                code = "out_of_range" if name in LIVE else "unknown_param"
                raise BridgeError(code, str(error)) from error
            if after.model != before.model:
                self._check_model(after.model)
            self._settings = after
            told = getattr(after, name)
            self._publish(LiveSet(name, told))
            if name in REMEMBERED and after != before:
                self._publish(SettingChosen("live", name, told))
        self._wake.set()

    def start(self, prompt: str | None = None) -> None:
        """Begins, with another prompt or the one set; while it is on, a prompt is set and nothing else happens.

        Raises:
            BridgeError: `bad_args` without a prompt, `no_device` without input or output, `not_loaded` for a model
                that is not here.
        """
        if prompt:
            self.set("prompt", prompt)
        with self._lock:
            if self._wanted:
                return
            self._check(self._settings)
            self._publish(SettingChosen("live", "prompt", self._settings.prompt))
            self._starts += 1
            self._wanted = self._starts
            self._state = LiveState(
                "starting", model=self._settings.model, take_id=self._state.take_id
            )
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="live", daemon=True)
                self._thread.start()
        self._wake.set()

    def stop(self) -> None:
        """Ends, with what is being recorded."""
        with self._lock:
            self._end("")

    def record(self, on: bool) -> None:
        """Begins to record what is heard, or ends that.

        Raises:
            BridgeError: `bad_args` while live is off, `busy` while the last recording is still being written.
        """
        with self._lock:
            recording = self._recording
            if not on:
                if recording:
                    recording.end()
                return
            if not self._wanted:
                raise BridgeError("bad_args", "Live is off; start it, then record.")
            if recording and not recording.done.is_set():
                if recording.ending:
                    raise BridgeError("busy", "The last recording is still being written.")
                return
            memory = self._devices.memory
            self._recording = LiveRecording(memory, self._begin, self._draft, self._publish)
        self._wake.set()

    def close(self) -> None:
        """Ends everything."""
        self.stop()
        self._closing = True
        self._wake.set()
        if self._thread:
            self._thread.join(2 * CLOSING)
        if self._recording:
            self._recording.close(CLOSING)

    def _check(self, settings: LiveSettings) -> None:
        if self._closing:
            raise BridgeError("engine", "Longtake is closing; start it again.")
        if not settings.prompt.strip():
            raise BridgeError("bad_args", "Say what the input becomes, such as 'funk drums'.")
        devices = self._devices.told.devices
        if not any(device.inputs for device in devices):
            raise BridgeError("no_device", "There is no audio input here; connect one.")
        if not any(device.outputs for device in devices):
            raise BridgeError("no_device", "There is no audio output here; connect one.")
        self._check_model(settings.model)

    def _check_model(self, model: str) -> None:
        if missing := self._options.missing(model):
            raise BridgeError("not_loaded", missing)

    def _draft(self) -> RecordingDraft:
        settings, transport = self._settings, self._transport(None)
        tempo = transport.tempo if transport.tempo_known else None
        live = asdict(settings)
        return RecordingDraft(RATE, name=settings.prompt, tempo=tempo, key=transport.key, live=live)

    def _end(self, problem: str) -> None:
        """Ends it under the lock; with a problem, it has failed."""
        if self._wanted:
            self._wanted = 0
            self._devices.memory.board.numbers[ON] = 0.0
            if self._recording:
                self._recording.end()
        if problem or self._state.phase != "off":
            phase = "failed" if problem else "off"
            self._state = self._with_recording(LiveState(phase, problem=problem))
        self._wake.set()

    # --- its thread ---

    def _run(self) -> None:
        engine, lead = self._options.engine, self._options.lead
        stream = Stream(self._devices, self._publish, self._transport, engine, lead)
        running, ended_at = 0, 0.0
        while not self._closing:
            self._wake.clear()
            with self._lock:
                wanted, settings = self._wanted, self._settings
            try:
                if running and running != wanted:
                    stream.end()
                    running, ended_at = 0, time.monotonic()
                if wanted and not running:
                    stream.begin()
                    running = wanted
                if running:
                    self._see(stream.turn(settings), wanted)
                elif time.monotonic() - ended_at > KEPT:
                    stream.forget()
            except LongtakeError as error:
                self._publish(Notice("error", code_of(error), str(error)))
                self._fail(wanted, str(error))
            except Exception:
                _log.exception("Live met an error")
                self._fail(wanted, "Live failed within Longtake; see the log.")
            self._tell()
            busy = running or self._state != self._told or not self._recorded()
            self._wake.wait(TURN if busy else IDLE)
        stream.end()
        stream.forget()

    def _see(self, state: LiveState, wanted: int) -> None:
        """Takes in how the stream is, unless something else is wanted since."""
        if state.phase == "failed":
            self._fail(wanted, state.problem)
            return
        with self._lock:
            if self._wanted == wanted:
                self._state = self._with_recording(state)

    def _fail(self, wanted: int, problem: str) -> None:
        with self._lock:
            if self._wanted == wanted and wanted:
                self._end(problem)

    def _with_recording(self, state: LiveState) -> LiveState:
        """Adds what is recorded, and what became of it."""
        recording, take = self._recording, self._state.take_id
        if recording is None:
            return replace(state, take_id=take)
        seconds = None if recording.done.is_set() else round(recording.seconds, 1)
        return replace(
            state, recording=seconds, take_id=recording.take.id if recording.take else take
        )

    def _recorded(self) -> bool:
        """Whether nothing is being recorded."""
        return self._recording is None or self._recording.done.is_set()

    def _tell(self) -> None:
        """Adds what is recorded, and tells a change if the last was not just now."""
        now = time.monotonic()
        with self._lock:
            self._state = self._with_recording(self._state)
            if self._state != self._told and now - self._told_at >= TELL_EVERY:
                self._told, self._told_at = self._state, now
                self._publish(LiveChanged(self._state))
