"""The chunks of a WAV file that DAWs and samplers read: tempo, beats and key, loop points, and a place in time.

`acid` (tempo, beats, root, metre), `smpl` (loop points, root), `bext` (EBU Tech 3285: what made it, when, its first
sample's place on a timeline, loudness) and `iXML`. All come after the samples. Knows nothing of takes.
"""

from __future__ import annotations

import math
import re
import struct
import time
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from xml.sax.saxutils import escape

from engine.errors import AudioError
from engine.sound import riff
from engine.sound.about import About, MusicalFacts, pitch_name

ACID = struct.Struct("<IHHfIHHf")
"""Type, root, 0x8000, 0, beats, unit and count of the metre, tempo."""
_ONE_SHOT, _ROOT_KNOWN, _STRETCHED, _FROM_DISK = 1, 2, 4, 8
"""Type of an `acid`: without a pulse; its root is meant; its tempo can be changed; a whole piece with a tempo."""
_MIDDLE_C = 60
_SAMPLER = struct.Struct("<9I")
"""Maker, product, ns of a sample, root, its fraction, SMPTE format and offset, loops, bytes of the maker."""
_LOOP = struct.Struct("<6I")
"""Number, type, first and last frame, fraction, repetitions (0 is without end)."""
_BROADCAST = struct.Struct("<256s32s32s10s8sQH64s5h180x")
REFERENCE = 256 + 32 + 32 + 10 + 8
"""Where the place in time stands in a `bext`: 64 bits, samples since the timeline's zero."""
_UNKNOWN = 0x7FFF
_MODES = {1: "mono", 2: "stereo"}
_LEAST = {b"fmt ": 16, b"acid": ACID.size, b"smpl": _SAMPLER.size, b"bext": REFERENCE + 8}
"""Bytes that a chunk needs to say anything."""
_ROOM = 40
"""Spaces after an `iXML`, for the digits of another place in time."""
_TEMPI = (10.0, 1000.0)
"""BPM that are believed."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The sound of a WAV file.

    Attributes:
        frames: samples of a channel.
        rate: Hz.
        channels: how many.
        bits: of a sample.
    """

    frames: int
    rate: int
    channels: int
    bits: int


def append(path: Path, texts: Mapping[str, str], about: About | None = None) -> None:
    """Adds the chunks and the tags of `riff.TAGS` to a finished WAV file."""
    told = chunks_of(about, shape_of(path)) if about else b""
    riff.append(path, told + riff.text_chunk(texts))


def chunks_of(about: About, shape: Shape) -> bytes:
    """All the chunks, one after the other as they stand in a file.

    Args:
        about: what they say.
        shape: of the file's sound.
    """
    music = about.music.lasting(shape.frames / shape.rate)
    sampler = riff.chunk(b"smpl", _smpl(music, shape)) if music.loop else b""
    return b"".join(
        (
            riff.chunk(b"acid", _acid(music)),
            sampler,
            riff.chunk(b"bext", bext(about, shape)),
            riff.chunk(b"iXML", _ixml(about, music, shape)),
        )
    )


