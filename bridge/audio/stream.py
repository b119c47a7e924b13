"""What a callback knows of its open stream, and what it tells those who are in its process. Knows no library."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.audio.ring_buffer import Moment

FARTHEST = 2.0
"""Seconds between callback and plug that no device has: its host's clock is not one."""


@dataclass(slots=True)
class Stream:
    """An open device.

    Attributes:
        rate: Hz.
        device: its id.
        host_api: JACK, WASAPI ...
        latency: between callback and plug in seconds, once it is told.
        found: the same by the callback's own clock.
        block: frames of the last callback.
        called: the frame behind those of the last callback, and when that callback would have ended if it took as
            long as its frames: the time of a frame at the callback, and not at the plug.
    """

    rate: int
    device: str = ""
    host_api: str = ""
    latency: float = 0.0
    found: float = 0.0
    block: int = 0
    called: Moment | None = None

    def until(self, later: float, earlier: float) -> float:
        """Seconds between callback and plug by PortAudio's clock; the stream's latency where a host has no clock."""
        apart = later - earlier
        self.found = apart if earlier > 0 and 0 < apart < FARTHEST else self.latency
        return self.found

    def shares_clock(self, other: Stream) -> bool:
        """Whether both are driven by one clock: by JACK's, or by that of one device at one rate."""
        if self.rate != other.rate:
            return False
        return self.driven_together(other) or self.device == other.device

    def driven_together(self, other: Stream) -> bool:
        """Whether both are called in the same cycles of one server."""
        return self.host_api == other.host_api == "JACK" and self.rate == other.rate
