"""Sound as training hears it: any format and rate, as stereo at the models' rate; and what makes a file no use.

Mono goes to both sides; of more channels the first two are the sides, and the others' mean is added to both at -3 dB.
A crop is read without what is before it where libsndfile can seek. Knows nothing of folders, facts or networks.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import soundfile

from engine.errors import AudioError
from engine.registry import SAMPLE_RATE
from engine.sound import containers
from engine.sound.audio import to_stereo
from engine.sound.reading import LONGEST, AudioFile, Samples, blocks, opened
from engine.sound.resampling import resample

SUFFIXES = frozenset(
    (
        *(".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".aif", ".aiff", ".aifc", ".w64"),
        *(".rf64", ".caf", ".au", ".snd"),
        *containers.SUFFIXES,
    )
)
"""Of the files that are taken for sound."""
SHORTEST = 0.25
"""Seconds of the shortest sound that something can be learnt from."""
SILENT = 1e-4
"""A file whose samples never go beyond this, -80 dB, has nothing to hear."""
TOO_LOUD = 16.0
"""Samples beyond this are not in units of full scale."""
_LOOKED_AT = 1 << 16
"""Frames of a block while looking for sound."""
_AROUND = 4096
"""Frames on either side of a crop that the filter of another rate can hear, and that an MP3 decoder needs before it."""
_FLOATS = ("FLOAT", "DOUBLE")


def examined(path: Path) -> int:
    """The length of a sound that can be learnt from, in frames at the models' rate.

    A header and the first seconds tell; files of floats, which alone can hold what is no number, are read to the end.

    Raises:
        AudioError: if it is no sound, damaged, too short or too long, silent, not finite, or in wrong units.
    """
    with opened(path) as file:
        seconds = file.frames / file.samplerate
        if seconds < SHORTEST:
            raise AudioError(f"{path} is too short: {seconds:.2f} s; at least {SHORTEST} s.")
        if seconds > LONGEST:
            raise AudioError(f"{path} is too long: {seconds:.0f} s; cut it to {LONGEST:.0f} s.")
        loudest = _loudest(file, to_the_end=getattr(file, "subtype", "") in _FLOATS)
        if loudest > TOO_LOUD:
            raise AudioError(f"{path} has samples of {loudest:.3g}, where 1 is full scale.")
        if loudest <= SILENT:
            raise AudioError(f"{path} is silent from its beginning to its end.")
        return round(file.frames * SAMPLE_RATE / file.samplerate)


def read_sound(path: str | os.PathLike[str], start: int = 0, frames: int | None = None) -> Samples:
    """A sound or a crop of it, [2, n] float32 at the models' rate; a crop equals that of the whole.

    Args:
        path: of the file.
        start: first frame of the crop, at the models' rate.
        frames: of the crop; None for all that follows. There are fewer where the sound ends.

    Raises:
        AudioError: if it cannot be read, breaks off, or has samples that are not finite.
    """
    with opened(path) as file:
        try:
            if frames is not None or start:
                return _crop(file, start, frames)
            found = np.concatenate([to_stereo(block) for block in blocks(file)], axis=1)
        except (soundfile.LibsndfileError, OSError, ValueError) as error:
            raise _broken(file) from error
        return resample(found, file.samplerate, SAMPLE_RATE)


def _broken(file: AudioFile) -> AudioError:
    return AudioError(
        f"{os.fsdecode(file.name)} breaks off or is damaged inside; give it whole, or delete it."
    )


def _crop(file: AudioFile, start: int, frames: int | None) -> Samples:
    # The two rates meet every so many frames: a crop that begins there has the whole's samples.
    common = math.gcd(file.samplerate, SAMPLE_RATE)
    step, step_here = file.samplerate // common, SAMPLE_RATE // common
    around = _AROUND * max(step // step_here, 1)
    first = max(start // step_here - -(-around // step), 0)
    stop = file.frames
    if frames is not None:
        stop = min(-(-(start + frames) * step // step_here) + around, stop)
    file.seek(min(first * step, file.frames))
    read: Samples = file.read(max(stop - first * step, 0), dtype="float32", always_2d=True)
    # Lengths that only decoding would tell may be off by a frame of the codec, and have silence after them.
    if first * step + len(read) < stop - _AROUND:
        raise _broken(file)
    if not np.isfinite(read).all():
        raise AudioError(f"{os.fsdecode(file.name)} has samples that are not numbers.")
    found = resample(to_stereo(read.T), file.samplerate, SAMPLE_RATE)
    before = start - first * step_here
    return np.ascontiguousarray(found[:, before : None if frames is None else before + frames])


def _loudest(file: AudioFile, *, to_the_end: bool) -> float:
    loudest = 0.0
    for block in blocks(file, longest=_LOOKED_AT):
        loudest = max(loudest, float(np.abs(block).max()))
        if loudest > SILENT and not to_the_end:
            break
    return loudest
