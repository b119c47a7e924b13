"""Audio as a whole: supervisor, player and recorder, and the events that tell how the devices stand.

What the composition root builds. Knows nothing of jobs, OSC or MIDI.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from bridge.audio.corrections import Corrections
from bridge.audio.player import Player
from bridge.audio.process import Told, Wish
from bridge.audio.recorder import Begin, Recorder
from bridge.audio.supervisor import AudioSupervisor
from bridge.events import DevicesChanged, Notice, Publish
from bridge.state import Devices, TransportState


@dataclass(frozen=True, slots=True)
class AudioOptions:
    """What the settings say of audio.

    Attributes:
        output: device id; '' is the system's default.
        input: likewise.
        sample_rate: Hz, None for the device's own.
        block: frames of one callback, 0 for what the host likes.
        latency: high is safe.
        asio: offers ASIO devices (Windows).
        corrections: what was measured between devices, as the settings keep it.
    """

    output: str = ""
    input: str = ""
    sample_rate: int | None = None
    block: int = 0
    latency: Literal["low", "high"] = "high"
    asio: bool = False
    corrections: Mapping[str, str] = field(default_factory=dict[str, str])


class AudioSystem:
    """`player` and `recorder` are the session's playback and capture."""

    def __init__(
        self,
        publish: Publish,
        transport: Callable[[], TransportState],
        begin: Begin,
        options: AudioOptions = AudioOptions(),
        count_in: Callable[[], TransportState] | None = None,
    ) -> None:
        """Builds; `start` opens. `count_in` is the time of count-in and metronome, the transport's if None."""
        self._publish = publish
        self._options = options
        self._problem = ""
        self.supervisor = AudioSupervisor(self._take_in, asio=options.asio)
        self.player = Player(self.supervisor, publish, transport)
        counted = count_in or transport
        self.recorder = Recorder(self.supervisor, self.player, publish, counted, begin)
        self.recorder.wish = Wish(True, options.input, latency=options.latency)
        self.recorder.corrections = Corrections(options.corrections)
        self.recorder.on_correction = self.supervisor.tell_again

    def start(self) -> None:
        """Starts the audio process and opens the output, in the background."""
        options = self._options
        self.player.start(
            Wish(True, options.output, options.sample_rate, options.block, options.latency)
        )
        self.supervisor.start()

    def close(self) -> None:
        """Ends everything."""
        self.recorder.close()
        self.player.close()

    def _take_in(self, told: Told) -> None:
        """A change of the devices, from the supervisor's thread."""
        before = self.player.devices()
        was_open = self.player.rate > 0
        output = told.output.device.id if told.output else ""
        input = self.recorder.input_of(told.devices)
        devices = Devices(
            told.devices,
            output,
            input,
            told.problem,
            told.output.latency if told.output else 0.0,
            self.recorder.corrections.of(output, input),
        )
        self.player.take_in(told, devices)
        if devices != before:
            self._publish(DevicesChanged(devices))
        if told.problem and told.problem != self._problem:
            self._publish(Notice("warning", "no_device", told.problem))
        elif told.output and not was_open and self._problem:
            self._publish(Notice("info", "", f"{told.output.device.name} plays again."))
        self._problem = told.problem
