"""The one door for files that messages name: inside the folders the user allowed, or nothing is said of them.

A name is first read as text: what does not lie under an allowed folder as it is spelled is not looked at, since merely
to look at a file on another machine, a pipe or a device can wait for ever or show somebody who one is. Then symbolic
links are followed, and what they lead to must lie inside as well. Outside, 'missing', 'damaged' and 'no file' sound
the same. Knows nothing of messages.
"""

from __future__ import annotations

import ntpath
import posixpath
import stat
from collections.abc import Sequence
from pathlib import Path, PurePath, PureWindowsPath
from typing import Any

from bridge.errors import BridgeError
from engine.file_names import is_device
from engine.lora_list import LoraFile, lora_files, lora_list
from engine.parameter import Parameter

MAX_FILE = 2 * 1024**3
"""Size in bytes of the largest file a message may name."""


class AllowedFiles:
    """Files under a few folders; a relative name is looked for in each of them."""

    def __init__(self, folders: Sequence[Path]) -> None:
        """Keeps the folders, as they are spelled and as they really are."""
        self._folders = tuple(folders)
        self._spelled = [*self._folders, *map(_followed, self._folders)]

    def file(self, name: str) -> Path:
        """The real path of a file.

        Raises:
            BridgeError: `bad_path` when it is missing, not a regular file, or outside; `too_long` when it is too big.
        """
        reals = map(_real, spelled_inside(name, self._spelled))
        found = next((real for real in reals if real and self._inside(real)), None)
        if found is None:
            raise BridgeError(
                "bad_path",
                f"There is no file {name[:200]!r} in the folders that OSC may read; see osc.folders.",
            )
        if found.stat().st_size > MAX_FILE:
            raise BridgeError("too_long", f"{found.name} is larger than 2 GB.")
        return found

    def permitted(self, what: Parameter | None, value: Any) -> Any:
        """A value of any kind, with the real paths of the files it names.

        Raises:
            BridgeError: as `file`.
            SpecError: when it is a list of LoRA files and a strength is out of range, or a path has a comma.
        """
        if what is None or value is None or what.kind not in ("path", "files"):
            return value
        if what.kind == "path":
            return str(self.file(value))
        files = lora_files(value)
        return lora_list([LoraFile(self.file(str(file.path)), file.strength) for file in files])

    def _inside(self, real: Path) -> bool:
        return any(real.is_relative_to(_followed(folder)) for folder in self._folders)


def spelled_inside(name: str, folders: Sequence[PurePath]) -> list[PurePath]:
    """The places under the folders that a name may mean, as it is spelled; looks at no disk."""
    if any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in name):
        return []
    tidy = [_tidy(folder) for folder in folders]
    # A whole path replaces the folder, as `C:x` of another drive and `\\x` do on Windows.
    places = dict.fromkeys(_tidy(folder / name) for folder in folders)
    return [
        place
        for place in places
        if any(place.is_relative_to(folder) for folder in tidy) and not _is_odd(place)
    ]


def _tidy(path: PurePath) -> PurePath:
    """Without `.` and `..`."""
    flavour = ntpath if isinstance(path, PureWindowsPath) else posixpath
    return type(path)(flavour.normpath(path))


def _is_odd(place: PurePath) -> bool:
    """Whether a path still goes up (some of Windows' are not tidied), or on Windows names a device or a stream."""
    if ".." in place.parts:
        return True
    parts = place.parts[1:] if isinstance(place, PureWindowsPath) else ()
    return any(":" in part or is_device(part) for part in parts)


def _followed(folder: Path) -> Path:
    try:
        return folder.resolve()
    except (OSError, RuntimeError):
        return folder


def _real(place: PurePath) -> Path | None:
    """Where a path leads, if that is a regular file: not a device, a pipe or a folder."""
    try:
        real = Path(place).resolve(strict=True)
        return real if stat.S_ISREG(real.stat().st_mode) else None
    except (OSError, RuntimeError, ValueError):
        return None
