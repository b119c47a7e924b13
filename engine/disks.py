"""Why a disk takes a file no longer, in words that name the disk. Knows nothing of what is in the files."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path

from engine.errors import DiskError

FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_NO_WORDS = "System error"
"""What libsndfile says of every failure of the system."""
SPARE = 2**20
"""Bytes that are left free: a sidecar, a line of the journal."""


def disk_of(path: Path) -> Path:
    """Where the disk of a file is mounted, or its drive; the file may be missing."""
    folder = path.absolute()
    while not os.path.ismount(folder) and folder != folder.parent:
        folder = folder.parent
    return folder


def why(path: Path, error: Exception) -> str:
    """Why a file cannot be written; where libsndfile says nothing, the folder is asked once more."""
    known = error if getattr(error, "errno", None) else _asked(path.parent)
    number = getattr(known, "errno", None)
    if number in FULL or (number is None and _free(path.parent) < SPARE):
        free = _free(path.parent)
        if free == float("inf"):
            return "its disk is full, or gone"
        return f"the disk {disk_of(path)} is full ({free / 1e6:.1f} MB are free)"
    if number == errno.ENAMETOOLONG:
        return "its name is too long for this disk: most take 255 bytes"
    said = (getattr(known, "strerror", None) or str(error)).rstrip(".")
    return f"the disk {disk_of(path)} takes no more of it" if said == _NO_WORDS else said


def need(path: Path, size: int) -> None:
    """Checks that a file of so many bytes has its place, before it is written.

    Raises:
        DiskError: if the disk has less.
    """
    if _free(path.parent) < size + SPARE:
        raise DiskError(
            f"{path} cannot be written: the disk {disk_of(path)} is full, "
            f"{_free(path.parent) / 1e6:.1f} MB are free and {size / 1e6:.1f} MB are needed."
        )


def _free(folder: Path) -> float:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return float("inf")


def _asked(folder: Path) -> OSError | None:
    """What the system says when a little is written there."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(2**16))
            file.flush()
    except OSError as error:
        return error
    return None
