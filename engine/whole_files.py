"""Files that appear under their name only once they are complete: written beside it, flushed to disk, renamed.

A crash leaves the old file or the new one, never half of either. The new one has the old one's mode, so that a file
kept from others stays so; where a link stands, the file it points to is replaced; a pipe or a device never is. Small
files that people may have put there are read here too. Knows nothing of what is in them.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from engine.file_names import safe

T = TypeVar("T")

LARGEST = 64 * 2**20
"""Bytes of the largest file that `read_small` reads."""
_PART = 140
"""Bytes of a hidden name: some encrypted folders take no more."""


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yields a temporary path; what the block writes there replaces `path`, unless the block raises.

    Raises:
        OSError: if it cannot be written; then `path` is what it was.
    """
    part = part_of(path)
    try:
        yield part
        put_in_place(part, path)
    finally:
        part.unlink(missing_ok=True)


def read_small(path: Path) -> bytes:
    """The bytes of an ordinary file: a pipe would be waited for, and a device never ends.

    Raises:
        OSError: if it is none, is larger than `LARGEST`, or cannot be read.
    """
    found = path.stat()
    _check_ordinary(path, found.st_mode)
    if found.st_size > LARGEST:
        raise OSError(errno.EFBIG, f"it has more than {LARGEST >> 20} MB", str(path))
    with path.open("rb") as file:
        return file.read(LARGEST)


def read_text(path: Path) -> str:
    """The text of a small file in UTF-8, with or without the mark that Windows' editors put first.

    Raises:
        OSError: as `read_small`.
        UnicodeDecodeError: if it has another encoding.
    """
    return read_small(path).decode("utf-8-sig").replace("\r\n", "\n")


def write_whole(path: Path, text: str) -> None:
    """Writes a text file, in UTF-8, whole or not at all.

    Raises:
        OSError: if it cannot be written; then `path` is what it was.
    """
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")


def remove_parts(folder: Path) -> None:
    """Removes what was being written, in a folder and those in it, when a process was killed; none may be writing."""
    for part in folder.rglob(".*.tmp"):
        part.unlink(missing_ok=True)


def part_of(path: Path) -> Path:
    """A new hidden name in the same folder, for the file while it is being written.

    Raises:
        OSError: if what stands under `path` may not be replaced.
    """
    path = _behind_links(path)
    suffix = path.suffix if path.suffix.isascii() and len(path.suffix) < 16 else ""
    return path.with_name("." + safe(path.stem, f"{suffix}.{secrets.token_hex(4)}.tmp", _PART))


def put_in_place(part: Path, path: Path) -> None:
    """Gives a finished and closed file its name, flushing both to disk."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    path = _behind_links(path)
    # Windows has no modes, and a read-only `part` could not be deleted there. Some file systems have none to set.
    if os.name == "posix":
        with suppress(OSError):
            part.chmod(stat.S_IMODE(path.stat().st_mode))
    if os.name == "nt":
        patiently(lambda: part.replace(path))
    else:
        part.replace(path)
    # Windows opens no folders, and some network file systems cannot flush them.
    with suppress(OSError):
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def patiently(act: Callable[[], T], seconds: float = 1.0) -> T:
    """Does something with a file that another program, as a virus scanner, may hold open on Windows for a moment.

    Raises:
        OSError: what it still raises after so many seconds.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            return act()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(seconds / 20)


def _behind_links(path: Path) -> Path:
    """The file itself, which a link would be replaced instead of.

    Raises:
        OSError: if a pipe, a device or a folder stands there: none of them may be replaced.
    """
    with suppress(FileNotFoundError, NotADirectoryError):
        _check_ordinary(path, path.stat().st_mode)
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _check_ordinary(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "this is no ordinary file", str(path))
