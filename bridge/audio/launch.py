"""A take that waits for its boundary, and in how many frames that comes. Knows no device and no thread."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.audio.sources import Source
from bridge.state import Quantize, Take, TransportState
from bridge.transport import next_boundary, quantum

SOON = 0.02
"""Seconds before its boundary at which a launch is settled to the sample; until then it follows the tempo."""


@dataclass(slots=True)
class Launch:
    """A take that begins at a boundary in quarter notes: the first that can still be met, once that is known."""

    source: Source
    take: Take
    quantize: Quantize
    boundary: float | None = None

    def delay(self, transport: TransportState, rate: int) -> int | None:
        """Frames at `rate` Hz from a moment to the boundary, or None while it is far away.

        Args:
            transport: as it is when what is written next is heard. One that stands or went back is not waited for.
            rate: of the device.
        """
        step = quantum(self.quantize, transport.signature)
        if self.boundary is None:
            self.boundary = next_boundary(transport.beat, self.quantize, transport.signature)
        left = self.boundary - transport.beat
        if not transport.playing or left > step + 1:
            return 0
        seconds = left * 60.0 / transport.tempo
        return None if seconds > SOON else max(0, round(seconds * rate))
