"""Audio files read in blocks, so that memory is bounded by what is needed and not by what a file unfolds to.

A compressed file of a megabyte may hold hours of many channels, and a header may say anything. Every reader of audio
goes through `opened`, which refuses with a sentence what is no audio file. Knows nothing of what is done with it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import soundfile
from numpy.typing import NDArray

from engine.errors import AudioError
from engine.sound.containers import SUFFIXES, ContainerFile
from engine.sound.targets import on_disk

Samples = NDArray[np.float32]

LONGEST = 3600.0
"""The longest recording that is read to its end, s."""
HIGHEST = 2.0**32
"""The largest sample: floating point beyond full scale is levelled, even 32 bits that were never divided by it."""
BLOCK = 1 << 20
"""Most values of a block, over all channels: 4 MiB."""


class AudioFile(Protocol):
    """What readers use of a `soundfile.SoundFile` or a `ContainerFile`."""

    name: Any
    samplerate: int
    channels: int
    frames: int

    def read(self, frames: int = -1, dtype: str = "float32", always_2d: bool = True) -> Any:
        """The next frames [N, C]; fewer at the end."""
        ...

    def seek(self, frames: int) -> int:
        """Goes to a frame from the beginning."""
        ...


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[AudioFile]:
    """Opens an audio file in any format that libsndfile supports, WAV, FLAC, AIFF, OGG, MP3 and more, or PyAV.

    Raises:
        AudioError: if the file does not exist, is not audio, has no samples, needs PyAV where there is none, or cannot
            be read on in the block.
    """
    path = Path(path)
    try:
        check_file(path)
        with _file(path) as file:
            if file.frames == 0:
                raise AudioError(f"{path} has no audio in it: 0 samples.")
            yield cast(AudioFile, file)
    except (soundfile.LibsndfileError, OSError, ValueError) as error:
        raise AudioError(
            f"{path} cannot be read as audio; give a WAV, FLAC, AIFF, OGG or MP3 file."
        ) from error


def _file(path: Path) -> soundfile.SoundFile | ContainerFile:
    try:
        return soundfile.SoundFile(on_disk(path))
    except soundfile.LibsndfileError:
        if path.suffix.lower() not in SUFFIXES:
            raise
    return ContainerFile(path)


def check_file(path: Path) -> None:
    """Checks that there is a file that ends.

    Raises:
        AudioError: if it is missing, a folder, a pipe or a device.
    """
    if path.is_dir():
        raise AudioError(f"{path} is a folder; give an audio file.")
    if not path.exists():
        raise AudioError(f"There is no file {path}.")
    if not path.is_file():  # A pipe or a device would be waited for without end.
        raise AudioError(f"{path} is no file on a disk; give an audio file.")


def blocks(file: AudioFile, multiple: int = 1, longest: int = BLOCK) -> Iterator[Samples]:
    """Yields the samples [C, N] of an opened file from its beginning.

    Args:
        file: at its beginning.
        multiple: N is a multiple of it, but for the last block.
        longest: most frames of a block; it has fewer if there are many channels.

    Raises:
        AudioError: if samples are not finite, or beyond what any format means by them.
    """
    frames = max(min(BLOCK // file.channels, longest) // multiple, 1) * multiple
    while True:
        read: Samples = file.read(frames, dtype="float32", always_2d=True)  # pyright: ignore
        if not len(read):
            return
        largest = float(np.abs(read).max())
        if not largest <= HIGHEST:
            what = (
                f"samples of {largest:.2g}, where 1 is full scale"
                if math.isfinite(largest)
                else "samples that are not numbers (NaN or infinite)"
            )
            raise AudioError(f"{os.fsdecode(file.name)} has {what}; export it again.")
        yield np.ascontiguousarray(read.T)


def checked_length(file: AudioFile) -> float:
    """Length of a file that is to be read to its end, s.

    Raises:
        AudioError: if it is longer than `LONGEST`.
    """
    seconds = file.frames / file.samplerate
    if seconds > LONGEST:
        raise AudioError(
            f"{os.fsdecode(file.name)} is {seconds:.0f} s long; the longest that can be read is {LONGEST:.0f} s."
        )
    return seconds
