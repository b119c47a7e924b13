"""What live needs of the audio process: its shared memory, both devices, and to be let in beside the recorder.

`SystemDevices` has it of the real one. Knows nothing of engines.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from bridge.audio.live.memory import LiveMemory
from bridge.audio.process import Told, Wish
from bridge.audio.system import AudioSystem
from bridge.errors import BridgeError


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
        """Opens the input for live, beside whoever else has it, or lets go of it; returns at once.

        Asked again while it is wanted, it follows the choice of another device.

        Raises:
            BridgeError: `busy` if somebody else uses another input.
        """
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
        self._wish = Wish()

    @property
    def told(self) -> Told:
        """How the devices stand."""
        return self._audio.supervisor.told

    def want_input(self, on: bool) -> None:
        """Opens the input that recordings have, or lets go of it; another that is in use elsewhere is not taken."""
        before, self._wish = self._wish, replace(self._audio.recorder.wish, on=on)
        if self._wish == before:
            return
        try:
            self._audio.supervisor.want("input", self._wish, by="live")
        except BridgeError:
            if not before.on:
                self._wish = before
                raise

    def correction(self) -> float | None:
        """What was measured between the two devices."""
        output, input = self.told.output, self.told.input
        if output is None or input is None:
            return None
        return self._audio.recorder.corrections.of(output.device.id, input.device.id)
