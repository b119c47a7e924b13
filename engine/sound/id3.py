"""Text tags in MP3 and AIFF files: an ID3v2.4 tag in UTF-8, before the sound of an MP3, in a chunk of an AIFF.

libsndfile declares the UTF-8 in its MP3 tags as Latin-1, and cannot read an AIFF file again whose comment is long, so
this tag is written and read here. Knows nothing of takes.
"""

from __future__ import annotations

import struct
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from engine.sound.about import About

TAGS = {"title": b"TIT2", "software": b"TSSE", "comment": b"COMM", "date": b"TDRC"}
"""Name of a tag -> its frame."""
LARGEST = 2**24
"""Bytes of the longest tag that is read."""
_LATIN, _UTF16, _UTF16_BE, _UTF8 = range(4)
_CODECS = {_LATIN: "latin-1", _UTF16: "utf-16", _UTF16_BE: "utf-16-be", _UTF8: "utf-8"}
_ALL = frozenset(TAGS.values())
_CHUNK = b"ID3 "


def prepend(path: Path, texts: Mapping[str, str], about: About | None = None) -> None:
    """Puts the tags of `TAGS`, tempo and key before the sound of a finished MP3 file."""
    path.write_bytes(_tag(texts, about) + path.read_bytes())


def append_to_aiff(path: Path, texts: Mapping[str, str], about: About | None = None) -> None:
    """Adds the tags of `TAGS`, tempo and key to a finished AIFF file."""
    content = _tag(texts, about)
    with path.open("rb+") as file:
        end = file.seek(0, 2)
        file.write(b"\0" * (end % 2) + _CHUNK + struct.pack(">I", len(content)) + content)
        file.write(b"\0" * (len(content) % 2))
        size = file.tell() - 8
        file.seek(4)
        file.write(struct.pack(">I", size))


def read_texts(path: Path, tags: Mapping[str, bytes] = TAGS) -> dict[str, str]:
    """Some tags of an MP3 or AIFF file by name; empty if it is neither, or its tag is not ID3v2.3 or 2.4."""
    with path.open("rb") as file:
        if file.read(4) == b"FORM":
            size = _chunk(file)
        else:
            file.seek(0)
            size = LARGEST
        return _texts(file, size, tags)


def _tag(texts: Mapping[str, str], about: About | None) -> bytes:
    music = about.music if about else None
    said = {
        **{TAGS[name]: text for name, text in texts.items()},
        b"TBPM": f"{music.tempo:.6g}" if music and music.tempo else "",
        b"TKEY": music.short_key if music else "",
    }
    frames = b"".join(_frame(tag, text) for tag, text in said.items() if text or tag in _ALL)
    return b"ID3\4\0\0" + _safe(len(frames)) + frames


def _frame(tag: bytes, text: str) -> bytes:
    # A comment has a language and a description of its own before the text.
    before = b"eng\0" if tag == TAGS["comment"] else b""
    content = bytes([_UTF8]) + before + text.encode()
    return tag + _safe(len(content)) + b"\0\0" + content


def _safe(number: int) -> bytes:
    """Seven bits a byte, so that no size looks like the beginning of sound."""
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def _number(safe: bytes) -> int:
    return sum((byte & 0x7F) << shift for byte, shift in zip(safe, (21, 14, 7, 0), strict=True))


def _chunk(file: BinaryIO) -> int:
    """Goes to the content of an AIFF file's tag; gives its size, 0 if there is none."""
    file.seek(12)
    for _ in range(1000):
        head = file.read(8)
        if len(head) < 8:
            return 0
        tag, size = struct.unpack(">4sI", head)
        if tag == _CHUNK:
            return size
        file.seek(size + size % 2, 1)
    return 0


def _texts(file: BinaryIO, most: int, tags: Mapping[str, bytes]) -> dict[str, str]:
    head = file.read(10) if most >= 10 else b""
    if len(head) < 10 or head[:3] != b"ID3" or head[3] not in (3, 4):
        return {}
    content = file.read(min(_number(head[6:]), most, LARGEST))
    names = {tag: name for name, tag in tags.items()}
    return {names[tag]: text for tag, text in _frames(content, head[3], names)}


def _frames(content: bytes, version: int, wanted: Container[bytes]) -> Iterator[tuple[bytes, str]]:
    """Yields the wanted frames that are text, up to a size that does not fit."""
    start = 0
    while start + 11 <= len(content):
        tag, size = content[start : start + 4], content[start + 4 : start + 8]
        length = _number(size) if version == 4 else int.from_bytes(size)
        body = content[start + 10 : start + 10 + length]
        if not tag.strip(b"\0") or len(body) < max(length, 1):
            return
        codec = _CODECS.get(body[0])
        if codec is not None and tag in wanted:
            text = body[1:] if tag != b"COMM" else body[4:]
            said = text.decode(codec, "replace")
            yield tag, (said.partition("\0")[2] if tag == b"COMM" else said).strip("\0\ufeff")
        start += 10 + length
