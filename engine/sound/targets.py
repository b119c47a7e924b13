"""Where audio may be written: a target is checked before any work is done for it.

Knows nothing of how audio is read or written.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import disks
from engine.errors import AudioError, DiskError
from engine.sound.formats import format_of


@dataclass(frozen=True, slots=True)
class Place:
    """Where a take goes.

    Attributes:
        path: of the audio file; its suffix sets the format, see `formats.FORMATS`.
        subtype: as `check_target` has it.
        overwrite: whether an existing audio file or sidecar may be replaced.
        refuges: folders for what the disk of `path` does not take, made when they are needed.
        rate: sample rate of the file, one of `rates.OUTPUT_RATES`; None for that of the sound.
    """

    path: Path
    subtype: str | None = None
    overwrite: bool = False
    refuges: tuple[Path, ...] = ()
    rate: int | None = None


def check_target(path: Path, subtype: str | None, overwrite: bool) -> str:
    """Checks that a file can be written, before any work is done for it.

    Returns:
        The sample type that will be used, or the codec.

    Raises:
        AudioError: if not; says what to do. `DiskError` if its folder or disk is the cause.
    """
    stands = is_there(path)
    if stands and path.is_dir():
        raise AudioError(f"{path} is a folder; give the name of a file in it.")
    subtype = format_of(path).subtype(subtype)
    check_folder(path)
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise DiskError(
            f"The folder {path.parent} is not writable ({disks.why(path, error)}); choose another one."
        ) from error
    if stands and not overwrite:
        raise AudioError(exists(path))
    return subtype


def check_folder(path: Path) -> None:
    """Checks that the folder of a file is there.

    Raises:
        DiskError: if not.
    """
    if not path.parent.is_dir():
        raise DiskError(f"There is no folder {path.parent}; create it, or connect its disk.")


def check_finite(path: object, samples: NDArray[np.float32]) -> None:
    """Checks that every sample is a number.

    Raises:
        AudioError: if not; nothing of it may be written under `path`.
    """
    if not np.isfinite(samples).all():
        raise AudioError(
            f"{path} was not written: it has samples that are not numbers (NaN or infinite)."
        )


def is_there(path: Path) -> bool:
    """Whether there is a file of this name.

    Raises:
        DiskError: if no file can have this name, as one of more than 255 bytes, or its folder cannot be asked.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:
        raise unwritten(path, error) from error
    return True


def on_disk(path: Path) -> Any:
    """A file's name as libsndfile takes it, in whatever encoding it has on this disk: bytes, which its types omit."""
    return os.fsencode(path) if os.name == "posix" else str(path)


def exists(path: Path) -> str:
    """What is said where a file may not be replaced."""
    return f"{path} already exists; choose another name, or allow it to be replaced (--force)."


def unwritten(path: Path, error: Exception) -> DiskError:
    """What is raised where the system or libsndfile cannot write."""
    return DiskError(f"{path} cannot be written: {disks.why(path, error)}.")
