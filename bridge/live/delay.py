"""When the music answers: as soon as it can be there, or exactly so many beats later. Pure arithmetic, in seconds.

A beat is that of the transport's metre, as in its launch grid. Knows nothing of devices or engines.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.state import TransportState
from bridge.transport import quantum
from engine.live_settings import DELAYS, Pace

RATE = 44_100
BUDGET = 0.75
"""Share of a hop that making it may take; a stream begins with hops of which less is needed."""
_BEATS = {"1/2": 0.5, "1": 1.0, "2": 2.0, "4": 4.0}
_NAMES = {
    "soonest": "as soon as it can",
    "1/2": "after half a beat",
    "1": "after 1 beat",
    "2": "after 2 beats",
    "4": "after 4 beats",
    "bar": "after a bar",
}


def soonest(pace: Pace, lead: float) -> float:
    """The least from input to output, without the devices' own; `lead` is written ahead of the output."""
    return pace.latency / RATE + BUDGET * pace.seconds + lead


def beats(name: str, transport: TransportState) -> float:
    """Length of one of `DELAYS`, but for `soonest`, at the transport's tempo and metre."""
    grid = "bar" if name == "bar" else "beat"
    quarters = quantum(grid, transport.signature) * _BEATS.get(name, 1.0)
    return quarters * 60.0 / transport.tempo


@dataclass(frozen=True, slots=True)
class Delay:
    """What is used.

    Attributes:
        name: one of `DELAYS`.
        seconds: from input to output, without the devices' own.
        problem: why it is another than was asked for, a sentence; else empty.
    """

    name: str
    seconds: float
    problem: str = ""


def found(wanted: str, least: float, devices: float, transport: TransportState) -> Delay:
    """The delay to use.

    Args:
        wanted: one of `DELAYS`.
        least: of `soonest`.
        devices: what the devices add; beats are counted from plug to plug.
        transport: whose beats count.
    """
    if wanted == "soonest":
        return Delay(wanted, least)
    lengths = {name: beats(name, transport) for name in DELAYS if name != "soonest"}
    whole = least + devices
    if lengths[wanted] >= whole:
        return Delay(wanted, lengths[wanted] - devices)
    right = [name for name in lengths if lengths[name] >= whole]
    used = min(right, key=lambda name: lengths[name], default="soonest")
    seconds = lengths[used] - devices if right else least
    words = (
        f"The music needs {1000 * whole:.0f} ms, and at {transport.tempo:.4g} BPM the delay that was chosen "
        f"is {1000 * lengths[wanted]:.0f} ms: it answers {_NAMES[used]}, {1000 * (seconds + devices):.0f} ms."
    )
    return Delay(used, seconds, words)
