"""Text tags in a WAV file: a LIST/INFO chunk of any length after the samples.

libsndfile reads no text longer than about 2 kB from a WAV file, and damages the file if it writes more, so this chunk
is written and read here. Knows nothing of takes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

TAGS = {"title": b"INAM", "software": b"ISFT", "comment": b"ICMT", "date": b"ICRD"}
"""Name of a tag -> its chunk in LIST/INFO."""
LONGEST, MOST = 1 << 20, 1000
"""Most bytes of a tag, and most chunks that are looked at: a file of nothing else would be read for minutes."""

LARGEST = 2**24
"""Bytes of the longest text that is read."""


def append_texts(path: Path, texts: Mapping[str, str]) -> None:
    """Adds the tags of `TAGS`, in UTF-8, to a finished WAV file."""
    listed = b"INFO" + b"".join(
        chunk(TAGS[name], text.encode() + b"\0") for name, text in texts.items()
    )
    with path.open("rb+") as file:
        end = file.seek(0, 2)
        file.write(b"\0" * (end % 2) + chunk(b"LIST", listed))
        size = file.tell() - 8
        file.seek(4)
        file.write(struct.pack("<I", size))


def read_texts(path: Path) -> dict[str, str]:
    """The tags of `TAGS` in a file; empty if it is not a WAV file or has none. Longer ones than `LONGEST` are cut."""
    names = {tag: name for name, tag in TAGS.items()}
    found: dict[str, str] = {}
    with path.open("rb") as file:
        if file.read(4) != b"RIFF" or file.read(8)[4:] != b"WAVE":
            return {}
        for tag, size in chunks(file, path.stat().st_size):
            if tag == b"LIST" and file.read(4) == b"INFO":
                for inner, length in chunks(file, file.tell() + size - 4):
                    if inner in names and length <= LARGEST:
                        found[names[inner]] = (
                            file.read(min(length, LONGEST)).rstrip(b"\0").decode(errors="replace")
                        )
    return found


def chunk(tag: bytes, content: bytes) -> bytes:
    """A chunk as it stands in the file, filled to an even length."""
    return tag + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def chunks(file: BinaryIO, end: int) -> Iterator[tuple[bytes, int]]:
    """Yields tag and size of the first `MOST` chunks up to `end`, with the file at its content; stops at a bad size."""
    for _ in range(MOST):
        if file.tell() + 8 > end:
            return
        tag, size = struct.unpack("<4sI", file.read(8))
        start = file.tell()
        if start + size > end:
            return
        yield tag, size
        file.seek(start + size + size % 2)
