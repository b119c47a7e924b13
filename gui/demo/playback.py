"""Silent devices that keep time: playback, capture and MIDI behind the session's ports, for the demo and for tests.

Knows the ports; no device. Levels are those of the take at its playhead, so the meters tell the truth.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bridge.events import CaptureChanged, DevicesChanged, MidiChanged, PlaybackChanged, Publish
from bridge.ports import WHOLE, Cue, StreamFormat
from bridge.state import (
    AudioDevice,
    CaptureState,
    Devices,
    Levels,
    MidiBinding,
    MidiState,
    PlaybackState,
    Quantize,
    Take,
    TransportState,
)
from engine.updates import AudioBlock

SPEAKERS = AudioDevice("out-1", "Studio Monitors", "JACK", 0, 2, 48_000, default_output=True)
HEADPHONES = AudioDevice("out-2", "Headphones", "ALSA", 0, 2, 44_100)
MICROPHONE = AudioDevice("in-1", "Microphone", "JACK", 1, 0, 48_000, default_input=True)


class SilentPlayback:
    """Plays nothing, in time."""

    def __init__(self, publish: Publish, transport: Callable[[], TransportState]) -> None:
        """Starts stopped; `transport` tells the grid of launches."""
        self._publish, self._transport = publish, transport
        self._lock = threading.Lock()
        self._launch: threading.Timer | None = None
        self._due = 0.0
        self._state = PlaybackState(device=SPEAKERS.name, sample_rate=48_000)
        self._devices = Devices((SPEAKERS, HEADPHONES, MICROPHONE), SPEAKERS.id, MICROPHONE.id)
        self._place, self._since = 0.0, 0.0
        self._sound: NDArray[np.float32] | None = None
        self._rate = 44_100
        self._take: Take | None = None
        self._asked = False

    def state(self) -> PlaybackState:
        """What would be heard."""
        return self._state

    def play(self, take: Take | None = None, cue: Cue = WHOLE) -> None:
        """Plays a take, or goes on."""
        if take is None:
            self._tell("playing", self._place)
            return
        import soundfile

        samples, self._rate = soundfile.read(str(take.path), dtype="float32", always_2d=True)
        self._sound = np.asarray(samples, np.float32).T
        self._forget_launch()
        self._take, self._asked = take, self._asked or cue.loop
        self._state = replace(
            self._state,
            take_id=take.id,
            job_id=None,
            length=take.seconds,
            loop=self._asked or take.loop,
            loop_range=cue.span,
        )
        self._tell("playing", cue.start)

    def launch(self, take: Take, quantize: Quantize | None = None, cue: Cue = WHOLE) -> None:
        """Plays at the next boundary of the bars of what would be heard; at once if nothing would be."""
        transport, place = self._transport(), self.playhead()
        beats, unit = transport.signature
        bars = {"bar": 1, "2bar": 2, "4bar": 4}.get(quantize or transport.quantize, 0)
        beat = (quantize or transport.quantize) == "beat"
        step = (1 if beat else bars * beats) * 4.0 / unit
        tempo = self._take.tempo if self._take else None
        if not step or not tempo or place is None or self._state.state != "playing":
            return self.play(take, cue)
        self._forget_launch()
        seconds = step * 60.0 / tempo - place % (step * 60.0 / tempo)
        self._due = time.monotonic() + seconds
        self._launch = threading.Timer(seconds, self.play, (take, cue))
        self._launch.daemon = True
        self._launch.start()
        self._state = replace(self._state, next_id=take.id)
        self._publish(PlaybackChanged(self._state))

    def cancel_launch(self) -> None:
        """Waits no longer."""
        self._forget_launch()
        self._publish(PlaybackChanged(self._state))

    def launches_in(self) -> float | None:
        """Until the boundary."""
        return max(self._due - time.monotonic(), 0.0) if self._launch else None

    def pause(self) -> None:
        """Keeps the place."""
        self._tell("paused", self.playhead() or 0.0)

    def stop(self) -> None:
        """Goes to the start."""
        self._forget_launch()
        self._tell("stopped", 0.0)

    def seek(self, seconds: float) -> None:
        """Goes to a place."""
        self._tell(self._state.state, seconds)

    def set_loop(self, on: bool, span: tuple[float, float] | None = None) -> None:
        """Repeats."""
        self._asked = on
        self._state = replace(self._state, loop=on, loop_range=span)
        self._tell(self._state.state, self.playhead() or 0.0)

    def set_gain(self, gain_db: float) -> None:
        """Sets the gain."""
        self._state = replace(self._state, gain_db=gain_db)
        self._publish(PlaybackChanged(self._state))

    def set_output(self, device: str, sample_rate: int | None = None) -> None:
        """Takes another device."""
        self._devices = replace(self._devices, output=device)
        self._publish(DevicesChanged(self._devices))

    def devices(self) -> Devices:
        """Three devices that are not there."""
        return self._devices

    def levels(self) -> Levels:
        """Of 50 ms at the playhead."""
        place, sound = self.playhead(), self._sound
        if place is None or sound is None or self._state.state != "playing":
            return Levels((0.0, 0.0), (0.0, 0.0))
        start = int(place * self._rate)
        part = sound[:, start : start + self._rate // 20]
        if not part.size:
            return Levels((0.0, 0.0), (0.0, 0.0))
        peak = tuple(float(level) for level in np.abs(part).max(axis=1))
        rms = tuple(float(level) for level in np.sqrt(np.mean(part * part, axis=1)))
        return Levels(peak, rms)

    def playhead(self) -> float | None:
        """Where it would be."""
        state = self._state
        if state.state == "stopped":
            return None
        if state.state != "playing":
            return self._place
        place = self._place + time.monotonic() - self._since
        start, end = state.loop_range or (0.0, state.length)
        if state.loop and end > start and place >= end:
            return start + (place - start) % (end - start)
        return min(place, state.length)

    def open_stream(self, stream: StreamFormat) -> None:
        """A job begins to sound."""
        self._sound, self._rate = (
            np.zeros((stream.channels, stream.frames), np.float32),
            stream.sample_rate,
        )
        self._take = None
        self._state = replace(
            self._state,
            take_id=None,
            job_id=stream.job_id,
            length=0.0,
            loop=self._asked or stream.loop,
            loop_range=None,
        )
        self._tell("waiting", stream.start / stream.sample_rate)

    def feed_stream(self, job_id: str, block: AudioBlock) -> None:
        """Its next block."""
        sound = self._sound
        if sound is not None:
            end = min(block.start + block.samples.shape[1], sound.shape[1])
            sound[:, block.start : end] = block.samples[:, : end - block.start]
        self._state = replace(
            self._state, length=(block.start + block.samples.shape[1]) / self._rate
        )
        if self._state.state == "waiting" and self._state.length > self._place:
            self._tell("playing", self._place)

    def close_stream(self, job_id: str, take: Take | None) -> None:
        """It is a take now, or came to nothing."""
        if take is None:
            self.stop()
            return
        self._take = take
        self._state = replace(self._state, take_id=take.id, job_id=None, length=take.seconds)
        self._publish(PlaybackChanged(self._state))

    def close(self) -> None:
        """Nothing begins any more."""
        self._forget_launch()

    def _forget_launch(self) -> None:
        if self._launch:
            self._launch.cancel()
        self._launch = None
        self._state = replace(self._state, next_id=None)

    def _tell(self, state: str, place: float) -> None:
        with self._lock:
            self._place, self._since = place, time.monotonic()
            self._state = replace(self._state, state=state)  # pyright: ignore[reportArgumentType]
            self._publish(PlaybackChanged(self._state))


class DeafCapture:
    """Records nothing."""

    def __init__(self, publish: Publish) -> None:
        """Starts idle."""
        self._publish = publish
        self._state = CaptureState(device=MICROPHONE.name)

    def state(self) -> CaptureState:
        """Idle or recording."""
        return self._state

    def start(
        self, source: str | None = None, count_in_bars: int = 0, metronome: bool = False
    ) -> None:
        """Begins."""
        self._change(replace(self._state, state="count_in" if count_in_bars else "recording"))

    def measure(self) -> None:
        """Nothing lies between devices that are silent."""

    def stop(self) -> None:
        """Ends; there is no take."""
        self._change(replace(self._state, state="idle"))

    def set_input(self, device: str) -> None:
        """Any device is as silent."""

    def levels(self) -> Levels:
        """Silence."""
        return Levels(in_peak=(0.0,), in_rms=(0.0,))

    def close(self) -> None:
        """Nothing to end."""

    def _change(self, state: CaptureState) -> None:
        self._state = state
        self._publish(CaptureChanged(state))


class QuietMidi:
    """A keyboard that nobody plays; learning binds at once to CC 21."""

    def __init__(self, publish: Publish) -> None:
        """Starts with two ports."""
        self._publish = publish
        self._state = MidiState(ports=("Launchkey Mini", "IAC Bus 1"))

    def state(self) -> MidiState:
        """Ports and bindings."""
        return self._state

    def set_input(self, name: str) -> None:
        """Takes a port."""
        self._change(replace(self._state, input=name))

    def learn(self, target: str) -> None:
        """Waits for a control."""
        self._change(replace(self._state, learning=target))

    def forget(self, target: str) -> None:
        """Takes a binding away."""
        kept = tuple(binding for binding in self._state.bindings if binding.target != target)
        self._change(replace(self._state, bindings=kept))

    def bind(self, message: str) -> None:
        """The control that is waited for moves."""
        bound = MidiBinding(self._state.learning, message)
        self._change(replace(self._state, learning="", bindings=(*self._state.bindings, bound)))

    def close(self) -> None:
        """Nothing to end."""

    def _change(self, state: MidiState) -> None:
        self._state = state
        self._publish(MidiChanged(state))
