"""The files of the user's presets: where they lie, what they are called, how they are written, put back and binned.

Knows nothing of what a preset may say.
"""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from engine.disks import why
from engine.errors import PresetError
from engine.file_names import safe
from engine.whole_files import read_text, write_whole


def user_folder() -> Path:
    """The folder of the user's own presets on this platform, or under `LONGTAKE_HOME`."""
    home = os.environ.get("LONGTAKE_HOME")
    if home:
        return Path(home).expanduser() / "data" / "presets"
    return platformdirs.user_data_path("longtake", appauthor=False) / "presets"


@dataclass(frozen=True, slots=True)
class PresetFile:
    """A preset as it stands on the disk, with what its author wrote around it; to be put back."""

    name: str
    path: Path
    text: str

    @staticmethod
    def read(name: str, path: Path) -> PresetFile:
        """The file of the preset of that name.

        Raises:
            PresetError: if it cannot be read.
        """
        try:
            return PresetFile(name, path, read_text(path))
        except (OSError, UnicodeDecodeError) as error:
            raise PresetError(f"{path} cannot be read: {error}.") from error


def put(path: Path, text: str) -> None:
    """Writes a preset, whole.

    Raises:
        PresetError: if it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
    except OSError as error:
        raise PresetError(
            f"The preset could not be written to {path}: {why(path, error)}."
        ) from error


def to_bin(path: Path) -> None:
    """Moves a preset to the system's bin.

    Raises:
        PresetError: if the system has none for this disk, or it takes nothing.
    """
    from send2trash import send2trash  # only needed here: the panel opens faster without it

    try:
        send2trash(path)
    except OSError as error:
        raise PresetError(
            f"The preset could not be moved to the bin: {why(path, error)}. It is the file {path}."
        ) from error


def free_path(folder: Path, name: str) -> Path:
    """A file that is not there yet, called as the preset as far as a file can be."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:60] or "preset"
    number = 1
    while True:
        path = folder / safe(slug, ".toml" if number == 1 else f"-{number}.toml")
        if not path.exists():
            return path
        number += 1
