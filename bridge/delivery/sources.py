"""What a DAW handed over as one recording: the sections of its files, at their places, in a file beside the takes.

Knows no DAW. A source stays where it is: the take made from it names it, and making that again needs it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import numpy as np

from bridge.delivery_state import Part, Selection
from bridge.errors import BridgeError
from bridge.takes.naming import slug
from engine.errors import DiskError
from engine.sound.audio import AudioWriter, to_stereo
from engine.sound.reading import BLOCK, Samples, blocks, opened
from engine.sound.resampling import Resampling

SOURCES = "sources"
"""In the folder of the takes."""
LONGEST = 1800.0
"""Seconds of a selection."""
MOST = 1000
"""Parts of a selection."""
_NEAR = 0.002
"""Seconds by which a DAW's numbers may be off at the end of a file."""
_RATES = (0.01, 100.0)
_AROUND = 512
"""Frames of a file read before and after a section, so that its ends sound as in the file when the rate changes."""
_BLOCK = BLOCK // 2


def gathered(selection: Selection, folder: Path) -> Path:
    """Writes a selection as one file: silence between its parts, each at its rate; where it is.

    The same selection of the same files gives the same file. A part that is all of a file is that file itself. A play
    rate changes the pitch with the speed, as a tape does; parts that overlap are added.

    Args:
        selection: what was handed over; its parts may have any sample rate and channel count.
        folder: of the takes; the file lies in `SOURCES` there, in stereo at the rate of the first part.

    Raises:
        BridgeError: `bad_path` if a file is missing, `out_of_range` for a section that it does not have, `too_long`,
            `io` if it cannot be written.
        AudioError: if one is no audio that can be read.
    """
    _check(selection)
    lengths = [_checked(part) for part in selection.parts]
    first = selection.parts[0]
    if len(lengths) == 1 and first.rate == 1 and _is_all(first, lengths[0]):
        return first.path
    path = folder / SOURCES / f"{slug(selection.name or first.path.stem)}-{_digest(selection)}.wav"
    if path.is_file():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, selection)
    except (DiskError, OSError) as error:
        raise BridgeError("io", f"{path} cannot be written: {error}") from error
    return path


def _check(selection: Selection) -> None:
    if not selection.parts:
        raise BridgeError("bad_args", "Nothing is selected: there is no part of an audio file.")
    if len(selection.parts) > MOST:
        raise BridgeError("too_long", f"A selection has at most {MOST} parts.")
    numbers = [
        n for part in selection.parts for n in (part.start, part.seconds, part.rate, part.at)
    ]
    if not all(map(math.isfinite, numbers)):
        raise BridgeError("bad_args", "Places and lengths of a selection are numbers of seconds.")
    if selection.seconds > LONGEST:
        raise BridgeError(
            "too_long",
            f"The selection is {selection.seconds:.0f} s long; at most {LONGEST:.0f} s can be handed over.",
        )


def _checked(part: Part) -> float:
    """How long the file of a part is, s."""
    if not part.path.is_file():
        raise BridgeError("bad_path", f"There is no file {part.path}.")
    with opened(part.path) as file:
        length = file.frames / file.samplerate
    name = part.path.name
    if not _RATES[0] <= part.rate <= _RATES[1]:
        raise BridgeError(
            "out_of_range",
            f"{name} plays at a rate of {_RATES[0]:g} to {_RATES[1]:g}; it was {part.rate:g}.",
        )
    if part.seconds <= 0 or part.at < 0:
        raise BridgeError("out_of_range", f"The part of {name} has no length or no place.")
    end = part.start + part.seconds * part.rate
    if part.start < 0 or end > length + _NEAR:
        raise BridgeError(
            "out_of_range",
            f"{name} has {length:.3f} s; the part from {part.start:.3f} to {end:.3f} s is not in it.",
        )
    return length


def _is_all(part: Part, length: float) -> bool:
    return part.start <= _NEAR and abs(part.start + part.seconds - length) <= _NEAR


def _digest(selection: Selection) -> str:
    """A name for what it is made of."""
    made_of: list[object] = ["1"]
    for part in selection.parts:
        found = part.path.stat()
        where = [part.start, part.seconds, part.rate, part.at]
        made_of.append([str(part.path.resolve()), found.st_size, found.st_mtime_ns, *where])
    return hashlib.sha256(json.dumps(made_of).encode("utf-8", "replace")).hexdigest()[:12]


def _write(path: Path, selection: Selection) -> None:
    with opened(selection.parts[0].path) as file:
        rate = file.samplerate
    writer = AudioWriter(path, rate, subtype="float", overwrite=True)
    with writer, ExitStack() as stack:
        sounding: list[_Sounding] = []
        waiting = sorted(selection.parts, key=lambda part: -part.at)
        frames = max(round(selection.seconds * rate), 1)
        for start in range(0, frames, _BLOCK):
            count = min(_BLOCK, frames - start)
            while waiting and round(waiting[-1].at * rate) < start + count:
                sounding.append(_Sounding(waiting.pop(), rate))
                stack.callback(sounding[-1].close)
            writer.write(_mixed(sounding, start, count))
            sounding = [each for each in sounding if each.end > start + count or each.close()]


def _mixed(sounding: Sequence[_Sounding], start: int, count: int) -> Samples:
    mixed = np.zeros((2, count), np.float32)
    for each in sounding:
        begin, end = max(each.begin, start), min(each.end, start + count)
        mixed[:, begin - start : end - start] += each.next(end - begin)
    return mixed


class _Sounding:
    """A part as it sounds on the timeline, frame by frame."""

    def __init__(self, part: Part, rate: int) -> None:
        self.begin = round(part.at * rate)
        self.end = max(round((part.at + part.seconds) * rate), self.begin)
        self._samples = _section(part, rate)
        self._left = np.zeros((2, 0), np.float32)

    def next(self, frames: int) -> Samples:
        """The next frames [2, N]; silence after the end of the file."""
        while self._left.shape[1] < frames:
            more = next(self._samples, None)
            if more is None:
                more = np.zeros((2, frames - self._left.shape[1]), np.float32)
            self._left = np.concatenate([self._left, more], axis=1)
        found, self._left = self._left[:, :frames], self._left[:, frames:]
        return found

    def close(self) -> None:
        """Closes its file."""
        self._samples.close()


def _section(part: Part, rate: int) -> Generator[Samples, None, None]:
    """The section of a file in blocks [2, N] at the timeline's rate, without more of the file than is near it."""
    with opened(part.path) as file:
        first = round(part.start * file.samplerate)
        count = round(part.seconds * part.rate * file.samplerate)
        ratio = Fraction(file.samplerate * part.rate / rate).limit_denominator(5000)
        # So many frames of the file are so many whole ones of the result: what is cut off is exact.
        steps = -(-_AROUND // ratio.numerator) if ratio != 1 else 0
        steps = min(steps, first // ratio.numerator)
        before = steps * ratio.numerator
        file.seek(first - before)
        missing = before + count + (_AROUND if ratio != 1 else 0)
        skipped = steps * ratio.denominator
        resampling = Resampling(ratio.numerator, ratio.denominator)
        for block in blocks(file, longest=min(_BLOCK, missing)):
            made = resampling.add(to_stereo(block[:, :missing]))
            missing -= block.shape[1]
            cut = min(skipped, made.shape[1])
            skipped -= cut
            yield made[:, cut:]
            if missing <= 0:
                break
        made = resampling.end()
        yield made[:, skipped:]
