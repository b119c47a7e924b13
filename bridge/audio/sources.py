"""What can be played: files read as they are needed, and takes that grow while they are decoded.

Everything is [N, 2] float32 here; knows nothing of devices or time.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile  # pyright: ignore[reportMissingTypeStubs]
from numpy.typing import NDArray

from bridge.errors import BridgeError
from bridge.ports import StreamFormat
from engine.updates import AudioBlock

Frames = NDArray[np.float32]
"""[N, 2]."""
RATES = (2_000, 768_000)
"""Hz that a file may have: no sound is made for others, and a header that says so is damaged."""


class Source(Protocol):
    """Frames by their index."""

    @property
    def sample_rate(self) -> int:
        """Hz."""
        ...

    @property
    def frames(self) -> int:
        """How many there are so far."""
        ...

    @property
    def whole(self) -> bool:
        """Whether no more will come."""
        ...

    def read(self, start: int, count: int) -> Frames:
        """Up to `count` frames from `start`; fewer at the end of what there is."""
        ...

    def close(self) -> None:
        """Frees what it holds."""
        ...


class FileSource:
    """An audio file; only the feeder reads it. `problem` is a sentence once it turned out to be damaged."""

    def __init__(self, path: Path) -> None:
        """Opens it.

        Raises:
            BridgeError: `bad_path` if it is gone, `not_audio` if it cannot be read or holds no sound.
        """
        if not path.is_file():
            raise BridgeError("bad_path", f"The file of this take is gone: {path}.")
        try:
            self._file = soundfile.SoundFile(str(path))
        except (soundfile.LibsndfileError, RuntimeError) as error:
            raise BridgeError("not_audio", f"{path.name} cannot be read as audio.") from error
        self._name = path.name
        self._lock = threading.Lock()
        self.sample_rate = int(self._file.samplerate)
        self.frames = int(self._file.frames)
        self.whole = True
        self.problem = ""
        problem = self._unplayable()
        if problem:
            self._file.close()
            raise BridgeError("not_audio", f"{path.name} {problem}.")

    def read(self, start: int, count: int) -> Frames:
        """Reads from disk; a file cut short or damaged ends where that can be read, and `problem` says so."""
        with self._lock:
            count = min(count, self.frames - start)
            if self._file.closed or count <= 0:
                return np.zeros((0, 2), np.float32)
            frames = self._readable(start, count)
            if len(frames) < count:
                self._end(start + len(frames))
            return stereo(frames)

    def _unplayable(self) -> str:
        low, high = RATES
        if not low <= self.sample_rate <= high:
            kilohertz = f"{low // 1000} to {high // 1000} kHz"
            return f"says it has {self.sample_rate} Hz; from {kilohertz} can be played"
        return "" if len(self.read(0, 1)) else "holds no sound that can be read"

    def _readable(self, start: int, count: int) -> Frames:
        try:
            self._file.seek(start)
            return np.asarray(self._file.read(count, dtype="float32", always_2d=True), np.float32)
        except (soundfile.LibsndfileError, RuntimeError, OSError):
            return np.zeros((0, 2), np.float32)

    def _end(self, frames: int) -> None:
        """It turned out to end sooner."""
        self.problem = (
            f"{self._name} ends early: only {frames / self.sample_rate:.1f} s of its"
            f" {self.frames / self.sample_rate:.1f} s can be read."
        )
        self.frames = frames

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._file.close()


class GrowingSource:
    """A take that is being decoded: the job thread appends, the feeder reads what is there."""

    def __init__(self, stream: StreamFormat) -> None:
        """Makes room for the whole take."""
        self.job_id = stream.job_id
        self.sample_rate = stream.sample_rate
        self.frames = 0
        self.whole = False
        self._samples: Frames = np.zeros((max(stream.frames, 1), 2), np.float32)

    def append(self, block: AudioBlock) -> None:
        """Takes the next block; it can be heard when this returns."""
        end = block.start + block.samples.shape[1]
        if end > len(self._samples):  # An engine may make a little more than it said.
            more: Frames = np.zeros((end - len(self._samples), 2), np.float32)
            self._samples = np.concatenate((self._samples, more))
        self._samples[block.start : end] = stereo(block.samples.T)
        self.frames = end

    def finish(self) -> None:
        """No more will come."""
        self.whole = True

    def read(self, start: int, count: int) -> Frames:
        """A view of what has come."""
        return self._samples[start : min(start + count, self.frames)]

    def close(self) -> None:
        """Holds nothing that needs closing."""


def stereo(samples: Frames) -> Frames:
    """[N, C] as [N, 2]: one channel on both sides, of many the first two."""
    if samples.shape[1] == 1:
        return np.repeat(samples, 2, axis=1)
    return samples[:, :2]
