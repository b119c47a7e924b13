"""What live needs of the audio process: its shared memory, both devices, and to be let in beside the recorder."""

from __future__ import annotations

from typing import Protocol

from bridge.audio.live.memory import LiveMemory
from bridge.audio.process import Told


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
