"""A WAV file that appears under its final name only when it is whole.

Knows nothing of takes or spec. Blocks stream into a hidden file in the same folder, as 32-bit float so that what is
played and what is stored are the same samples.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

import numpy as np
import soundfile  # pyright: ignore[reportMissingTypeStubs]
from numpy.typing import NDArray

from bridge.errors import BridgeError

PART = ".part.wav"


class TakeFile:
    """Opens hidden, takes blocks, and ends with `finish` or `discard`."""

    def __init__(self, path: Path, sample_rate: int, channels: int) -> None:
        """Opens `.<name>.part.wav` beside `path`.

        Raises:
            BridgeError: `io` if the folder cannot be written.
        """
        self.path = path
        self.frames = 0
        self._hidden = path.with_name(f".{path.stem}{PART}")
        try:
            self._file = soundfile.SoundFile(
                str(self._hidden), "w", sample_rate, channels, subtype="FLOAT", format="WAV"
            )
        except (soundfile.LibsndfileError, OSError) as error:
            raise BridgeError(
                "io", f"{path.name} cannot be written in {path.parent}: {error}."
            ) from error

    def write(self, samples: NDArray[np.float32]) -> None:
        """Adds a block [C, N].

        Raises:
            BridgeError: `io`, as when the disk is full.
        """
        try:
            self._file.write(np.ascontiguousarray(samples.T))
        except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
            raise BridgeError("io", f"{self.path.name} could not be written: {error}.") from error
        self.frames += samples.shape[1]

    def finish(self) -> None:
        """Flushes to the disk and gives the file its name."""
        self._file.close()
        with open(self._hidden, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(self._hidden, self.path)

    def discard(self) -> None:
        """Removes what was written."""
        self._file.close()
        self._hidden.unlink(missing_ok=True)


def remove_leftovers(folder: Path, being_written: Collection[str]) -> None:
    """Removes the hidden files of a run that died, but for those of takes being written now."""
    for path in folder.glob(f".*{PART}"):
        if path.name[1 : -len(PART)] not in being_written:
            path.unlink(missing_ok=True)
    for path in folder.glob(".*.part"):
        path.unlink(missing_ok=True)
