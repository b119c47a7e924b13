"""The bin: files of a deleted take lie in a hidden folder beside the takes, until they come back or go to the system's.

Knows paths alone. Each take has a folder of its own there, named after it: all its files are moved, or none. Moving
within a disk takes no time and needs no bin of the system's, which network drives and sticks may lack.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

from send2trash import send2trash

from bridge.takes import sidecar
from bridge.takes.listing import AUDIO
from engine.whole_files import patiently

FOLDER = ".longtake-bin"
STALE = 86_400.0
"""Seconds after which what lies there belongs to a run that died, and to no other Longtake that still runs."""


def place(audio: Path) -> Path:
    """Where the files of a take lie while it is in the bin."""
    return audio.parent / FOLDER / audio.stem


def put(audio: Path) -> None:
    """Moves the files of a take into the bin, all or none.

    Raises:
        OSError: if the sound is not there, or one cannot be moved; then all are where they were. A folder of takes that
            is gone, as its disk was unplugged, is never made anew.
    """
    if not audio.is_file():
        raise absent(audio)
    _hold(audio)


def holds(audio: Path) -> bool:
    """Whether a take that was put here can come back: its sound lies here, or where it was already."""
    return (place(audio) / audio.name).is_file() or audio.is_file()


def give_back(audio: Path) -> None:
    """Moves the files of a take out of the bin to where they were, all or none; those that lie there already stay.

    Raises:
        OSError: if they are gone, or cannot be moved.
    """
    held = place(audio)
    if held.is_dir():
        _move(sorted(held.iterdir()), audio.parent)
        _tidy(held)
    if not audio.exists():
        raise absent(held / audio.name)


def pass_on(audio: Path) -> None:
    """Moves the files of a take from our bin to the system's, which remembers where they came from: beside the takes.

    Raises:
        OSError: if the system has no bin for this disk, or it takes nothing; then they stay in ours.
    """
    if not place(audio).is_dir():
        return
    give_back(audio)
    try:
        for path in _files_of(audio):
            patiently(partial(send2trash, path))
    except OSError:
        _hold(audio)
        raise


def left(folder: Path) -> list[Path]:
    """The takes that a run which died left in the bin of a folder, by the paths that they had."""
    found: list[Path] = []
    with suppress(OSError):
        for held in sorted((folder / FOLDER).iterdir()):
            if time.time() - held.stat().st_mtime > STALE:
                found += [folder / path.name for path in held.iterdir() if path.suffix in AUDIO]
    return found


def absent(path: Path) -> FileNotFoundError:
    """What is raised for a file of a take that is not there."""
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))


def _hold(audio: Path) -> None:
    place(audio).parent.mkdir(exist_ok=True)
    place(audio).mkdir(exist_ok=True)
    try:
        _move(_files_of(audio), place(audio))
    except OSError:
        _tidy(place(audio))
        raise


def _files_of(audio: Path) -> list[Path]:
    known = (audio, sidecar.path_for(audio), sidecar.notes_path(audio))
    return [path for path in known if path.exists()]


def _move(paths: Iterable[Path], folder: Path) -> None:
    moved: list[tuple[Path, Path]] = []
    try:
        for path in paths:
            target = folder / path.name
            if target.exists():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
            patiently(partial(path.rename, target))
            moved.append((path, target))
    except OSError:
        for path, target in reversed(moved):
            with suppress(OSError):
                target.rename(path)
        raise


def _tidy(held: Path) -> None:
    """Removes what is empty."""
    with suppress(OSError):
        held.rmdir()
        held.parent.rmdir()
