"""The watched folder: a copy of each take with its sidecar, for any program that looks there; nothing is overwritten.

Knows nothing of takes but that a sidecar lies beside the audio, under the same name.
"""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

from bridge.delivery.way import NotThere
from bridge.delivery_state import Delivery
from bridge.errors import BridgeError
from engine.disks import need, why
from engine.errors import DiskError
from engine.file_names import safe
from engine.whole_files import part_of

SIDECAR = ".json"


class FolderWay:
    """The way into the folder that the settings name."""

    def __init__(self, folder: Path | None) -> None:
        """Names the folder, there or not; None for none."""
        self._folder = folder

    def ready(self) -> bool:
        """Whether a folder is named and there."""
        return self._folder is not None and self._folder.is_dir()

    def detail(self) -> str:
        """Which folder."""
        if self._folder is None:
            return "No folder is named in the settings."
        return str(self._folder) if self.ready() else f"There is no folder {self._folder} now."

    def deliver(self, delivery: Delivery) -> str:
        """Copies the take and its sidecar.

        Raises:
            NotThere: if the folder is not there now.
            LongtakeError: if the take is gone, or the folder takes no more.
        """
        if self._folder is None or not self.ready():
            raise NotThere(self.detail())
        return f"It lies in {copy_into(self._folder, delivery.path)}."

    def withdraw(self, delivery: Delivery) -> bool:
        """A copy that was made stays."""
        return False


def copy_into(folder: Path, path: Path) -> Path:
    """Copies an audio file, and its sidecar if it has one, under a name that was free; where the audio is then.

    Each appears under its name once it is whole, the sidecar first. A name that is taken gets a number.

    Raises:
        BridgeError: `bad_path` if there is no such file.
        DiskError: if the folder takes no more of it; nothing is left there then.
    """
    if not path.is_file():
        raise BridgeError("bad_path", f"{path} is not there any more.")
    sidecar = path.with_suffix(SIDECAR)
    files = [each for each in (sidecar, path) if each.is_file()]
    copies: list[Path] = []
    try:
        need(folder / path.name, sum(each.stat().st_size for each in files))
        for each in files:
            copies.append(part_of(folder / each.name))
            shutil.copyfile(each, copies[-1])
        for stem in _names(path.stem):
            under = [folder / f"{stem}{each.suffix}" for each in files]
            if _named(copies, under):
                return under[-1]
    except OSError as error:
        reason = why(folder / path.name, error)
        raise DiskError(f"{path.name} was not copied into {folder}: {reason}.") from error
    finally:
        for copy in copies:
            with suppress(OSError):
                copy.unlink(missing_ok=True)
    raise AssertionError  # The names never end.


def copy_in(folder: Path, path: Path) -> Path | None:
    """The copy of an audio file that `copy_into` made there earlier; None if none is, or all were changed."""
    for stem in _names(path.stem):
        there = folder / f"{stem}{path.suffix}"
        if not there.exists():
            return None
        with suppress(OSError):
            if filecmp.cmp(path, there, shallow=False):
                return there
    raise AssertionError  # The names never end.


def _names(stem: str) -> Iterator[str]:
    """The name, then the name with numbers."""
    yield safe(stem, "", 200)
    yield from (safe(stem, f" {number}", 200) for number in count(2))


def _named(parts: list[Path], under: list[Path]) -> bool:
    """Gives files their names, all or none; False if one is taken."""
    done: list[Path] = []
    for part, path in zip(parts, under, strict=True):
        try:
            _put(part, path)
        except FileExistsError:
            for each in done:
                each.rename(parts[done.index(each)])
            return False
        done.append(path)
    return True


def _put(part: Path, path: Path) -> None:
    """Gives a file a name that nobody has.

    Raises:
        FileExistsError: if somebody has it.
    """
    if os.name == "nt":
        part.rename(path)
        return
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:
        # Disks of cameras and sticks have no links: an empty file takes the name first.
        path.open("xb").close()
        part.replace(path)
        return
    part.unlink()
