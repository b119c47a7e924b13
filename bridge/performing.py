"""The half of the session that sounds: playback, capture, devices, MIDI and transport, each behind its port.

Knows no device: every call goes to the collaborator that `attach` gave, or says `no_device`. `Session` is this
and the queue, the library and the parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypedDict, Unpack

from bridge.errors import BridgeError, no_device
from bridge.ports import Capture, MidiControl, Playback, Transport, TransportChange
from bridge.state import (
    QUANTIZES,
    SYNC_SOURCES,
    CaptureState,
    Devices,
    Levels,
    MidiState,
    PlaybackState,
    Quantize,
    SyncSource,
    Take,
    TransportState,
)
from engine.errors import choices


class Collaborators(TypedDict, total=False):
    """What may be attached to a session."""

    playback: Playback
    capture: Capture
    midi: MidiControl
    transport: Transport
    remember: Callable[[str, str, Any], None]
    """Keeps a chosen device in the settings (section, key, value); returns at once."""


class Performing:
    """Calls that play, record and keep time; they return at once and events tell the rest."""

    def __init__(self, find: Callable[[str], Take]) -> None:
        """Starts without any collaborator; `find` gives the take of an id, or raises `BridgeError`."""
        self._find = find
        self._playback: Playback | None = None
        self._capture: Capture | None = None
        self._midi: MidiControl | None = None
        self._transport: Transport | None = None
        self._remember: Callable[[str, str, Any], None] | None = None

    def attach(self, **collaborators: Unpack[Collaborators]) -> None:
        """Gives the session its collaborators; what is left out stays as it is."""
        self._playback = collaborators.get("playback") or self._playback
        self._capture = collaborators.get("capture") or self._capture
        self._midi = collaborators.get("midi") or self._midi
        self._transport = collaborators.get("transport") or self._transport
        self._remember = collaborators.get("remember") or self._remember

    # --- playback ---

    def play(self, take_id: str | None = None) -> None:
        """Plays a take; None goes on with the present one."""
        self._output().play(None if take_id is None else self._find(take_id))

    def launch(self, take_id: str, quantize: Quantize | None = None) -> None:
        """Plays a take at the transport's next boundary (None = as the transport is set)."""
        self._output().launch(self._find(take_id), quantize or self.transport().quantize)

    def stop(self) -> None:
        """Stops what is heard."""
        self._output().stop()

    def pause(self) -> None:
        """Stops what is heard and keeps the place."""
        self._output().pause()

    def seek(self, seconds: float) -> None:
        """Goes to a place in what is heard."""
        self._output().seek(seconds)

    def set_loop(self, on: bool, span: tuple[float, float] | None = None) -> None:
        """Repeats what is heard, or a span of it in seconds."""
        self._output().set_loop(on, span)

    def set_gain(self, gain_db: float) -> None:
        """Sets the output's gain in dB."""
        self._output().set_gain(gain_db)

    def levels(self) -> Levels:
        """Meters, to be polled."""
        heard = self._playback.levels() if self._playback else Levels()
        if not self._capture:
            return heard
        inputs = self._capture.levels()
        return Levels(heard.out_peak, heard.out_rms, inputs.in_peak, inputs.in_rms, heard.underruns)

    def playhead(self) -> float | None:
        """Seconds into what is heard, to be polled."""
        return self._playback.playhead() if self._playback else None

    def playback(self) -> PlaybackState:
        """What is heard now."""
        if self._playback:
            return self._playback.state()
        return PlaybackState(problem="There is no audio output here.")

    # --- capture ---

    def capture_start(
        self, source: str | None = None, count_in_bars: int = 0, metronome: bool = False
    ) -> None:
        """Records from an input device (None = the one set), after a count-in, to the metronome if wanted."""
        self._recorder().start(source, count_in_bars, metronome)

    def capture_stop(self) -> None:
        """Ends the recording; its take follows as an event."""
        self._recorder().stop()

    def capture(self) -> CaptureState:
        """What the recorder does."""
        if self._capture:
            return self._capture.state()
        return CaptureState(problem="There is no audio input here.")

    # --- devices and MIDI ---

    def audio_devices(self) -> Devices:
        """Audio devices as last seen."""
        if self._playback:
            return self._playback.devices()
        return Devices(problem="There is no audio system here.")

    def set_output(self, device: str, rate: int | None = None) -> None:
        """Uses another output device, by its id; empty is the system's default."""
        self._output().set_output(device, rate)
        self._keep("audio", "output", device)
        if rate is not None:
            self._keep("audio", "sample_rate", rate)

    def set_input(self, device: str) -> None:
        """Uses another input device, by its id; empty is the system's default."""
        self._recorder().set_input(device)
        self._keep("audio", "input", device)

    def midi(self) -> MidiState:
        """Ports and bindings."""
        return (
            self._midi.state() if self._midi else MidiState(problem="There is no MIDI system here.")
        )

    def midi_ports(self) -> tuple[str, ...]:
        """Names of the MIDI inputs."""
        return self.midi().ports

    def set_midi_input(self, name: str) -> None:
        """Listens to a MIDI port; empty closes it."""
        self._controls().set_input(name)
        self._keep("midi", "input", name)

    def learn(self, target: str) -> None:
        """Binds the next control that moves to a parameter or action."""
        self._controls().learn(target)

    def forget(self, target: str) -> None:
        """Takes a learned control away."""
        self._controls().forget(target)

    # --- transport ---

    def transport(self) -> TransportState:
        """Where the DAW is now."""
        return self._transport.state() if self._transport else TransportState()

    def set_transport(
        self, source: SyncSource = "manual", **change: Unpack[TransportChange]
    ) -> None:
        """What `source` says of tempo, signature, key, playing, beat or selection."""
        self._clock().change(source, change)

    def set_sync_source(self, source: str) -> None:
        """Whose tempo and position count: manual, osc, midi or link."""
        for known in SYNC_SOURCES:
            if known == source:
                return self._clock().set_source(known)
        raise BridgeError(
            "bad_args", f"Unknown sync source {source!r}; choose {choices(SYNC_SOURCES)}."
        )

    def set_quantize(self, quantize: str) -> None:
        """When launches take effect: none, beat, bar, 2bar or 4bar."""
        for known in QUANTIZES:
            if known == quantize:
                return self._clock().set_quantize(known)
        raise BridgeError(
            "bad_args", f"Unknown quantisation {quantize!r}; choose {choices(QUANTIZES)}."
        )

    def _keep(self, section: str, key: str, value: Any) -> None:
        if self._remember:
            self._remember(section, key, value)

    def _output(self) -> Playback:
        if self._playback is None:
            raise no_device("audio output")
        return self._playback

    def _recorder(self) -> Capture:
        if self._capture is None:
            raise no_device("audio input")
        return self._capture

    def _controls(self) -> MidiControl:
        if self._midi is None:
            raise no_device("MIDI system")
        return self._midi

    def _clock(self) -> Transport:
        if self._transport is None:
            raise no_device("transport")
        return self._transport
