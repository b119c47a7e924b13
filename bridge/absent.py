"""Stand-ins for devices that are not there: each state says so, and every call raises `no_device`.

They stand behind the same ports as the real ones, so that no front end asks whether a device exists.
"""

from __future__ import annotations

from typing import Any, NoReturn

from bridge.errors import no_device
from bridge.live_state import LiveLevels, LiveState
from bridge.ports import StreamFormat
from bridge.state import CaptureState, Devices, Levels, MidiState, PlaybackState, Take
from engine.live_settings import LiveSettings
from engine.updates import AudioBlock


class AbsentPlayback:
    """`Playback` without an audio output; what jobs stream to it is heard by nobody."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise no_device("audio output")

    play = launch = cancel_launch = pause = stop = seek = set_loop = set_gain = set_output = _refuse

    def state(self) -> PlaybackState:
        """Stopped, with the reason."""
        return PlaybackState(problem="There is no audio output here.")

    def devices(self) -> Devices:
        """None, with the reason."""
        return Devices(problem="There is no audio system here.")

    def levels(self) -> Levels:
        """Silence."""
        return Levels()

    def playhead(self) -> float | None:
        """Nothing is heard."""
        return None

    def launches_in(self) -> float | None:
        """Nothing waits."""
        return None

    def open_stream(self, stream: StreamFormat) -> None:
        """Is not heard."""

    def feed_stream(self, job_id: str, block: AudioBlock) -> None:
        """Is not heard."""

    def close_stream(self, job_id: str, take: Take | None) -> None:
        """Was not heard."""

    def close(self) -> None:
        """Nothing to end."""


class AbsentCapture:
    """`Capture` without an audio input."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise no_device("audio input")

    start = measure = stop = set_input = _refuse

    def state(self) -> CaptureState:
        """Idle, with the reason."""
        return CaptureState(problem="There is no audio input here.")

    def levels(self) -> Levels:
        """Silence."""
        return Levels()

    def close(self) -> None:
        """Nothing to end."""


class AbsentLive:
    """`Live` without audio devices."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise no_device("audio input")

    set = start = record = _refuse

    def state(self) -> LiveState:
        """Off, with the reason."""
        return LiveState(problem="There is no audio input here.")

    def settings(self) -> LiveSettings:
        """The defaults."""
        return LiveSettings()

    def stop(self) -> None:
        """Nothing to end."""

    def levels(self) -> LiveLevels:
        """Silence."""
        return LiveLevels()

    def close(self) -> None:
        """Nothing to end."""


class AbsentMidi:
    """`MidiControl` without a MIDI system."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise no_device("MIDI system")

    set_input = learn = forget = _refuse

    def state(self) -> MidiState:
        """No port, with the reason."""
        return MidiState(problem="There is no MIDI system here.")

    def close(self) -> None:
        """Nothing to end."""
