"""What a session asks of devices and engines, as protocols: its `playback`, `capture` and `midi` are behind these.

Knows no implementation; `absent.py` stands in for a device that is not there. Each is built with a `Publish` and
tells its own changes as events; calls may come from any thread, return at once and raise `BridgeError` (`no_device`,
`out_of_range` ...) with a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from bridge.live_state import LiveLevels, LiveState
from bridge.state import (
    CaptureState,
    Devices,
    Levels,
    MidiState,
    ModelState,
    PlaybackState,
    Quantize,
    Take,
)
from engine.live_settings import LiveSettings
from engine.updates import AudioBlock, Generates


@dataclass(frozen=True, slots=True)
class Cue:
    """Where a take is played from, and the range in it that is repeated while it repeats (None = all), in seconds.

    With `loop` it repeats from now on, as after `set_loop`.
    """

    start: float = 0.0
    span: tuple[float, float] | None = None
    loop: bool = False


WHOLE = Cue()


@dataclass(frozen=True, slots=True)
class StreamFormat:
    """A take that is heard while it is decoded: whose it is, its length and where it is heard from, in frames."""

    job_id: str
    sample_rate: int
    channels: int
    frames: int
    loop: bool = False
    start: int = 0


class Stream(Protocol):
    """Plays a job's blocks as they come; called from the job thread, never waits for the device."""

    def open_stream(self, stream: StreamFormat) -> None:
        """A take begins; playing starts with its first block."""
        ...

    def feed_stream(self, job_id: str, block: AudioBlock) -> None:
        """The next block of it."""
        ...

    def close_stream(self, job_id: str, take: Take | None) -> None:
        """It is complete and is `take` from now on (keep playing), or it failed (fade out)."""
        ...


class Playback(Stream, Protocol):
    """The output device with the player behind it."""

    def state(self) -> PlaybackState:
        """What is heard now."""
        ...

    def play(self, take: Take | None = None, cue: Cue = WHOLE) -> None:
        """Plays a take now, a loop again and again; None goes on after a pause or repeats the last one."""
        ...

    def launch(self, take: Take, quantize: Quantize | None = None, cue: Cue = WHOLE) -> None:
        """Plays a take at the next boundary of a grid (None = the transport's own); at once if there is no grid.

        While the transport stands, the bars of the take that sounds are the grid.
        """
        ...

    def cancel_launch(self) -> None:
        """What waits for its boundary begins no more; what sounds goes on."""
        ...

    def launches_in(self) -> float | None:
        """Seconds until what waits begins, or None when nothing waits."""
        ...

    def pause(self) -> None:
        """Fades out and keeps the place."""
        ...

    def stop(self) -> None:
        """Fades out and goes to the start."""
        ...

    def seek(self, seconds: float) -> None:
        """Goes to a place in the take."""
        ...

    def set_loop(self, on: bool, span: tuple[float, float] | None = None) -> None:
        """Repeats the take or a span of it, in seconds."""
        ...

    def set_gain(self, gain_db: float) -> None:
        """Output gain in dB, -60..+12."""
        ...

    def set_output(self, device: str, sample_rate: int | None = None) -> None:
        """Uses another device (an `AudioDevice.id`; empty = the system's default)."""
        ...

    def devices(self) -> Devices:
        """The devices as last seen; asking does not scan."""
        ...

    def levels(self) -> Levels:
        """Meters of the output."""
        ...

    def playhead(self) -> float | None:
        """Seconds into what is heard or where a pause keeps its place, or None when neither is."""
        ...

    def close(self) -> None:
        """Ends the audio process."""
        ...


class Capture(Protocol):
    """The input device with the recorder behind it; finished recordings go to the library."""

    def state(self) -> CaptureState:
        """What it is doing."""
        ...

    def start(
        self, source: str | None = None, count_in_bars: int = 0, metronome: bool = False
    ) -> None:
        """Counts in at the transport's tempo and records from a device (None = the one set), with clicks or without."""
        ...

    def measure(self) -> None:
        """Plays clicks and hears by how much they come back later than the devices say; `DevicesChanged` tells."""
        ...

    def stop(self) -> None:
        """Ends the recording; the take follows as `TakeAdded` and `CaptureChanged`."""
        ...

    def set_input(self, device: str) -> None:
        """Uses another device (an `AudioDevice.id`; empty = the system's default)."""
        ...

    def levels(self) -> Levels:
        """Meters of the input."""
        ...

    def close(self) -> None:
        """Stops and releases the device."""
        ...


class Live(Protocol):
    """The microphone as another instrument: what comes in is heard as something else, for as long as it is on."""

    def state(self) -> LiveState:
        """What it is doing."""
        ...

    def settings(self) -> LiveSettings:
        """What it is set to, on or off."""
        ...

    def set(self, name: str, value: Any) -> None:
        """Sets one of `engine.live_settings.LIVE`, heard after a hop at most; None is its default."""
        ...

    def start(self, prompt: str | None = None) -> None:
        """Begins, with another prompt or the one set; it is `starting` until the model is there."""
        ...

    def stop(self) -> None:
        """Ends, with what is being recorded; fades out."""
        ...

    def record(self, on: bool) -> None:
        """Begins to record what is heard, or ends that; the take follows as `TakeAdded`."""
        ...

    def levels(self) -> LiveLevels:
        """Meters and waveforms."""
        ...

    def close(self) -> None:
        """Ends everything."""
        ...


class MidiControl(Protocol):
    """MIDI in: ports, learn, bindings. Bound controls call the session like any front end."""

    def state(self) -> MidiState:
        """Ports and bindings as last seen."""
        ...

    def set_input(self, name: str) -> None:
        """Listens to a port, by its name or a part of it; empty closes it."""
        ...

    def learn(self, target: str) -> None:
        """Binds the next control that moves to a parameter or action; empty ends learning."""
        ...

    def forget(self, target: str) -> None:
        """Removes a binding."""
        ...

    def close(self) -> None:
        """Closes every port."""
        ...


class ModelControl(Generates, Protocol):
    """An engine whose model can be loaded and unloaded; `EngineProcess` is one."""

    def state(self) -> ModelState:
        """Loading, ready, failed, unloaded."""
        ...

    def load(self, model: str) -> None:
        """Loads a model in the background; `ModelChanged` tells how it goes."""
        ...

    def unload(self) -> None:
        """Frees the model's memory; the next job loads it again."""
        ...

    def close(self) -> None:
        """Ends the engine process."""
        ...
