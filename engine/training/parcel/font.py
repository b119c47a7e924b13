"""A soundfont with the samples that the composer plays and no others, in Vorbis: 148 MB become about 15.

Reads SoundFont 2.04 (RIFF `sfbk`, 16-bit samples) and writes SF3, the same with compressed samples, which
tinysoundfont plays. Presets, zones and generators are kept as they are; only samples go. Knows nothing of instruments:
the presets to keep are given.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from engine.errors import AudioError
from engine.sound.riff import chunks

Preset = tuple[int, int]
"""Bank and program."""
Head = tuple[Any, ...]
"""A sample's header, as `_SAMPLE` lays it out: name, start, stop, loop, loop's end, rate, pitch, cents, link, type."""
_PRESET, _BAG, _GENERATOR = "<20sHHHIII", "<HH", "<HH"
_INSTRUMENT, _SAMPLE = "<20sH", "<20sIIIIIBbHH"
_INSTRUMENT_OF, _SAMPLE_OF = 41, 53
"""Generators that point from a preset's zone to an instrument, and from its zone to a sample."""
_VORBIS = 0x10
"""Bit of a sample's type that SF3 sets."""
_COMPRESSION = 0.8
"""Of libsndfile: 0 is the best quality, 1 the smallest file."""
_SHORTEST = 64
"""Samples with fewer frames are not worth a Vorbis header, and become silent."""


def trimmed(font: Path, presets: Iterable[Preset]) -> bytes:
    """The font with these presets' samples only.

    Raises:
        AudioError: if it is not such a soundfont.
    """
    lists = _lists(font)
    try:
        heads = list(struct.iter_unpack(_SAMPLE, lists["pdta"]["shdr"]))
        kept = _samples(lists["pdta"], set(presets))
        pcm = np.frombuffer(lists["sdta"]["smpl"], "<i2")
    except (KeyError, struct.error) as error:
        raise AudioError(f"{font} is not a SoundFont 2 file with 16-bit samples.") from error
    sounds = {i: pcm[heads[i][1] : heads[i][2]] for i in sorted(kept)}
    rates = {i: heads[i][5] for i in sounds}
    with ThreadPoolExecutor() as threads:
        data = threads.map(_vorbis, sounds.values(), rates.values())
        coded = dict(zip(sounds, data, strict=True))
    silence = _vorbis(np.zeros(_SHORTEST, np.int16), 44_100)
    lists["sdta"] = {"smpl": b"".join([*coded.values(), silence])}
    lists["pdta"]["shdr"] = b"".join(_heads(heads, coded, len(silence)))
    lists["INFO"]["ifil"] = struct.pack("<HH", 3, 0)
    body = b"".join(
        _chunk("LIST", name.encode() + b"".join(_chunk(*item) for item in items.items()))
        for name, items in lists.items()
    )
    return _chunk("RIFF", b"sfbk" + body)


def _vorbis(pcm: NDArray[np.int16], rate: int) -> bytes:
    if len(pcm) < _SHORTEST:
        return b""
    held = io.BytesIO()
    soundfile.write(held, pcm, rate, format="OGG", subtype="VORBIS", compression_level=_COMPRESSION)
    return held.getvalue()


def _heads(heads: list[Head], coded: dict[int, bytes], silence: int) -> Iterator[bytes]:
    """Headers that point into the new data, in bytes; loops count from the start of their sample.

    The data ends with `silence` bytes, which all samples that were left out share.
    """
    place, end = 0, sum(map(len, coded.values()))
    for index, (name, start, _, loop, over, rate, pitch, cents, link, kind) in enumerate(heads):
        size = len(coded.get(index, b""))
        where = (place, place + size, loop - start, over - start)
        yield struct.pack(
            _SAMPLE,
            name,
            *(where if size else (end, end + silence, 0, 0)),
            rate,
            pitch,
            cents,
            link,
            kind | _VORBIS,
        )
        place += size


def _samples(tables: dict[str, bytes], presets: set[Preset]) -> set[int]:
    """The samples that the presets reach through their instruments, with the other side of stereo pairs."""
    heads = list(struct.iter_unpack(_PRESET, tables["phdr"]))
    zones = [(one[3], after[3]) for one, after in pairwise(heads)]
    chosen = [
        zone for head, zone in zip(heads, zones, strict=False) if (head[2], head[1]) in presets
    ]
    instruments = _pointed_at(tables, "pbag", "pgen", chosen, _INSTRUMENT_OF)
    starts = [row[1] for row in struct.iter_unpack(_INSTRUMENT, tables["inst"])]
    inside = [(starts[i], starts[i + 1]) for i in instruments]
    found = _pointed_at(tables, "ibag", "igen", inside, _SAMPLE_OF)
    links = [row[8] for row in struct.iter_unpack(_SAMPLE, tables["shdr"])]
    return found | {links[i] for i in found if 0 < links[i] < len(links) - 1}


def _pointed_at(
    tables: dict[str, bytes], bags: str, generators: str, zones: list[tuple[int, int]], kind: int
) -> set[int]:
    starts = [row[0] for row in struct.iter_unpack(_BAG, tables[bags])]
    rows = list(struct.iter_unpack(_GENERATOR, tables[generators]))
    return {
        value
        for first, last in zones
        for bag in range(first, last)
        for operator, value in rows[starts[bag] : starts[bag + 1]]
        if operator == kind
    }


def _lists(font: Path) -> dict[str, dict[str, bytes]]:
    """The chunks of every LIST of a RIFF file."""
    found: dict[str, dict[str, bytes]] = {}
    with font.open("rb") as file:
        file.seek(12)
        for tag, size in chunks(file, font.stat().st_size):
            if tag == b"LIST":
                end = file.tell() + size
                name = file.read(4).decode("latin-1")
                inside = chunks(file, end)
                found[name] = {one.decode("latin-1"): file.read(length) for one, length in inside}
    return found


def _chunk(name: str, body: bytes) -> bytes:
    """A chunk with an even number of bytes: not every player knows that odd ones are padded."""
    body = _even(body)
    return name.encode() + struct.pack("<I", len(body)) + body


def _even(body: bytes) -> bytes:
    return body + b"\0" * (len(body) % 2)
