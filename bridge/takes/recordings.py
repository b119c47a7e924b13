"""A recording being written: its frames go into a hidden file as they come, so that no kill takes more than a moment.

The file is a WAV from its first frame on, but for the lengths in its head. `finish` cuts the silence at its end, in
place, writes the lengths and gives it its name: this needs no more room on the disk. What a killed program left is
finished in the same way at the next start, as far as nobody writes it. Knows the library only as the shelf that takes
go to.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import struct
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
import soundfile  # pyright: ignore[reportMissingTypeStubs]
from numpy.typing import NDArray

from bridge.errors import BridgeError
from bridge.state import Take, TakeKind
from bridge.takes import sidecar
from bridge.takes.holding import hold
from bridge.takes.measure import LONGEST, Measuring
from bridge.takes.naming import Naming, take_name, title
from bridge.takes.pending import Shelf
from engine.disks import why
from engine.errors import AudioError
from engine.sound import daw_chunks, riff
from engine.whole_files import put_in_place

SUFFIX = ".recording"
SILENCE = 10.0 ** (-46 / 20)
"""Peak below which the end of a recording counts as silent: -46 dBFS."""
RELEASE = 0.2
"""Seconds kept after the last sound, for what rings on below the threshold."""
FADE_IN, FADE_OUT = 0.0005, 0.002
"""Seconds: a sound on the first beat keeps its attack."""
_BYTES = 4
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RecordingDraft:
    """What is known of a recording before its first frame; JSON values, which its head keeps.

    `live` is what the stream was set to, `LiveSettings` as a dict; empty for a recording of an input.
    """

    sample_rate: int
    channels: int = 2
    name: str = "capture"
    tempo: float | None = None
    key: str = ""
    created: float = field(default_factory=time.time)
    live: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def kind(self) -> TakeKind:
        """What becomes of it."""
        return "live" if self.live else "capture"


class NamingShelf(Shelf, Protocol):
    """A shelf that also gives names."""

    def reserve(self, name: str) -> str:
        """The name, numbered if it is taken, and kept for the caller until `abandon`."""
        ...


class PendingRecording:
    """A recording being written: frames go in, and `finish` or `discard` ends it."""

    def __init__(
        self,
        shelf: NamingShelf,
        name: str,
        draft: RecordingDraft,
        file: BinaryIO,
        problem: str = "",
    ) -> None:
        """Adds to an open file that has its head, in the refuge because of a `problem` or where takes belong.

        The name is released however it ends.
        """
        self._problem = problem
        self._shelf, self._name, self._draft, self._file = shelf, name, draft, file
        self._path = Path(file.name)
        self._start = len(_head(draft))
        self._frame = _BYTES * draft.channels
        self.frames = max(0, file.seek(0, os.SEEK_END) - self._start) // self._frame

    def write(self, frames: NDArray[np.float32]) -> None:
        """Adds frames [N, C]; they outlive this process when it returns. If the disk is full it goes on in the refuge.

        Raises:
            BridgeError: `io` if that takes it neither; what was written before stays whole.
        """
        fade = round(FADE_IN * self._draft.sample_rate)
        if self.frames < fade:
            ramp = np.arange(self.frames, self.frames + len(frames), dtype=np.float32) / fade
            frames = frames * np.minimum(ramp, 1.0)[:, None]
        data = frames.astype("<f4").tobytes()
        try:
            _put(self._file, data)
        except OSError as error:
            self._go_on_elsewhere(_unwritten(self._path, error))
            try:
                _put(self._file, data)
            except OSError as again:
                raise _unwritten(self._path, again) from again
        self.frames += len(frames)

    def finish(self) -> Take:
        """The take, whole under its name, measured and in the library.

        Raises:
            BridgeError: `not_audio` when it is silent, which discards it; `io`, which leaves its file for the next
                start.
        """
        if not self._path.exists():  # Its folder was renamed, or its disk taken away.
            gone = BridgeError("io", f"{self._path.parent} is gone.")
            with suppress(BridgeError):
                self._go_on_elsewhere(gone)
        end = self._end()
        if not end:
            self.discard()
            raise BridgeError("not_audio", "Nothing was heard; check the input and its level.")
        try:
            self._close_at(end)
            take = self._measured(end)
            with suppress(OSError):  # A full disk takes no more than the sound.
                daw_chunks.append(self._path, {}, sidecar.about(take))
            put_in_place(self._path, take.path)
        except (OSError, soundfile.LibsndfileError) as error:
            raise _unwritten(self._path, error) from error
        finally:
            self._file.close()
            self._shelf.abandon(self._name)
        self._shelf.enter(take)
        if self._problem:
            self._shelf.tell_of_refuge(take, self._problem)
        return take

    def discard(self) -> None:
        """Leaves nothing behind."""
        self._file.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        self._shelf.abandon(self._name)

    def _go_on_elsewhere(self, problem: BridgeError) -> None:
        """Takes what was written into the refuge and goes on there; raises `problem` if that fails too."""
        path = self._shelf.refuge / self._path.name
        try:
            if path == self._path:
                raise problem
            path.parent.mkdir(parents=True, exist_ok=True)
            file = self._copied(path)
        except OSError as error:
            _log.warning("The recording %s cannot go on in %s: %s", self._path, path, error)
            raise problem from error
        self._file.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        self._file, self._path, self._problem = file, path, str(problem)

    def _copied(self, path: Path) -> BinaryIO:
        file, second = _opened(path, self._draft), self._draft.sample_rate
        try:
            for start in range(0, self.frames, second):
                _put(file, self._read(start, min(second, self.frames - start)).tobytes())
        except OSError:
            file.close()
            path.unlink(missing_ok=True)
            raise
        return file

    def _read(self, start: int, count: int) -> NDArray[np.float32]:
        self._file.seek(self._start + start * self._frame)
        data = self._file.read(count * self._frame)
        return np.frombuffer(data, "<f4").reshape(-1, self._draft.channels)

    def _end(self) -> int:
        """Frames up to the last sound and what rings on after it; 0 if there is none."""
        second = self._draft.sample_rate
        for start in range((max(self.frames, 1) - 1) // second * second, -1, -second):
            part = self._read(start, min(second, self.frames - start))
            loud = np.flatnonzero(np.abs(part).max(axis=1, initial=0.0) > SILENCE)
            if len(loud):
                return min(self.frames, start + int(loud[-1]) + 1 + round(RELEASE * second))
        return 0

    def _close_at(self, end: int) -> None:
        fade = min(round(FADE_OUT * self._draft.sample_rate), end)
        tail = self._read(end - fade, fade) * np.linspace(1.0, 0.0, fade, dtype=np.float32)[:, None]
        size = end * self._frame
        file = self._file
        file.seek(self._start + size - fade * self._frame)
        file.write(tail.astype("<f4").tobytes())
        file.truncate(self._start + size)
        for place, value in (
            (4, self._start + size - 8),
            (self._start - 12, end),
            (self._start - 4, size),
        ):
            file.seek(place)
            file.write(struct.pack("<I", value))

    def _measured(self, end: int) -> Take:
        draft = self._draft
        rate = draft.sample_rate
        measuring = Measuring(rate)
        for start in range(0, min(end, round(LONGEST * rate)), rate):
            measuring.add(self._read(start, min(rate, end - start)).T)
        measured = measuring.result(draft.tempo)
        self._file.close()  # Windows renames no open file.
        return Take(
            id=self._name,
            path=self._path.with_name(f"{self._name}.wav"),
            name=title(draft.name),
            kind=draft.kind,
            seconds=end / rate,
            sample_rate=rate,
            channels=draft.channels,
            created=draft.created,
            tempo_asked=draft.tempo,
            tempo_measured=measured.tempo,
            key=draft.key or measured.key,
            key_measured=measured.key,
            seed=draft.live.get("seed"),
            model=str(draft.live.get("model", "")),
            prompt=str(draft.live.get("prompt", "")),
            live=draft.live,
        )


def begin(shelf: NamingShelf, draft: RecordingDraft) -> PendingRecording:
    """Opens a hidden file in the shelf's folder, or in its refuge if that cannot be written.

    Raises:
        BridgeError: `io`.
    """
    naming = Naming(draft.created, draft.name, draft.kind, draft.tempo, draft.key)
    name = shelf.reserve(take_name(naming))
    problem: BridgeError | None = None
    for folder in (shelf.folder, shelf.refuge):
        path = folder / f".{name}{SUFFIX}"
        try:
            return PendingRecording(shelf, name, draft, _opened(path, draft), str(problem or ""))
        except OSError as error:
            problem = problem or _unwritten(path, error)
            with suppress(OSError):
                shelf.refuge.mkdir(parents=True, exist_ok=True)
    shelf.abandon(name)
    raise problem


def _put(file: BinaryIO, data: bytes) -> None:
    left = memoryview(data)
    while left:  # A raw file may take less at a time.
        left = left[file.write(left) :]


def _opened(path: Path, draft: RecordingDraft) -> BinaryIO:
    file = path.open("xb+", buffering=0)
    try:
        hold(file)
        if file.write(head := _head(draft)) < len(head):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except BaseException:
        file.close()
        path.unlink(missing_ok=True)
        raise
    return file


def finish_left(shelf: NamingShelf) -> list[Take]:
    """Finishes what killed programs were recording; what cannot be read or written is logged and left alone."""
    takes: list[Take] = []
    left = [path for folder in (shelf.folder, shelf.refuge) for path in folder.glob(f".*{SUFFIX}")]
    for path in sorted(left):
        try:
            if path.is_symlink() or not path.is_file():
                continue
            if pending := _found(shelf, path):
                takes.append(pending.finish())
        except (OSError, ValueError, TypeError, AudioError, BridgeError) as error:
            _log.warning("The recording %s could not be finished: %s", path, error)
    return takes


def _found(shelf: NamingShelf, path: Path) -> PendingRecording | None:
    """The recording in a file, held; None while another Longtake writes it."""
    file = path.open("rb+", buffering=0)
    if not hold(file):
        file.close()
        return None
    try:
        draft = RecordingDraft(**json.loads(riff.read_texts(path)["comment"]))
        if not (draft.sample_rate > 0 and draft.channels > 0):
            raise ValueError("its head is damaged")
        name = shelf.reserve(path.name.removeprefix(".").removesuffix(SUFFIX))
        return PendingRecording(shelf, name, draft, file)
    except KeyError as error:
        file.close()
        raise ValueError("its head is damaged") from error
    except BaseException:
        file.close()
        raise


def _head(draft: RecordingDraft) -> bytes:
    """All before the samples, its lengths unknown: its own chunks have even lengths."""
    rate, channels = draft.sample_rate, draft.channels
    frame = _BYTES * channels
    form = struct.pack("<HHIIHHH", 3, channels, rate, rate * frame, frame, 8 * _BYTES, 0)
    about = json.dumps(asdict(draft)).encode() + b"\0"
    listed = b"INFO" + riff.chunk(riff.TAGS["comment"], about)
    unknown = b"\xff" * 4
    return b"".join(
        (
            b"RIFF" + unknown + b"WAVE",
            riff.chunk(b"fmt ", form),
            riff.chunk(b"LIST", listed),
            riff.chunk(b"fact", unknown),
            b"data" + unknown,
        )
    )


def _unwritten(path: Path, error: Exception) -> BridgeError:
    return BridgeError("io", f"The recording {path} cannot be written: {why(path, error)}.")
