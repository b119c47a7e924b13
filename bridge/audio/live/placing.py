"""Where two devices are beside each other: which position of the mix is played when a sample of input comes in.

With one clock that is measured once and holds to the sample; two clocks drift apart, and `speed` bridges them. Knows
the devices by what their callbacks tell.
"""

from __future__ import annotations

from bridge.audio.device_clock import DeviceClock
from bridge.audio.live.rates import Servo
from bridge.audio.stream import Stream

ASTRAY, ASTRAY_TWO = 0.01, 0.04
"""Seconds by which the devices are found elsewhere, with one clock or two, when one of them lost time..."""
LASTING = 1.5
"""...for so many seconds: a look at one of them may be a little older than at the other."""
BELIEVED = 2
"""Times that devices which share a clock may lose time, before they are taken to have two."""
NEAR = 0.25
"""Share of a cycle by which callbacks of one cycle may come apart."""


class Side:
    """One open device: its stream, the clock of its callbacks, and the frame behind the last one looked at."""

    def __init__(self, stream: Stream) -> None:
        """Nothing is known of its time yet."""
        self.stream = stream
        self.last = 0
        self.clock = DeviceClock(stream.rate)

    @property
    def sure(self) -> bool:
        """Whether its time is known."""
        return self.clock.sure

    def look(self) -> None:
        """Takes what its last callback told."""
        if called := self.stream.called:
            self.last = called.frame
            self.clock.take(called)

    def frame(self, time: float) -> float:
        """The frame of a time."""
        return (time - (self.clock.time(0) or 0.0)) * self.stream.rate


def beside(input: Side, output: Side) -> float:
    """The frame of the output at the time of the input's last frame, both being sure.

    Where both are called in the cycles of one server, it is exact.
    """
    found = output.frame(input.clock.time(input.last) or 0.0)
    block = output.stream.block
    if input.stream.driven_together(output.stream) and input.stream.block == block > 0:
        off = found - output.last
        whole = round(off / block) * block
        if abs(off - whole) < NEAR * block:
            return float(output.last + whole)
    return found


class Placing:
    """Two open devices beside each other.

    Attributes:
        base: by how many samples the mix is ahead of the input, where it is to stay; None while unknown.
        bridged: whether there are two clocks.
    """

    def __init__(self, input: Side, output: Side) -> None:
        """Nothing is known yet."""
        self.bridged = not input.stream.shares_clock(output.stream)
        self._doubted = 0 if input.stream.driven_together(output.stream) else 1
        self.base: float | None = None
        self._now = 0.0
        self._servo = Servo()
        self._looked: float | None = None
        self._astray = 0.0

    @property
    def ahead(self) -> float:
        """By how many samples the mix is ahead now: with one clock that does not move."""
        return self._now if self.bridged or self.base is None else self.base

    @property
    def speed(self) -> float:
        """By which share the mix is to be played faster."""
        return self._servo.speed if self.bridged else 0.0

    @property
    def drift(self) -> float | None:
        """By which share the output's clock runs faster; None where there is one clock."""
        return -self._servo.drift if self.bridged else None

    def look(self, ahead: float, rate: int, time: float) -> None:
        """The mix is found to be so many samples of so many Hz ahead of the input, at a time in seconds."""
        passed = 0.0 if self._looked is None else min(0.1, time - self._looked)
        self._looked, self._now = time, ahead
        if self.base is None:
            self.base = ahead
            return
        behind = (self.base - ahead) / rate
        away = abs(behind) > (ASTRAY_TWO if self.bridged else ASTRAY)
        self._astray = self._astray + passed if away else 0.0
        if self._astray > LASTING:
            self.base, self._astray = ahead, 0.0
            self._doubt()
        elif self.bridged and not away:
            self._servo.follow(behind, passed)

    def _doubt(self) -> None:
        if self._doubted:
            self._doubted += 1
            self.bridged = self.bridged or self._doubted > BELIEVED
