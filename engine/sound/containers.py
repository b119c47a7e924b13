"""Audio that libsndfile cannot read: what phones, cameras and browsers record (AAC, ALAC, WMA, WavPack, WebM).

Decoded by PyAV (FFmpeg), an optional part (`pip install 'longtake[formats]'`), block by block as it is read. Knows
nothing of what is done with the sound.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from engine.errors import AudioError

SUFFIXES = (".m4a", ".mp4", ".mov", ".aac", ".3gp", ".webm", ".mkv", ".mka", ".wma", ".wv")
"""Of the files that are looked into."""
_DEMUXERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,asf,wv,aac"
"""Only files that hold their sound themselves: a playlist would fetch others, from anywhere."""
_CHANNELS = 64
_KEPT = 1 << 15
"""Frames before the place that is read next which can be read again at once."""


class ContainerFile:
    """A file's first audio stream, with what of `soundfile.SoundFile` its readers use."""

    def __init__(self, path: Path) -> None:
        """Opens it.

        Raises:
            AudioError: if there is no PyAV, or no sound in the file.
            OSError: or ValueError, if it cannot be decoded.
        """
        self.name = str(path)
        self._path = path
        self._av = _library(path)
        self._file: BinaryIO = path.open("rb")
        try:
            self._container, self._stream = self._begun()
            self.samplerate = int(self._stream.rate or 0)
            self.channels = int(self._stream.channels or 0)
            if not (self.samplerate > 0 and 0 < self.channels <= _CHANNELS):
                raise ValueError("a stream without rate or channels")
            self._decoding = self._restarted()
            self.frames = self._length()
        except BaseException as error:
            self.close()
            if isinstance(error, self._av.FFmpegError):
                raise ValueError(str(error)) from error
            raise

    def read(
        self, frames: int = -1, dtype: str = "float32", always_2d: bool = True
    ) -> NDArray[np.float32]:
        """The next frames [N, C] float32; fewer at the end. The other arguments are as `SoundFile` has them."""
        if dtype != "float32" or not always_2d:
            raise ValueError("only float32 in two dimensions")
        end = self.frames if frames < 0 else min(self._place + frames, self.frames)
        self._reach(end)
        first = self._place - self._first
        found = self._joined()[first : first + max(end - self._place, 0)].copy()
        self._place += len(found)
        return found

    def seek(self, frames: int) -> int:
        """Goes to a frame from the beginning; backwards, or far on, decodes what is before it."""
        place = min(max(frames, 0), self.frames)
        if place < self._first:
            self._decoding = self._restarted()
        self._place = place
        return place

    @property
    def texts(self) -> dict[str, str]:
        """What the file is tagged with, by names in small letters."""
        every = {**self._container.metadata, **self._stream.metadata}
        return {str(name).lower(): str(text) for name, text in every.items()}

    def close(self) -> None:
        """Closes the file."""
        if hasattr(self, "_container"):
            self._container.close()
        self._file.close()

    def __enter__(self) -> ContainerFile:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _begun(self) -> tuple[Any, Any]:
        self._file.seek(0)
        options = {"format_whitelist": _DEMUXERS, "protocol_whitelist": ""}
        container = self._av.open(self._file, options=options)
        if not container.streams.audio:
            container.close()
            raise AudioError(f"{self.name} has no audio in it.")
        return container, container.streams.best("audio")

    def _restarted(self) -> Iterator[NDArray[np.float32]]:
        """The decoded frames from the first on, in blocks [N, C]."""
        self._blocks: list[NDArray[np.float32]] = []
        self._first = self._known = self._place = 0
        self._container.close()
        self._container, self._stream = self._begun()
        return self._decoded(self._container, self._stream)

    def _decoded(self, container: Any, stream: Any) -> Iterator[NDArray[np.float32]]:
        layout, rate = stream.layout, self.samplerate
        same = self._av.AudioResampler(format="flt", layout=layout, rate=rate)
        for frame in container.decode(stream):
            frame.pts = None
            for made in same.resample(frame):
                yield made.to_ndarray().reshape(-1, self.channels)
        for made in same.resample(None):
            yield made.to_ndarray().reshape(-1, self.channels)

    def _length(self) -> int:
        """Frames: by the packets and the header where they count frames, else by decoding all once."""
        told, unit = self._stream.duration, self._stream.time_base
        if told and unit and unit * self.samplerate == 1:
            packets = self._container.demux(self._stream)
            ends = [
                packet.pts + (packet.duration or 0) for packet in packets if packet.pts is not None
            ]
            end = max(ends, default=0)
            # A header that counts ms is less exact than the packets; one that says clearly less leaves padding out.
            frames = end if end - told <= self.samplerate / 1000 else told
        else:
            frames = sum(len(block) for block in self._decoding)
        self._decoding = self._restarted()
        return int(frames)

    def _reach(self, end: int) -> None:
        """Decodes up to a frame, and forgets what is long before the place."""
        while self._known < end:
            try:
                block = next(self._decoding, None)
            except self._av.FFmpegError as error:
                raise ValueError(str(error)) from error
            if block is None:
                return
            self._blocks.append(block)
            self._known += len(block)
            while self._blocks and self._first + len(self._blocks[0]) < self._place - _KEPT:
                self._first += len(self._blocks.pop(0))

    def _joined(self) -> NDArray[np.float32]:
        none = np.zeros((0, self.channels), np.float32)
        self._blocks = [np.concatenate([none, *self._blocks])]
        return self._blocks[0]


def _library(path: Path) -> Any:
    try:
        return importlib.import_module("av")
    except ImportError as error:
        raise AudioError(
            f"{path} needs one more part to be read: install it on the panel's page Settings, or with "
            "pip install 'longtake[formats]'."
        ) from error
