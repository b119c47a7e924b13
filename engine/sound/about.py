"""What a file says about its music to the programs that open it. Knows no format of a file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from engine.composing.theory import PITCH_CLASSES, SCALES
from engine.composing.wording import key_of, spelt_key

_MINOR_THIRD = 3


@dataclass(frozen=True, slots=True)
class MusicalFacts:
    """What is known of the music in a file.

    Attributes:
        tempo: BPM; None if unknown, or if it has no pulse.
        beats: quarter notes from the first frame to the last; None if unknown.
        loop: whether all of it repeats without a seam.
        key: such as 'A minor', or 'A' where the mode is unknown; empty if the key is.
        beats_per_bar: quarter notes.
    """

    tempo: float | None = None
    beats: float | None = None
    loop: bool = False
    key: str = ""
    beats_per_bar: int = 4

    def lasting(self, seconds: float) -> MusicalFacts:
        """The same, with the beats that fit into so many seconds."""
        return replace(self, beats=seconds * self.tempo / 60 if self.tempo else None)

    @property
    def tonic(self) -> int | None:
        """Pitch class of the key, 0 is C; None if it has none."""
        known = key_of(self.key) if self.key else None
        return known[0] if known else None

    @property
    def short_key(self) -> str:
        """The key in three letters at most, as DJs' programs have it: 'Am', 'F#'; empty if there is none."""
        known = key_of(self.key) if self.key else None
        if known is None:
            return ""
        minor = _MINOR_THIRD in SCALES.get(known[1] or "major", ())
        return spelt_key(self.key).split()[0] + ("m" if minor else "")


@dataclass(frozen=True, slots=True)
class About:
    """What is written into a file beside its sound.

    Attributes:
        music: what is known of the music; its beats follow from the length of the file.
        title: one line.
        created: seconds since the epoch.
        software: what made it.
        loudness: LUFS, integrated; None if unknown.
        true_peak: dB; None if unknown.
    """

    music: MusicalFacts = field(default_factory=MusicalFacts)
    title: str = ""
    created: float = 0.0
    software: str = "Longtake"
    loudness: float | None = None
    true_peak: float | None = None


def key_named(text: str) -> str:
    """A key as in training prompts, of 'Am' and the like; empty for what is none."""
    known = key_of(text)
    return spelt_key(text) if known else ""


def pitch_name(note: int) -> str:
    """The pitch class of a MIDI note, as a key without a mode."""
    return PITCH_CLASSES[note % 12]
