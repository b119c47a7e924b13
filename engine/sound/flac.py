"""Tags in a FLAC file: Vorbis comments, the musical ones among them, which libsndfile has no names for.

Knows nothing of takes.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from engine.sound.about import About, MusicalFacts, key_named

TAGS = {"title": "TITLE", "software": "SOFTWARE", "comment": "COMMENT", "date": "DATE"}
"""Name of a tag -> its Vorbis comment."""
_COMMENTS, _LAST, _PADDING = 4, 0x80, 1
_LARGEST = (1 << 24) - 1
"""Bytes of a block, and so of all tags together."""


def tag(path: Path, texts: Mapping[str, str], about: About | None = None) -> None:
    """Gives a finished FLAC file the tags of `TAGS`, and BPM, INITIALKEY and KEY; it has no others then."""
    said = {TAGS[name]: text for name, text in texts.items()} | _musical(about)
    lines = [f"{name}={text}".encode() for name, text in said.items()]
    maker = b"Longtake"
    content = struct.pack("<I", len(maker)) + maker + struct.pack("<I", len(lines))
    content += b"".join(struct.pack("<I", len(line)) + line for line in lines)
    with path.open("rb") as file:
        blocks = [(kind, file.read(size)) for kind, size in _blocks(file)]
        sound = file.read()
    blocks = [block for block in blocks if block[0] not in (_COMMENTS, _PADDING)]
    blocks.append((_COMMENTS, content[:_LARGEST]))
    head = b"".join(
        struct.pack(">I", ((kind | _LAST * (number == len(blocks))) << 24) | len(block)) + block
        for number, (kind, block) in enumerate(blocks, 1)
    )
    path.write_bytes(b"fLaC" + head + sound)


def musical_facts(path: Path) -> MusicalFacts | None:
    """Tempo and key of a FLAC file; None if it is none, or says neither.

    Raises:
        OSError: if it cannot be read.
    """
    found: dict[str, str] = {}
    with path.open("rb") as file:
        for kind, size in _blocks(file):
            if kind == _COMMENTS:
                found = _comments(file.read(size))
                break
            file.seek(size, 1)
    key = key_named(found.get("KEY", "")) or key_named(found.get("INITIALKEY", ""))
    tempo = found.get("BPM", "")
    music = MusicalFacts(tempo=_tempo(tempo), key=key)
    return None if music == MusicalFacts() else music


def _musical(about: About | None) -> dict[str, str]:
    music = about.music if about else MusicalFacts()
    said = {
        "BPM": f"{music.tempo:.6g}" if music.tempo else "",
        "INITIALKEY": music.short_key,
        "KEY": music.key,
    }
    return {name: text for name, text in said.items() if text}


def _tempo(text: str) -> float | None:
    try:
        tempo = float(text)
    except ValueError:
        return None
    return tempo if 10 <= tempo <= 1000 else None


def _blocks(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Kind and size of each block, with the file at its content, which the caller reads or passes."""
    if file.read(4) != b"fLaC":
        return
    last = False
    while not last:
        head = file.read(4)
        if len(head) < 4:
            return
        last = bool(head[0] & _LAST)
        yield head[0] & ~_LAST, int.from_bytes(head[1:])


def _comments(content: bytes) -> dict[str, str]:
    """The comments of a block, by their names in capitals; up to a length that does not fit."""
    found: dict[str, str] = {}
    stream = io.BytesIO(content)

    def number() -> int:
        return int.from_bytes(stream.read(4), "little")

    stream.seek(number(), 1)
    for _ in range(number()):
        if stream.tell() >= len(content):
            break
        name, sign, text = stream.read(number()).decode(errors="replace").partition("=")
        if sign:
            found[name.upper()] = text
    return found
