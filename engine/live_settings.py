"""Live: the table of what a running stream is set to, and the protocol between it and whoever feeds it.

A field of `LiveSettings` is at once a flag of `longtake live`, an OSC address below /longtake/live, a MIDI-learn target
and a widget, as those of `spec.py` are for takes. Knows nothing of torch or devices.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from engine.errors import SpecError, choices
from engine.parameter import Parameter, parameter, value_of
from engine.spec import MAX_SEED
from engine.updates import Step

Samples = NDArray[np.float32]

DELAYS = ("soonest", "1/2", "1", "2", "4", "bar")
LATE = ("dry", "silent")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSettings:
    """All that a live stream is set to."""

    prompt: str = parameter("", "text", "what the input becomes, such as 'funk drums'", most=8_000)
    prompt_b: str = parameter(
        "", "text", "another sound, towards which `blend` moves from the first", most=8_000
    )
    blend: float = parameter(
        0.0, "float", "how far from the first prompt to the second", low=0.0, high=1.0
    )
    strength: float = parameter(
        0.8, "float", "0 keeps the input, 1 follows the prompt alone", low=0.0, high=1.0
    )
    wet: float = parameter(
        1.0, "float", "0 is the input, as late as the music; 1 the music alone", low=0.0, high=1.0
    )
    delay: str = parameter(
        "soonest",
        "text",
        "when the music answers: as soon as it can, or exactly so many beats later, or a bar",
        choices=DELAYS,
    )
    freeze: bool = parameter(False, "bool", "repeat what was last heard")
    freeze_bars: float = parameter(
        1.0, "float", "how much of it is repeated", unit="bars", low=0.25, high=8.0
    )
    input_gain: float = parameter(
        0.0, "float", "how much louder the input is taken", unit="dB", low=-24.0, high=24.0
    )
    monitor: bool = parameter(True, "bool", "whether the music is heard")
    late: str = parameter(
        "dry", "text", "what is heard where the music comes too late", choices=LATE
    )
    steer: bool = parameter(
        True,
        "bool",
        "whether the strokes and the tune of the input are played, by models with a score",
    )
    model: str = parameter("sketch", "text", "which model to use")
    steps: int | None = parameter(
        None, "int", "denoising steps of a hop: more is finer and slower", low=1, high=100
    )
    cfg_scale: float | None = parameter(
        None, "float", "how strictly the prompt is followed", low=0.0, high=30.0
    )
    hop: float | None = parameter(
        None,
        "float",
        "how much is made at once; the least that this machine is sure to make in time if not given",
        unit="ms",
        low=40.0,
        high=4_000.0,
    )
    seed: int = parameter(0, "int", "seed of all noise", low=0, high=MAX_SEED)

    def with_value(self, name: str, value: Any) -> LiveSettings:
        """The same with one value, converted from JSON, OSC or the command line; None is the default.

        Raises:
            SpecError: if there is no such setting, or the value has the wrong type or is out of range.
        """
        known = LIVE.get(name)
        if known is None:
            raise SpecError(f"Unknown setting {name}; use {choices(LIVE)}.")
        value = LIVE_DEFAULTS[name] if value is None else value_of(name, value, known)
        return replace(self, **{name: value})


LIVE: dict[str, Parameter] = {
    f.name: cast(Parameter, f.metadata["parameter"]) for f in fields(LiveSettings)
}
"""Name -> what every front end needs to know about it."""
LIVE_DEFAULTS: dict[str, Any] = {f.name: f.default for f in fields(LiveSettings)}
MIXED = ("wet", "delay", "freeze", "freeze_bars", "input_gain", "monitor", "late")
"""Settings of what is heard, not of what is made."""
BEGUN_WITH = ("model", "steps", "hop")
"""Settings with which a stream begins: another value begins another stream."""


@dataclass(frozen=True, slots=True)
class Metre:
    """Where the beat is in a stream: `beat` quarter notes at input sample `at`, and on from there at `tempo`."""

    tempo: float
    """BPM."""
    beats_per_bar: float = 4.0
    beat: float = 0.0
    at: int = 0

    def beat_at(self, sample: float, sample_rate: int) -> float:
        """Quarter notes at an input sample."""
        return self.beat + (sample - self.at) / sample_rate * self.tempo / 60.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How a stream moves.

    Attributes:
        frames: latent frames of a hop; a fraction where hops are fractions of a beat (they then differ by one frame).
        look_ahead: latent frames of input behind a hop that it needs besides.
        steps: denoising steps.
        seconds: length of a hop.
        latency: samples of input, at most, between one and the push that makes it heard; what is made of input
            sample n is output sample n.
        compute: p95 of the time that a hop takes to make, s.
    """

    frames: float
    look_ahead: int
    steps: int
    seconds: float
    latency: int
    compute: float = 0.0

    @property
    def load(self) -> float:
        """Share of its time that a hop takes to make."""
        return self.compute / self.seconds


class LiveStream(Protocol):
    """A stream at 44.1 kHz that was begun; `engine.live` has one over a model."""

    @property
    def pace(self) -> Pace:
        """How it moves."""
        ...

    def push(self, samples: Samples, *, hurry: bool = False) -> Samples:
        """Takes the next input [2, any]; gives what is finished with it, [2, M] of whole hops, M = 0 at most times.

        In a `hurry`, hops that are too late to be heard are not made: what comes out for them is silence, and they
        count as heard. The last hop that the samples complete is always made.
        """
        ...

    def change(self, settings: LiveSettings) -> None:
        """Other settings, from the next hop on; those of `BEGUN_WITH` and `MIXED` are not looked at."""
        ...

    def keep_time(self, metre: Metre | None) -> None:
        """Where the beat is, from the next hop on; None is nowhere."""
        ...


class StreamsLive(Protocol):
    """What begins streams; `engine.live.engine:LiveEngine` is one, and a test can be another."""

    def begin(
        self, settings: LiveSettings, metre: Metre | None = None
    ) -> Generator[Step, None, LiveStream]:
        """Loads the model, finds the smallest safe hop and gives the stream; yields steps of "loading" and "timing".

        Raises:
            LongtakeError: with a sentence for the user, as where no hop is made in time.
        """
        ...
