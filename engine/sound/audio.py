"""Audio in and out of files, as arrays [C, N] float32: read, write, resample, make stereo.

Files appear under their final name only when complete. Audio is validated here, with a sentence for the user, and
trusted everywhere else. Knows nothing of torch, models or the settings of takes (`takes.py`).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from engine.errors import AudioError
from engine.file_names import encodable
from engine.sound import id3, riff
from engine.sound.about import About
from engine.sound.formats import format_of
from engine.sound.reading import Samples, blocks, checked_length, opened
from engine.sound.resampling import Resampling, resample
from engine.sound.targets import check_finite, check_target, exists, on_disk, unwritten
from engine.whole_files import part_of, put_in_place

LARGEST = 1 << 29
"""Most values of a recording in memory, over all channels: 2 GiB, an hour of stereo at 74 kHz."""

TEXTS = tuple(riff.TAGS)
"""The text tags a file can have: LIST/INFO in WAV, ID3 in MP3 and AIFF, Vorbis comments elsewhere."""


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """A recording in memory.

    Attributes:
        samples: [C, N] float32, nominally within [-1, 1].
        sample_rate: frames per second, Hz.
    """

    samples: Samples
    sample_rate: int

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.samples.shape[-1] / self.sample_rate

    def resampled(self, sample_rate: int) -> Audio:
        """The same audio at another sample rate."""
        return Audio(resample(self.samples, self.sample_rate, sample_rate), sample_rate)

    def stereo(self) -> Audio:
        """The same audio with two channels."""
        return Audio(to_stereo(self.samples), self.sample_rate)


def read_audio(path: str | os.PathLike[str]) -> Audio:
    """Reads a whole file in any format that libsndfile supports; see `recordings.read_start` for a part.

    Raises:
        AudioError: if the file does not exist, is not audio, is empty, too long or too large, or has samples that are
            not finite.
    """
    with opened(path) as file:
        seconds = checked_length(file)
        if file.frames * file.channels > LARGEST:
            raise AudioError(
                f"{path} is {seconds:.0f} s of {file.channels} channels, more than can be in memory at once; "
                f"export it in stereo, or cut it to {LARGEST / file.channels / file.samplerate:.0f} s."
            )
        samples = np.empty((file.channels, file.frames), np.float32)
        frames = 0
        for block in blocks(file):
            samples[:, frames : frames + block.shape[1]] = block
            frames += block.shape[1]
        if not frames:
            raise AudioError(f"{path} has no audio in it: 0 samples.")
        return Audio(np.ascontiguousarray(samples[:, :frames]), file.samplerate)


def read_texts(path: str | os.PathLike[str]) -> dict[str, str]:
    """The tags of `TEXTS` in a file; empty if it is not an audio file.

    Raises:
        OSError: if it cannot be opened.
    """
    found = riff.read_texts(Path(path)) or id3.read_texts(Path(path))
    if found:
        return found
    try:
        with soundfile.SoundFile(on_disk(Path(path))) as file:
            texts = {name: getattr(file, name) for name in TEXTS}
    except soundfile.LibsndfileError:
        return {}
    return {name: text for name, text in texts.items() if text}


def to_stereo(samples: Samples) -> Samples:
    """[C, N] to [2, N]: mono goes to both sides; channels after the second are averaged and added to both at -3 dB."""
    if samples.shape[0] == 2:
        return samples
    if samples.shape[0] == 1:
        return np.repeat(samples, 2, axis=0)
    rest = samples[2:].mean(axis=0, keepdims=True, dtype=np.float32)
    return samples[:2] + np.float32(0.5**0.5) * rest


class Quantiser:
    """Samples as they are stored: 16 bits with triangular dither, so that fades end in noise and not in distortion."""

    def __init__(self, subtype: str) -> None:
        # A fixed seed: the same take gives the same file, byte for byte.
        self._dither = np.random.default_rng(0) if subtype == "16" else None

    def __call__(self, samples: Samples) -> NDArray[Any]:
        """The next block [C, N] of a file; integers of 16 bit, or the same array."""
        if self._dither is None:
            return samples
        # Drawn frame by frame, so that the noise does not depend on block sizes.
        noise = self._dither.random((*samples.T.shape, 2), dtype=np.float32).T
        whole = np.rint(samples * np.float32(32767) + noise[0] - noise[1])
        return np.clip(whole, -32768, 32767).astype(np.int16)


class AudioWriter:
    """Writes a file block by block; it appears under its name only when `close` is called.

    As a context manager, it closes at the end of the block and aborts on any exception.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        sample_rate: int,
        *,
        subtype: str | None = None,
        overwrite: bool = False,
        texts: Mapping[str, str] | None = None,
    ) -> None:
        """Checks path and format; the file is created with the first block, which sets the number of channels.

        Args:
            path: of the file; its suffix sets the format, see `formats.FORMATS`.
            sample_rate: of the samples, Hz; `self.sample_rate` is the file's.
            subtype: "16" (with triangular dither), "24" or "float"; None is "24", or what a compressed format has.
            overwrite: whether an existing file may be replaced.
            texts: tags of `TEXTS` to store in the file.

        Raises:
            AudioError: if the suffix or subtype is unknown, or the file exists.
            DiskError: if the folder is missing or not writable.
        """
        self.about: About | None = None
        """What the file says of its music beside its `texts`, where its format can; read by `close`."""
        self.path = Path(path)
        self.subtype = check_target(self.path, subtype, overwrite)
        self._form = format_of(self.path)
        self.sample_rate = self._form.rate or sample_rate
        self._given_rate = sample_rate
        self._overwrite = overwrite
        whole = {name: encodable(text) for name, text in (texts or {}).items()}
        self._texts = {
            name: text for name, text in whole.items() if len(text.encode()) <= self._form.longest
        }
        try:
            self._part = part_of(self.path)
        except OSError as error:
            raise unwritten(self.path, error) from error
        self._file: soundfile.SoundFile | None = None
        self._quantised = Quantiser(self.subtype)
        self._loop = False
        self.frames: int | None = None
        """How long the file is to be, where its rate is another; None for what follows from the rates."""

    def store_at(self, rate: int | None, *, loop: bool = False) -> None:
        """Chooses the file's sample rate, before the first block.

        Args:
            rate: one of `rates.OUTPUT_RATES`; None for that of the samples.
            loop: whether the end leads into the beginning, also at another rate; it is written at the end then.

        Raises:
            AudioError: if the format does not have it.
        """
        self.sample_rate = self._form.rate_for(rate, self._given_rate)
        self._loop = loop

    def write(self, samples: Samples) -> None:
        """Appends a block.

        Args:
            samples: [C, N]; integer formats clip values outside [-1, 1].

        Raises:
            AudioError: if samples are not finite.
            DiskError: if the file cannot be written (for example, because the disk is full).
        """
        check_finite(self.path, samples)
        try:
            if self._file is None:
                self._file = self._begun(samples.shape[0])
            self._file.write(self._quantised(self._resampling.add(samples)).T)
        except (soundfile.LibsndfileError, OSError) as error:
            raise unwritten(self.path, error) from error

    def close(self) -> None:
        """Finishes the file and gives it its name.

        Raises:
            AudioError: if no block was written, or a file of that name has come meanwhile.
            DiskError: if the file cannot be finished.
        """
        if self._file is None:
            raise AudioError(f"{self.path} was not written: there was no audio.")
        try:
            self._file.write(self._quantised(self._resampling.end(self.frames)).T)
            self._file.close()
            if self._form.tag is not None and (self._texts or self.about):
                self._form.tag(self._part, self._texts, self.about)
            if not self._overwrite and self.path.exists():
                raise AudioError(exists(self.path))
            put_in_place(self._part, self.path)
        except (soundfile.LibsndfileError, OSError) as error:
            raise unwritten(self.path, error) from error
        finally:
            self.abort()

    def abort(self) -> None:
        """Deletes the unfinished file; does nothing after `close`."""
        if self._file is not None and not self._file.closed:
            # On a full disk this fails again; the unfinished file is removed anyway.
            with contextlib.suppress(soundfile.LibsndfileError, OSError):
                self._file.close()
        with contextlib.suppress(OSError):  # The disk may be gone.
            self._part.unlink(missing_ok=True)

    def __enter__(self) -> AudioWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def _begun(self, channels: int) -> soundfile.SoundFile:
        self._resampling = Resampling(self._given_rate, self.sample_rate, channels, loop=self._loop)
        form, subtype = self._form.stored(self.subtype)
        file = soundfile.SoundFile(
            on_disk(self._part),
            "w",
            samplerate=self.sample_rate,
            channels=channels,
            format=form,
            subtype=subtype,
            compression_level=self._form.quality,
        )
        if self._form.tag is None:
            for name, text in self._texts.items():
                setattr(file, name, text)
        return file


def write_audio(
    path: str | os.PathLike[str],
    samples: Samples,
    sample_rate: int,
    subtype: str | None = None,
    *,
    overwrite: bool = False,
) -> None:
    """Writes a whole file; see `AudioWriter` for arguments and errors."""
    with AudioWriter(path, sample_rate, subtype=subtype, overwrite=overwrite) as writer:
        writer.write(samples)