def shape_of(path: Path) -> Shape:
    """The sound of a WAV file, from its header.

    Raises:
        AudioError: if it is none.
    """
    with path.open("rb") as file:
        found = read(file, {b"fmt ": 16, b"data": 0})
    if {b"fmt ", b"data"} <= set(found):
        _, channels, rate, _, width, bits = struct.unpack("<HHIIHH", found[b"fmt "].content)
        if rate and width:
            return Shape(found[b"data"].size // width, rate, channels, bits)
    raise AudioError(f"{path} is no WAV file.")


@dataclass(frozen=True, slots=True)
class Chunk:
    """The beginning of a chunk that was looked for, where it stands, and how long all of it is."""

    content: bytes
    start: int
    size: int


def read(file: BinaryIO, wanted: Mapping[bytes, int]) -> dict[bytes, Chunk]:
    """The first chunk of each kind that is not too short for it; of each, so many bytes are read."""
    found: dict[bytes, Chunk] = {}
    for tag, size in riff.file_chunks(file):
        if tag in wanted and tag not in found and size >= _LEAST.get(tag, 0):
            start = file.tell()
            found[tag] = Chunk(file.read(min(size, wanted[tag])), start, size)
    return found


def _acid(music: MusicalFacts) -> bytes:
    kind = _ONE_SHOT
    if music.tempo:
        kind = _STRETCHED if music.loop else _STRETCHED | _FROM_DISK
    tonic = music.tonic
    return ACID.pack(
        kind if tonic is None else kind | _ROOT_KNOWN,
        _MIDDLE_C + (tonic or 0),
        0x8000,
        0.0,
        round(music.beats or 0),
        4,
        music.beats_per_bar,
        music.tempo or 0.0,
    )


def from_acid(content: bytes, shape: Shape) -> MusicalFacts:
    """What an `acid` says, as far as it is believed."""
    kind, root, _, _, beats, unit, count, tempo = ACID.unpack(content)
    key = pitch_name(root) if kind & _ROOT_KNOWN else ""
    if kind & _ONE_SHOT:
        return MusicalFacts(key=key)
    seconds = shape.frames / shape.rate
    if not (math.isfinite(tempo) and tempo > 0):
        tempo = beats * 60 / seconds if seconds else 0.0
    if not _TEMPI[0] <= tempo <= _TEMPI[1]:
        return MusicalFacts(key=key)
    quarters = count * 4 // unit if unit and count * 4 % unit == 0 else 0
    return MusicalFacts(
        # 32 bits have seven digits.
        tempo=float(f"{tempo:.6g}"),
        beats=float(beats) if beats else seconds * tempo / 60,
        loop=not kind & _FROM_DISK and beats > 0,
        key=key,
        beats_per_bar=quarters or 4,
    )


def _smpl(music: MusicalFacts, shape: Shape) -> bytes:
    root = _MIDDLE_C + (music.tonic or 0)
    head = _SAMPLER.pack(0, 0, round(1e9 / shape.rate), root, 0, 0, 0, 1, 0)
    return head + _LOOP.pack(0, 0, 0, max(shape.frames - 1, 0), 0, 0)


def all_loops(content: bytes, shape: Shape) -> bool:
    """Whether its first loop runs forward, without end, from the first frame to the last; most samplers' do not."""
    if len(content) < _SAMPLER.size + _LOOP.size or not _SAMPLER.unpack_from(content)[7]:
        return False
    _, kind, first, last, _, times = _LOOP.unpack_from(content, _SAMPLER.size)
    return kind == 0 and first == 0 and times == 0 and last in (shape.frames - 1, shape.frames)


def bext(about: About, shape: Shape) -> bytes:
    """The content of a `bext` at the timeline's zero."""
    made = time.localtime(about.created)
    history = (
        f"A=PCM,F={shape.rate},W={shape.bits},M={_MODES.get(shape.channels, 'multi')},"
        f"T={about.software}\r\n"
    )
    return _BROADCAST.pack(
        _ascii(about.title, 256),
        b"Longtake",
        _ascii(about.software, 32),
        time.strftime("%Y-%m-%d", made).encode(),
        time.strftime("%H:%M:%S", made).encode(),
        0,
        2,
        b"",
        _hundredths(about.loudness),
        _UNKNOWN,
        _hundredths(about.true_peak),
        _UNKNOWN,
        _UNKNOWN,
    ) + _ascii(history, 256)


def _hundredths(level: float | None) -> int:
    known = level is not None and -99.99 <= level <= 99.99
    return round(100 * level) if known and level is not None else _UNKNOWN


def _ascii(text: str, most: int) -> bytes:
    """Text as the standard asks for it, without accents."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return plain.encode("ascii", "replace")[:most]


def _ixml(about: About, music: MusicalFacts, shape: Shape) -> bytes:
    facts = [f"{music.tempo:g} BPM" if music.tempo else "", music.key]
    facts += [f"{music.beats:g} beats" if music.beats else "", "loop" if music.loop else ""]
    values: dict[str, Any] = {
        "IXML_VERSION": "1.61",
        "PROJECT": "Longtake",
        "NOTE": about.title,
        "SPEED": {
            "FILE_SAMPLE_RATE": shape.rate,
            "AUDIO_BIT_DEPTH": shape.bits,
            "TIMESTAMP_SAMPLE_RATE": shape.rate,
            "TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI": 0,
            "TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO": 0,
        },
        "TEMPO": f"{music.tempo:g}" if music.tempo else None,
        "USER": ", ".join(filter(None, facts)),
    }
    text = '<?xml version="1.0" encoding="UTF-8"?>\n' + _element("BWFXML", values) + "\n"
    return text.encode() + b" " * _ROOM


def _element(name: str, value: Any) -> str:
    if isinstance(value, dict):
        inner = "".join(_element(*each) for each in value.items() if each[1] not in (None, ""))
        return f"<{name}>{inner}</{name}>"
    # What no XML can hold is left out.
    return f"<{name}>{escape(re.sub(_NOT_XML, '', str(value)))}</{name}>"


_NOT_XML = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
