"""The formats that a take is written in: suffix, sample types, quality, and how its tags get in.

Knows nothing of folders or of what is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import soundfile

from engine.errors import AudioError, choices
from engine.sound import daw_chunks, flac, id3
from engine.sound.about import About
from engine.sound.rates import OUTPUT_RATES

SUBTYPES = {"16": "PCM_16", "24": "PCM_24", "float": "FLOAT"}
"""Sample type -> its name in libsndfile."""

WIDTHS = {"16": 2.0, "24": 3.0, "float": 4.0}
"""Bytes of a sample."""
LOSSY = 0.5
"""Bytes of a sample that is compressed with loss, at the most."""

DEFAULT_SUBTYPE = "24"

Tag = Callable[[Path, Mapping[str, str], About | None], None]


@dataclass(frozen=True, slots=True)
class Format:
    """One format of a file.

    Attributes:
        name: as people and libsndfile call it.
        codec: libsndfile's name of its one way to store samples, where it has no sample types to choose from.
        types: the sample types it has; none where it is compressed with loss.
        quality: libsndfile's compression level, 0 the best; None for its own choice.
        rate: the one sample rate it has, Hz; None for any.
        highest: the highest one, Hz.
        tag: adds the tags to the finished file, those of its music too; None where libsndfile writes them.
        longest: bytes of the longest tag it keeps; a longer one stands in the sidecar alone.
    """

    name: str
    codec: str = ""
    types: tuple[str, ...] = tuple(SUBTYPES)
    quality: float | None = None
    rate: int | None = None
    highest: int = 384_000
    tag: Tag | None = None
    longest: int = 1 << 20

    def subtype(self, asked: str | None) -> str:
        """The sample type that is used when this one is asked for, or the format's own name in small letters.

        Raises:
            AudioError: if the format does not have it.
        """
        if asked is not None and asked not in SUBTYPES:
            raise AudioError(f"Unknown sample type {asked!r}; choose {choices(SUBTYPES)}.")
        if not self.types and asked is not None:
            raise AudioError(
                f"{self.name} has no sample types to choose from; leave out {asked!r}, "
                "or write a .wav, .aiff or .flac file."
            )
        if self.types and (asked or DEFAULT_SUBTYPE) not in self.types:
            raise AudioError(
                f"{self.name} does not support {asked} samples; choose {choices(self.types)}, "
                "or write a .wav or .aiff file."
            )
        return (asked or DEFAULT_SUBTYPE) if self.types else self.name.lower()

    def rate_for(self, asked: int | None, own: int) -> int:
        """The sample rate of a file, Hz, when one is asked for, or none and the sound has its own.

        Raises:
            AudioError: if the format does not have it.
        """
        if asked is not None and asked not in OUTPUT_RATES:
            known = choices(OUTPUT_RATES)
            raise AudioError(f"A file can have {known} samples a second; it was {asked}.")
        if asked is not None and (asked > self.highest or (self.rate or asked) != asked):
            most = self.rate or self.highest
            raise AudioError(f"{self.name} has {most} samples a second at the most, not {asked}.")
        return self.rate or asked or own

    def width(self, subtype: str) -> float:
        """Bytes of a sample, at the most."""
        return WIDTHS[subtype] if self.types else LOSSY

    def stored(self, subtype: str) -> tuple[str, str]:
        """What libsndfile calls the format and the sample type."""
        container = "OGG" if self.codec in ("VORBIS", "OPUS") else self.name
        return container, self.codec or SUBTYPES[subtype]


FORMATS = {
    ".wav": Format("WAV", tag=daw_chunks.append),
    ".flac": Format("FLAC", types=("16", "24"), tag=flac.tag),
    ".aiff": Format("AIFF", tag=id3.append_to_aiff),
    ".aif": Format("AIFF", tag=id3.append_to_aiff),
    ".mp3": Format("MP3", "MPEG_LAYER_III", (), quality=0.0, highest=48_000, tag=id3.prepend),
    ".ogg": Format("Ogg Vorbis", "VORBIS", (), quality=0.2),
    ".opus": Format("Opus", "OPUS", (), quality=0.5, rate=48_000, longest=50_000),
}
"""Suffix -> format. MP3 is 250 kbit/s, Vorbis and Opus about as much; all keep the length to the sample.

libsndfile cannot read an Opus file again whose tags are longer than a page of Ogg, 64 kB.
"""


def format_of(path: Path) -> Format:
    """The format that a file's suffix names.

    Raises:
        AudioError: if it names none that can be written here; says which can.
    """
    form = FORMATS.get(path.suffix.lower())
    known = [suffix for suffix, each in FORMATS.items() if _written_here(each)]
    if form is None:
        raise AudioError(f"{path} must end in {choices(known)}: the suffix sets the format.")
    if not _written_here(form):
        raise AudioError(
            f"The libsndfile of this machine writes no {form.name}; use {choices(known)}."
        )
    return form


def _written_here(form: Format) -> bool:
    """Whether this machine's libsndfile has it: MP3 came with 1.1."""
    return soundfile.check_format(*form.stored(form.subtype(None)))
