"""A take as WAV into a pipe, block by block: its length is exact, so its header is right before the first sample.

The bytes are those of the file that `takes.TakeWriter` would write. Knows nothing of who reads them.
"""

from __future__ import annotations

import errno
import io
from types import TracebackType
from typing import Any, BinaryIO

import soundfile

from engine.errors import AudioError
from engine.file_names import encodable
from engine.sound import daw_chunks, riff
from engine.sound.about import About
from engine.sound.audio import Quantiser
from engine.sound.daw_chunks import Shape
from engine.sound.formats import FORMATS, SUBTYPES, WIDTHS
from engine.sound.resampling import Resampling, Samples
from engine.sound.take_facts import TakeFacts, tags
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, LeadSheet, Remark

_CLOSED = (errno.EPIPE, errno.EINVAL)
"""What writing to a pipe without a reader fails with; the second on Windows."""


class TakePipe:
    """Writes the blocks of a take as they come; there is no sidecar, the settings follow the samples."""

    def __init__(
        self,
        stream: BinaryIO,
        spec: GenerationSpec,
        sample_rate: int,
        subtype: str | None = None,
        rate: int | None = None,
    ) -> None:
        """Writes nothing yet.

        Args:
            stream: where the bytes go.
            spec: the resolved spec, which reproduces the take and says how long it is.
            sample_rate: of the blocks, Hz.
            subtype: "16", "24" or "float"; None is "24".
            rate: of the WAV, Hz; None for that of the blocks. A loop at another rate comes all at the end.

        Raises:
            AudioError: if the sample type or the rate is unknown.
        """
        self._stream = stream
        self._subtype = FORMATS[".wav"].subtype(subtype)
        self._known = TakeFacts("The take", spec, sample_rate)
        self._rate = FORMATS[".wav"].rate_for(rate, sample_rate)
        self._due = spec.frames(sample_rate)
        self._quantised = Quantiser(self._subtype)
        texts = {name: encodable(text) for name, text in tags(spec).items()}
        self._texts = riff.text_chunk(texts)
        self._about = About()

    def add(self, block: AudioBlock) -> None:
        """Writes the next block.

        Raises:
            AudioError: if it is not finite, or does not continue the previous one.
            BrokenPipeError: if nobody reads any longer.
        """
        first = not self._known.frames
        self._known.add(block)
        channels = block.samples.shape[0]
        if first:
            width = int(WIDTHS[self._subtype])
            self._about = self._known.about({})
            after = len(self._after(channels))
            self._resampling = Resampling(
                self._known.sample_rate, self._rate, channels, loop=self._known.spec.loop
            )
            facts = channels, self._rate, width, self._known.spec.frames(self._rate), after
            self._write(riff.header(*facts))
        self._write(self._stored(self._resampling.add(block.samples)))

    def note(self, said: LeadSheet | Remark) -> None:
        """Keeps what the take plays, or what was remarked about it, for its facts."""
        self._known.note(said)

    def close(self, **facts: Any) -> dict[str, Any]:
        """Ends the stream; gives what a sidecar would have.

        Raises:
            AudioError: if there was no block, or the take is not as long as it was to be.
            BrokenPipeError: if nobody reads any longer.
        """
        self._known.check_heard()
        if self._known.frames != self._due:
            raise AudioError(f"The take has {self._known.frames} frames instead of {self._due}.")
        self._about = self._known.measured(self._about)
        told = self._known.told("-", self._rate, self._subtype, facts)
        self._write(self._stored(self._resampling.end(told["frames"])))
        size = told["frames"] * told["channels"] * int(WIDTHS[self._subtype])
        self._write(b"\0" * (size % 2) + self._after(told["channels"]))
        return told

    def __enter__(self) -> TakePipe:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def _after(self, channels: int) -> bytes:
        """What comes after the samples; as long before it is known how loud they are."""
        bits = 8 * int(WIDTHS[self._subtype])
        shape = Shape(self._known.spec.frames(self._rate), self._rate, channels, bits)
        return daw_chunks.chunks_of(self._about, shape) + self._texts

    def _stored(self, samples: Samples) -> bytes:
        """The samples as libsndfile stores them in a file."""
        raw = io.BytesIO()
        stored = self._quantised(samples).T
        subtype = SUBTYPES[self._subtype]
        soundfile.write(raw, stored, self._rate, format="RAW", subtype=subtype, endian="LITTLE")
        return raw.getvalue()

    def _write(self, content: bytes) -> None:
        try:
            self._stream.write(content)
            self._stream.flush()
        except OSError as error:
            if error.errno in _CLOSED:
                raise BrokenPipeError(error.errno, "nobody reads") from error
            raise AudioError(
                f"The take cannot be written to the pipe: {error.strerror}."
            ) from error
