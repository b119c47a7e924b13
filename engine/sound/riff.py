"""The chunks of a WAV file, and its text tags: a LIST/INFO chunk of any length after the samples.

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
    append(path, text_chunk(texts))


def append(path: Path, content: bytes) -> None:
    """Adds whole chunks to a finished WAV file."""
    with path.open("rb+") as file:
        append_to(file, content)


def append_to(file: BinaryIO, content: bytes) -> None:
    """Adds whole chunks to a WAV file that is open, or nothing if its disk is full."""
    end = file.seek(0, 2)
    try:
        file.write(b"\0" * (end % 2) + content)
        file.flush()
    except OSError:
        file.truncate(end)
        raise
    size = file.tell() - 8
    file.seek(4)
    file.write(struct.pack("<I", size))


def text_chunk(texts: Mapping[str, str]) -> bytes:
    """The tags of `TAGS` as they stand in a file; nothing if there are none."""
    if not texts:
        return b""
    listed = b"".join(chunk(TAGS[name], text.encode() + b"\0") for name, text in texts.items())
    return chunk(b"LIST", b"INFO" + listed)


def header(channels: int, rate: int, width: int, frames: int, after: int) -> bytes:
    """All of a WAV file before its samples, where its length is known before them.

    Args:
        channels: how many.
        rate: Hz.
        width: bytes of a sample; 4 are floats.
        frames: samples of a channel.
        after: bytes of the chunks after the samples.
    """
    size = frames * channels * width
    kind, bits = (3, 32) if width == 4 else (1, 8 * width)
    form = struct.pack(
        "<HHIIHH", kind, channels, rate, rate * channels * width, channels * width, bits
    )
    head = chunk(b"fmt ", form) + (chunk(b"fact", struct.pack("<I", frames)) if kind == 3 else b"")
    whole = 4 + len(head) + 8 + size + size % 2 + after
    return (
        struct.pack("<4sI4s", b"RIFF", whole, b"WAVE") + head + struct.pack("<4sI", b"data", size)
    )


def read_texts(path: Path) -> dict[str, str]:
    """The tags of `TAGS` in a file; empty if it is not a WAV file or has none. Longer ones than `LONGEST` are cut."""
    names = {tag: name for name, tag in TAGS.items()}
    found: dict[str, str] = {}
    with path.open("rb") as file:
        for tag, size in file_chunks(file):
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


def file_chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """The chunks of a whole file, as `chunks`; none if it is no WAV file."""
    end = file.seek(0, 2)
    file.seek(0)
    if file.read(4) == b"RIFF" and file.read(8)[4:] == b"WAVE":
        yield from chunks(file, end)


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
