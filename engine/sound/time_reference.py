"""The place in time that a WAV file carries, which DAWs read when they import a file to where it belongs.

Knows nothing of takes or of timelines.
"""

from __future__ import annotations

import re
import shutil
import struct
from pathlib import Path

from engine.errors import AudioError
from engine.sound import daw_chunks, riff
from engine.sound.about import About
from engine.sound.daw_chunks import REFERENCE, Shape
from engine.sound.reading import check_file
from engine.sound.targets import unwritten
from engine.whole_files import whole

_LARGEST = 1 << 20
"""Bytes of the largest `iXML` that is changed."""


def with_time_reference(path: Path, samples: int, to: Path | None = None) -> Path:
    """Writes a WAV file's place in time, which DAWs read when they are told to import to it.

    Args:
        path: the file; a chunk that it lacks is added.
        samples: from the timeline's zero to its first sample, at its own rate.
        to: a copy that gets it; None for the file itself, of which nothing else changes.

    Returns:
        The file that has it.

    Raises:
        AudioError: if it is no WAV file, or the place is negative; `DiskError` if it cannot be written.
    """
    check_file(path)
    if not 0 <= samples < 1 << 63:
        raise AudioError(f"A place in time is 0 samples or more; it was {samples}.")
    shape = daw_chunks.shape_of(path)
    try:
        if to is None:
            _refer(path, samples, shape)
        else:
            with whole(to) as part:
                shutil.copyfile(path, part)
                _refer(part, samples, shape)
    except OSError as error:
        raise unwritten(to or path, error) from error
    return to or path


def time_reference(path: Path) -> int | None:
    """The place in time that a WAV file has, in its samples; None if it has none.

    Raises:
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        found = daw_chunks.read(file, {b"bext": REFERENCE + 8}).get(b"bext")
    return struct.unpack_from("<Q", found.content, REFERENCE)[0] if found else None


def _refer(path: Path, samples: int, shape: Shape) -> None:
    with path.open("rb+") as file:
        found = daw_chunks.read(file, {b"bext": REFERENCE + 8, b"iXML": _LARGEST})
        if b"bext" not in found:
            about = About(created=path.stat().st_mtime, software="")
            riff.append_to(file, riff.chunk(b"bext", daw_chunks.bext(about, shape)))
            found |= daw_chunks.read(file, {b"bext": REFERENCE + 8})
        file.seek(found[b"bext"].start + REFERENCE)
        file.write(struct.pack("<Q", samples))
        if b"iXML" in found and found[b"iXML"].size <= _LARGEST:
            file.seek(found[b"iXML"].start)
            file.write(_moved(found[b"iXML"].content, samples))


def _moved(ixml: bytes, samples: int) -> bytes:
    """The same with another place in time and of the same length; as it was, if there is no room for the digits."""
    moved = ixml
    for part, value in ((b"HI", samples >> 32), (b"LO", samples & 0xFFFFFFFF)):
        tag = rb"(<TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_" + part + rb">)[^<]*"
        moved = re.sub(tag, rb"\g<1>" + str(value).encode(), moved, count=1)
    room = len(ixml) - len(moved.rstrip(b" \0"))
    return moved.rstrip(b" \0") + b" " * room if room >= 0 else ixml
