"""What live needs of the audio process: its shared memory, both devices, and to be let in beside the recorder.

`SystemDevices` has it of the real one. Knows nothing of engines.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from bridge.audio.live.memory import LiveMemory
from bridge.audio.process import Told
from bridge.audio.system import AudioSystem


class LiveDevices(Protocol):
    """The audio process, seen from live.

    Attributes:
        memory: what it shares with live.
    """

    memory: LiveMemory

    @property
    def told(self) -> Told:
        """How the devices stand."""
        ...

    def want_input(self, on: bool) -> None:
        """Opens the input for live, beside whoever else has it, or lets go of it; returns at once."""
        ...

    def correction(self) -> float | None:
        """Seconds that were measured from the output to the input beyond what both say; None if nobody did."""
        ...


class SystemDevices:
    """`LiveDevices` of the audio process: its output as it is, and the input that recordings have too."""

    def __init__(self, audio: AudioSystem) -> None:
        """Of a system that need not have started yet."""
        self._audio = audio
        self.memory = audio.supervisor.live

    @property
    def told(self) -> Told:
        """How the devices stand."""
        return self._audio.supervisor.told

    def want_input(self, on: bool) -> None:
        """Opens the input for live, or lets go of it."""
        self._audio.supervisor.want("input", replace(self._audio.recorder.wish, on=on))

    def correction(self) -> float | None:
        """What was measured between the two devices."""
        output, input = self.told.output, self.told.input
        if output is None or input is None:
            return None
        return self._audio.recorder.corrections.of(output.device.id, input.device.id)
