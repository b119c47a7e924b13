"""The recorder: counts in, takes the input, meters it, stops by itself, and writes as it comes.

A recording begins with what was played to its first click: where output and input are at one moment is told by their
devices (`DeviceClock`), and what lies between them beyond that was measured (`corrections.py`) or is not known.
Implements `bridge.ports.Capture`. Knows the input ring and the transport; devices only through the supervisor, the
library only as the call that begins a recording. One thread for each recording.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from bridge.audio.alignment import LATE, Alignment
from bridge.audio.corrections import Corrections
from bridge.audio.device_clock import DeviceClock
from bridge.audio.devices import choose
from bridge.audio.intake import Intake, Opening, loudness
from bridge.audio.metronome import ClickTrack, beat_seconds
from bridge.audio.player import Player
from bridge.audio.process import Wish
from bridge.audio.sources import Frames
from bridge.audio.supervisor import AudioSupervisor
from bridge.errors import BridgeError, code_of
from bridge.events import CaptureChanged, Notice, Publish, SettingChosen
from bridge.state import AudioDevice, CaptureState, Levels, Take, TransportState
from bridge.takes.recordings import SILENCE, PendingRecording, RecordingDraft
from engine.errors import LongtakeError

Begin = Callable[[RecordingDraft], PendingRecording]

STOP_AFTER = 3.0
"""Seconds of silence after the last sound that end a recording."""
LONGEST = 600.0
OPEN_WITHIN = 10.0
TURN = 0.01
TELL_EVERY = 0.25
QUIET = ((0.0, 0.0), (0.0, 0.0))


@dataclass(frozen=True, slots=True)
class _Grid:
    """The transport as it was when a recording began, and what of it is heard."""

    tempo: float
    signature: tuple[int, int]
    known: bool
    key: str
    bars: int
    metronome: bool

    @property
    def heard(self) -> bool:
        """Whether the recording is played to clicks, before it or during it."""
        return self.bars > 0 or self.metronome


class Recorder:
    """The input, seen from the session.

    Attributes:
        wish: what the next recording opens.
        corrections: what was measured between two devices.
        on_correction: called when there is another one.
    """

    def __init__(
        self,
        audio: AudioSupervisor,
        player: Player,
        publish: Publish,
        transport: Callable[[], TransportState],
        begin: Begin,
    ) -> None:
        """Records from the supervisor's ring; `begin` opens the file of a recording."""
        self._audio = audio
        self._player = player
        self._publish = publish
        self._transport = transport
        self._begin = begin
        self._lock = threading.Lock()
        self._state = CaptureState()
        self.wish = Wish(on=True)
        self._stop = threading.Event()
        self._stopped_at = 0.0
        self._thread: threading.Thread | None = None
        self._meter = QUIET
        self._extra = 0.0
        self.corrections = Corrections()
        self.on_correction: Callable[[], None] = lambda: None

    # --- Capture ---

    def state(self) -> CaptureState:
        """What it is doing."""
        return self._state

    def start(
        self, source: str | None = None, count_in_bars: int = 0, metronome: bool = False
    ) -> None:
        """Counts in at the tempo of the next take, then records; the metronome may go on meanwhile.

        Raises:
            BridgeError: `busy` while one is running, `no_device` when there is no such input.
        """
        self._check(source or self.wish.device)
        if (count_in_bars or metronome) and not self._player.rate:
            raise BridgeError("no_device", "The metronome needs an audio output; there is none.")
        transport = self._transport()
        grid = _Grid(
            transport.tempo,
            transport.signature,
            transport.tempo_known,
            transport.key,
            count_in_bars,
            metronome,
        )
        wish = replace(self.wish, device=source) if source else self.wish
        state = CaptureState("count_in" if count_in_bars else "recording")
        self._begin_thread(state, lambda intake: self._recorded(intake, grid), wish)

    def measure(self) -> None:
        """Plays clicks and hears by how much they come back later than the devices tell; `DevicesChanged` follows.

        Raises:
            BridgeError: `busy` while something is recorded, `no_device` without an output and an input.
        """
        self._check(self.wish.device)
        if not self._player.rate:
            raise BridgeError("no_device", "The clicks need an audio output; there is none.")
        self._begin_thread(CaptureState("measuring"), self._measured, self.wish)

    def stop(self) -> None:
        """Ends the recording; the take follows."""
        self._stopped_at = time.perf_counter()
        self._stop.set()

    def set_input(self, device: str) -> None:
        """Uses another device from the next recording on; '' is the system's default.

        Raises:
            BridgeError: `no_device`.
        """
        self._check(device)
        self.wish = replace(self.wish, device=device)
        self._publish(SettingChosen("audio", "input", device))
        self.on_correction()

    def levels(self) -> Levels:
        """Meters of the input while it records."""
        peak, rms = self._meter
        return Levels(in_peak=peak, in_rms=rms)

    def close(self) -> None:
        """Ends what is being recorded; what cannot be finished now is at the next start."""
        self.stop()
        if self._thread:
            self._thread.join(timeout=3)

    def input_of(self, devices: tuple[AudioDevice, ...]) -> str:
        """The id of the input that will be used; empty if it is not there."""
        found = choose(devices, self.wish.device, output=False)
        return found.id if found else ""

    def _check(self, device: str) -> None:
        known = [d for d in self._player.devices().audio if d.inputs]
        if not known:
            raise BridgeError("no_device", "There is no audio input here; connect one.")
        if device and device not in [name for d in known for name in (d.id, d.name)]:
            names = ", ".join(d.id for d in known)
            raise BridgeError("no_device", f"There is no input {device!r}; there are: {names}.")

    def _begin_thread(
        self, state: CaptureState, do: Callable[[Intake], tuple[Take | None, str]], wish: Wish
    ) -> None:
        with self._lock:
            if self._state.state != "idle":
                raise BridgeError("busy", "A recording is running already; stop it first.")
            self._state = state
            self._publish(CaptureChanged(self._state))
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, args=(do, wish), name="recorder")
        self._thread.daemon = True
        self._thread.start()

    # --- the recording's own thread ---

    def _run(self, do: Callable[[Intake], tuple[Take | None, str]], wish: Wish) -> None:
        problem = ""
        take: Take | None = None
        try:
            rate = self._opened(wish)
            take, problem = do(Intake(self._audio.input, rate))
        except LongtakeError as error:
            problem = str(error)
            self._publish(Notice("error", code_of(error), problem))
        except Exception:
            logging.getLogger(__name__).exception("A recording failed")
            problem = "The recording failed within Longtake; see the log."
        finally:
            self._close_input()
        self._set(state="idle", take_id=take.id if take else None, problem=problem)

    def _close_input(self) -> None:
        self._audio.want("input", Wish())
        self._meter = QUIET

    def _pair(self) -> tuple[str, str]:
        told = self._audio.told
        output, input = (one.device.id if one else "" for one in (told.output, told.input))
        return output, input

    def _measured(self, intake: Intake) -> tuple[Take | None, str]:
        clock = DeviceClock(intake.rate)
        aligned = Alignment(self._player, self._audio.output, intake, clock)

        def turn() -> Frames:
            if self._stop.is_set() or self._audio.told.input is None:
                raise BridgeError("cancelled", "The latency was not measured.")
            part = intake.hold()
            self._measure(part)
            return part

        kept = self.corrections.keep(*self._pair(), aligned.measured(turn))
        self._publish(SettingChosen("audio", "corrections", kept))
        self.on_correction()
        return None, ""

    def _recorded(self, intake: Intake, grid: _Grid) -> tuple[Take | None, str]:
        pending = self._record(intake, grid)
        self._close_input()  # Nobody reads it any more.
        self._set(state="saving")
        take = _finished(pending)
        for sentence in filter(None, (intake.missing(), intake.overflowed())):
            self._publish(Notice("warning", "", sentence))
        return take, intake.missing()

    def _opened(self, wish: Wish) -> int:
        """Opens the input; gives its rate.

        Raises:
            BridgeError: `no_device` when it does not open in time.
        """
        number = self._audio.want("input", wish)
        until = time.monotonic() + OPEN_WITHIN
        while (told := self._audio.told).number < number and time.monotonic() < until:
            time.sleep(TURN)
        if told.number < number or told.input is None:
            raise BridgeError("no_device", told.problem or "The audio input could not be opened.")
        self._set(device=told.input.device.name)
        return told.input.sample_rate

    def _record(self, intake: Intake, grid: _Grid) -> PendingRecording | None:
        """All that comes until it is stopped, silent for long, or too long; None if there was no sound."""
        clock = DeviceClock(intake.rate)
        self._extra = self.corrections.of(*self._pair()) or 0.0
        track: ClickTrack | None = None
        first = np.zeros((0, 2), np.float32)
        try:
            if grid.heard:
                track = ClickTrack(self._player.rate or 1, grid.tempo, grid.signature, LONGEST)
                before = round(grid.bars * grid.signature[0] * track.step)
                if not grid.metronome:
                    track.frames = before
                aligned = Alignment(self._player, self._audio.output, intake, clock)
                first = intake.since(
                    aligned.heard(track, before, self._extra, lambda: self._waits(intake))
                )
            self._set(state="recording")
            return self._write(first, intake, clock, grid)
        finally:
            if track:
                track.stop()

    def _write(
        self, part: Frames, intake: Intake, clock: DeviceClock, grid: _Grid
    ) -> PendingRecording | None:
        """Writes `part` and what follows."""
        rate = intake.rate
        beat = beat_seconds(grid.tempo, grid.signature) if grid.heard else None
        opening = Opening(rate, beat)
        pending: PendingRecording | None = None
        begun = intake.position - len(part)
        last_sound, told = 0, 0.0
        try:
            while True:
                if self._measure(part) > SILENCE:
                    last_sound = intake.position
                kept = opening.add(part)
                if len(kept):
                    pending = pending or self._begin(self._draft(rate, grid))
                    pending.write(kept)
                if pending and intake.position - last_sound > STOP_AFTER * rate:
                    break
                if self._ends(intake, clock) or intake.position - begun >= LONGEST * rate:
                    break
                if (intake.position - begun) / rate - told >= TELL_EVERY:
                    told = (intake.position - begun) / rate
                    self._set(seconds=told)
                time.sleep(TURN)
                part = intake.hear()
                clock.take(intake.moment())
        except LongtakeError as error:
            if pending is None:
                raise
            # What was written is kept: the disk is full, or gone.
            self._publish(Notice("error", code_of(error), str(error)))
        return pending

    def _waits(self, intake: Intake) -> bool:
        self._measure(intake.hold())
        return not self._stop.is_set()

    def _ends(self, intake: Intake, clock: DeviceClock) -> bool:
        """Whether all has come that was played until it was stopped, or no more will."""
        if self._audio.told.input is None:
            return True  # The device went away: what was played till then is kept.
        if not self._stop.is_set():
            return False
        end = clock.position(self._stopped_at + self._extra)
        late = time.perf_counter() > self._stopped_at + LATE
        return end is None or late or intake.position >= end

    def _draft(self, rate: int, grid: _Grid) -> RecordingDraft:
        tempo = grid.tempo if grid.known or grid.heard else None
        return RecordingDraft(rate, tempo=tempo, key=grid.key)

    def _measure(self, part: Frames) -> float:
        if not len(part):
            return 0.0
        self._meter = loudness(part)
        return max(self._meter[0])

    def _set(self, **change: object) -> None:
        with self._lock:
            self._state = replace(self._state, **change)  # type: ignore[arg-type]
            self._publish(CaptureChanged(self._state))


def _finished(pending: PendingRecording | None) -> Take:
    if pending is None:
        raise BridgeError("not_audio", "Nothing was heard; check the input and its level.")
    return pending.finish()
