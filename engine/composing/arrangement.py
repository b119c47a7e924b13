"""The interface of composer and renderer: parts with their notes, and metadata.

Frozen dataclasses. The metadata becomes prompts (§3.1). Knows nothing of how notes are composed or rendered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from engine.composing.theory import Chord

Kind = Literal["song", "loop", "stem", "one-shot"]
KINDS: tuple[Kind, ...] = ("song", "loop", "stem", "one-shot")
HELD_OUT_EVERY = 50
"""Seeds divisible by this number are held out from training."""


def is_held_out(seed: int) -> bool:
    """Whether the item of this seed belongs to the held-out split."""
    return seed % HELD_OUT_EVERY == 0


@dataclass(frozen=True, slots=True)
class Note:
    """One note; `start` and `duration` in quarter notes, `velocity` in 1..127."""

    start: float
    duration: float
    pitch: int
    velocity: int


@dataclass(frozen=True, slots=True)
class Voice:
    """The sound source of a part.

    `source` is "soundfont" (`name` is the font, `program` the General MIDI program), "synth" (`name` is a patch), or
    "kit" (`name` is a drum kit or a font, `program` its soundfont kit, if it is one). `seed` varies the patch; a
    `held_out` kit uses samples that do not occur in the training split.
    """

    source: Literal["soundfont", "synth", "kit"]
    name: str
    program: int = 0
    seed: int = 0
    held_out: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One instrument: its notes and its settings in the mix. `pan` in -1..1; the rest in 0..1."""

    role: str
    instrument: str
    voice: Voice
    notes: tuple[Note, ...]
    pan: float = 0.0
    level_db: float = 0.0
    reverb: float = 0.1
    delay: float = 0.0
    duck: float = 0.0
    drive: float = 0.0
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the form; `start` and `beats` in quarter notes, `energy` in 0..1."""

    name: str
    letter: str
    start: float
    beats: float
    energy: float


@dataclass(frozen=True, slots=True)
class ChordSpan:
    """A chord and its time span."""

    start: float
    beats: float
    chord: Chord

    @property
    def end(self) -> float:
        """Where the next chord starts."""
        return self.start + self.beats


@dataclass(frozen=True, slots=True)
class Production:
    """Effects on the whole mix."""

    reverb_seconds: float = 1.4
    reverb_brightness: float = 0.5
    saturation: float = 0.2
    lowpass_hz: float = 0.0
    vinyl: float = 0.0
    texture: str = ""
    loudness_lufs: float = -14.0
    fade_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A finished composition. Beat b, in quarter notes, is at b * 60 / tempo seconds: the grid starts at 0."""

    seed: int
    kind: Kind
    style: str
    genres: tuple[str, ...]
    moods: tuple[str, ...]
    energy: str
    tempo: float
    key: str
    mode: str
    metre: tuple[int, int]
    seconds: float
    sections: tuple[Section, ...]
    parts: tuple[Part, ...]
    chords: tuple[ChordSpan, ...] = ()
    production: Production = field(default_factory=Production)

    @property
    def beats_per_bar(self) -> float:
        """Length of a bar in quarter notes."""
        return self.metre[0] * 4 / self.metre[1]

    @property
    def instruments(self) -> tuple[str, ...]:
        """The instruments that actually play, each once, in the order of the parts."""
        return tuple(dict.fromkeys(part.instrument for part in self.parts if part.notes))

    def metadata(self) -> dict[str, Any]:
        """The metadata as JSON values, without facts that do not apply (a drum stem has no key)."""
        facts: dict[str, Any] = {
            "seed": self.seed,
            "kind": self.kind,
            "held_out": is_held_out(self.seed),
            "seconds": self.seconds,
            "genres": list(self.genres),
            "style": self.style,
            "moods": list(self.moods),
            "energy": self.energy,
            "instruments": list(self.instruments),
        }
        if self.kind == "one-shot":
            return facts
        facts |= {
            "tempo": self.tempo,
            "metre": f"{self.metre[0]}/{self.metre[1]}",
            "beats_per_bar": self.beats_per_bar,
            "grid": "beat b, counted in quarter notes from 0, sounds at b * 60 / tempo seconds; bars start at multiples"
            " of beats_per_bar",
            "sections": [
                {
                    "name": s.name,
                    "letter": s.letter,
                    "start_beat": s.start,
                    "beats": s.beats,
                    "energy": s.energy,
                }
                for s in self.sections
            ],
        }
        if any(part.voice.source != "kit" for part in self.parts):
            facts |= {"key": f"{self.key} {self.mode}", "mode": self.mode}
        return facts
