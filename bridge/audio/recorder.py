"""The recorder: counts in, takes the input, meters it, stops by itself, trims the silence, hands over a recording.

Implements `bridge.ports.Capture`. Knows the input ring and the transport; devices only through the supervisor, the
library only as a call. One thread for each recording.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from bridge.audio.metronome import ClickTrack, beat_seconds
from bridge.audio.player import Player
from bridge.audio.process import Wish
from bridge.audio.sources import Frames
from bridge.audio.supervisor import AudioSupervisor
from bridge.errors import BridgeError, code_of
from bridge.events import CaptureChanged, Notice, Publish, SettingChosen
from bridge.ports import Recording
from bridge.state import CaptureState, Devices, Levels, Take, TransportState
from engine.errors import LongtakeError

SILENCE = 10.0 ** (-46 / 20)
"""Peak below which the input counts as silent: -46 dBFS."""
PRE_ROLL = 0.01
"""Seconds kept before the first sound, so that its attack is whole."""
RELEASE = 0.2
"""Seconds kept after the last sound, for what rings on below the threshold."""
STOP_AFTER = 3.0
"""Seconds of silence after the last sound that end a recording."""
LONGEST = 600.0
FADE = 0.002
OPEN_WITHIN = 10.0
TURN = 0.01
TELL_EVERY = 0.25


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
    """The input, seen from the session; `wish` is what the next recording opens."""

    def __init__(
        self,
        audio: AudioSupervisor,
        player: Player,
        publish: Publish,
        transport: Callable[[], TransportState],
        save: Callable[[Recording], Take],
    ) -> None:
        """Records from the supervisor's ring; `save` writes a recording and blocks meanwhile."""
        self._audio = audio
        self._player = player
        self._publish = publish
        self._transport = transport
        self._save = save
        self._lock = threading.Lock()
        self._state = CaptureState()
        self.wish = Wish(on=True)
        self._stop = threading.Event()
        self._dropped = False
        self._thread: threading.Thread | None = None
        self._meter = ((0.0, 0.0), (0.0, 0.0))

    # --- Capture ---

    def state(self) -> CaptureState:
        """What it is doing."""
        return self._state

    def start(
        self, source: str | None = None, count_in_bars: int = 0, metronome: bool = False
    ) -> None:
        """Counts in at the transport's tempo, then records; the metronome may go on meanwhile.

        Raises:
            BridgeError: `busy` while one is running, `no_device` when there is no such input.
        """
        devices = [d for d in self._player.devices().audio if d.inputs]
        if not devices:
            raise BridgeError("no_device", "There is no audio input here; connect one.")
        if source and source not in [name for d in devices for name in (d.id, d.name)]:
            names = ", ".join(d.id for d in devices)
            raise BridgeError("no_device", f"There is no input {source!r}; there are: {names}.")
        if (count_in_bars or metronome) and not self._player.rate:
            raise BridgeError("no_device", "The metronome needs an audio output; there is none.")
        with self._lock:
            if self._state.state != "idle":
                raise BridgeError("busy", "A recording is running already; stop it first.")
            self._state = CaptureState("count_in" if count_in_bars else "recording")
            self._publish(CaptureChanged(self._state))
        transport = self._transport()
        grid = _Grid(
            transport.tempo,
            transport.signature,
            transport.tempo_known,
            transport.key,
            count_in_bars,
            metronome,
        )
        self._stop.clear()
        wish = replace(self.wish, device=source) if source else self.wish
        self._thread = threading.Thread(target=self._run, args=(wish, grid), name="recorder")
        self._thread.daemon = True
        self._thread.start()

    def stop(self) -> None:
        """Ends the recording; the take follows."""
        self._stop.set()

    def set_input(self, device: str) -> None:
        """Uses another device from the next recording on; '' is the system's default.

        Raises:
            BridgeError: `no_device`.
        """
        known = [d for d in self._player.devices().audio if d.inputs]
        if device and known and device not in [name for d in known for name in (d.id, d.name)]:
            names = ", ".join(d.id for d in known)
            raise BridgeError("no_device", f"There is no input {device!r}; there are: {names}.")
        self.wish = replace(self.wish, device=device)
        self._publish(SettingChosen("audio", "input", device))

    def levels(self) -> Levels:
        """Meters of the input while it records."""
        peak, rms = self._meter
        return Levels(in_peak=peak, in_rms=rms)

    def close(self) -> None:
        """Drops what is being recorded."""
        self._dropped = True
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=3)

    def input_of(self, devices: Devices) -> str:
        """The id of the input that will be used."""
        default = next((d.id for d in devices.audio if d.default_input), "")
        return self.wish.device or default

    # --- the recording's own thread ---

    def _run(self, wish: Wish, grid: _Grid) -> None:
        problem = ""
        take: Take | None = None
        track: ClickTrack | None = None
        try:
            rate = self._opened(wish)
            if grid.heard:
                track = ClickTrack(self._player.rate or 1, grid.tempo, grid.signature, LONGEST)
                self._count_in(track, grid)
            samples = self._record(rate)
            if not self._dropped:
                self._set(state="saving")
                take = self._finish(samples, rate, grid)
        except LongtakeError as error:
            problem = str(error)
            self._publish(Notice("error", code_of(error), problem))
        except Exception:
            logging.getLogger(__name__).exception("A recording failed")
            problem = "The recording failed within Longtake; see the log."
        finally:
            if track:
                track.stop()
            self._audio.want("input", Wish())
            self._meter = ((0.0, 0.0), (0.0, 0.0))
        self._set(state="idle", take_id=take.id if take else None, problem=problem)

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

    def _count_in(self, track: ClickTrack, grid: _Grid) -> None:
        """Plays the bars and returns when the last has been heard; what came in meanwhile is dropped."""
        before = round(grid.bars * grid.signature[0] * track.step)
        if not grid.metronome:
            track.frames = before
        heard = self._player.add_click(track) + before
        while self._audio.output.read < heard and not self._stop.is_set():
            if not self._player.rate:
                raise BridgeError("no_device", "The audio output went away during the count-in.")
            time.sleep(TURN / 2)
        self._audio.input.clear()

    def _record(self, rate: int) -> Frames:
        """All that comes until it is stopped, silent for long, or too long."""
        self._set(state="recording")
        self._audio.input.clear()
        parts: list[Frames] = []
        frames = last_sound = 0
        sounded = False
        told = 0.0
        while not self._stop.is_set() and frames < LONGEST * rate:
            part = self._audio.input.take()
            if len(part):
                parts.append(part)
                frames += len(part)
                peak = self._measure(part)
                if peak > SILENCE:
                    sounded, last_sound = True, frames
            if sounded and frames - last_sound > STOP_AFTER * rate:
                break
            if self._audio.told.input is None:
                break  # The device went away: what was played till then is kept.
            if frames / rate - told >= TELL_EVERY:
                told = frames / rate
                self._set(seconds=told)
            time.sleep(TURN)
        return np.concatenate(parts) if parts else np.zeros((0, 2), np.float32)

    def _measure(self, part: Frames) -> float:
        peak, rms = np.abs(part).max(axis=0), np.sqrt(np.mean(np.square(part), axis=0))
        self._meter = (
            (float(peak[0]), float(peak[1])),
            (float(rms[0]), float(rms[1])),
        )
        return float(peak.max())

    def _finish(self, samples: Frames, rate: int, grid: _Grid) -> Take:
        beat = beat_seconds(grid.tempo, grid.signature) if grid.heard else None
        kept = trimmed(samples, rate, beat)
        if not len(kept):
            raise BridgeError("not_audio", "Nothing was heard; check the input and its level.")
        tempo = grid.tempo if grid.known or grid.heard else None
        return self._save(Recording(np.ascontiguousarray(kept.T), rate, "capture", tempo, grid.key))

    def _set(self, **change: object) -> None:
        with self._lock:
            self._state = replace(self._state, **change)  # type: ignore[arg-type]
            self._publish(CaptureChanged(self._state))


def trimmed(samples: Frames, rate: int, beat: float | None = None) -> Frames:
    """A recording [N, 2] without the silence at both ends, its cuts faded.

    With a `beat` in seconds (there was a metronome), only whole beats are cut at the start, so that it stays in time.
    """
    loud = np.abs(samples).max(axis=1, initial=0.0) > SILENCE
    if not loud.any():
        return samples[:0]
    first, last = int(loud.argmax()), len(loud) - 1 - int(loud[::-1].argmax())
    start = max(0, first - round(PRE_ROLL * rate))
    if beat is not None:
        start = round(int(start / rate / beat) * beat * rate)
    end = min(len(samples), last + round(RELEASE * rate))
    kept = samples[start:end].copy()
    length = min(round(FADE * rate), len(kept))
    ramp = np.linspace(0.0, 1.0, length, dtype=np.float32)[:, None]
    kept[:length] *= ramp
    kept[len(kept) - length :] *= ramp[::-1]
    return kept
