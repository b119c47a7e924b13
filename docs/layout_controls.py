"""The table of controls that layouts and patches have: buttons, numbers and texts, by their OSC addresses.

Knows no program; `make_layouts.py` writes the files of each.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.osc.schema import COMMANDS

Value = str | int


@dataclass(frozen=True)
class Press:
    """A button: what is sent once at each press."""

    title: str
    address: str
    arguments: tuple[Value, ...] = (1,)


@dataclass(frozen=True)
class Fader:
    """A number; its range is the schema's unless given."""

    title: str
    address: str
    low: float | None = None
    high: float | None = None

    @property
    def span(self) -> tuple[float, float]:
        """Lowest and highest value."""
        what = COMMANDS[address_of(self)].arguments[0].what
        low = what.low if self.low is None else self.low
        high = what.high if self.high is None else self.high
        assert low is not None and high is not None, self.address
        return float(low), float(high)

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are taken."""
        return COMMANDS[address_of(self)].arguments[0].what.kind == "int"


@dataclass(frozen=True)
class Words:
    """A text."""

    title: str
    address: str
    text: str


PRESSES = (
    Press("Cancel", "cancel", ("*",)),
    Press("Play", "play"),
    Press("Stop", "stop"),
    Press("Record", "capture/start"),
    Press("End record", "capture/stop"),
    Press("Live on", "live/start"),
    Press("Live off", "live/stop"),
    Press("Listen", "subscribe"),
    Press("Panic", "panic"),
)
FADERS = (
    Fader("Strength", "param/init_noise_level"),
    Fader("Guidance", "param/cfg_scale", 1, 12),
    Fader("Steps", "param/steps", 4, 100),
    Fader("Length, s", "param/seconds_total", 2, 190),
    Fader("Variation", "param/variation"),
    Fader("Gain, dB", "gain"),
    Fader("Live mix", "live/wet"),
    Fader("Live strength", "live/strength"),
    Fader("Live blend", "live/blend"),
    Fader("Live input, dB", "live/input_gain"),
)
WORDS = (
    Words("Prompt", "param/prompt", "warm house"),
    Words("Live prompt", "live/prompt", "funk drums"),
)
TOKEN = Press("Hello", "token", ("write your token here",))
"""What a tablet sends first, since it is another machine."""


def generate(client: str, prompt: str = "") -> Press:
    """Makes a take by the prompt given, or the one that is set; it is heard at once. The last argument is 1."""
    return Press("Generate", "generate", (client, prompt, "play", 1))


def address_of(control: Press | Fader | Words) -> str:
    """As it is sent."""
    return f"/longtake/{control.address}"
