"""The sounds of a listening test: equally loud, of one format and rate, and anchors that are bad on purpose.

Nothing of a file says which system it is of: neither its name, its tags, its rate nor its loudness. Knows nothing of
questions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import AudioError
from engine.evaluation.sounds import RATE
from engine.sound.audio import Samples, write_audio
from engine.sound.levels import INAUDIBLE, MASTERED
from engine.sound.metering import Meter
from engine.sound.reading import LONGEST
from engine.sound.recordings import read_start

LOUDNESS = -23.0
"""LUFS that all sounds are brought to (EBU R 128), or less where one would go over `CEILING`."""
CEILING = -1.0
"""dBTP."""
FADE = 0.5
"""Seconds in which a sound that is cut dies away."""
FORMATS = ("flac", "wav", "mp3")
"""What browsers play."""
STOP = 500.0
"""Hz above an anchor's edge where 60 dB are gone: ITU-R BS.1534-3 asks for 25 at 4 and 50 at 4.5 kHz."""
_PART = 10 * RATE


@dataclass(frozen=True, slots=True)
class Source:
    """A recording that becomes a sound of the test.

    Attributes:
        path: any file that the engine reads.
        seconds: at most so many of its beginning; None is all of it.
        edge: of the low pass that makes it an anchor, Hz; None for none.
    """

    path: Path
    seconds: float | None = None
    edge: float | None = None

    def samples(self) -> Samples:
        """[2, N] at 44.1 kHz.

        Raises:
            AudioError: if it cannot be read.
        """
        frames = round((self.seconds or LONGEST) * RATE)
        # One frame more tells whether it goes on.
        found = read_start(str(self.path), RATE, frames + 1)
        if found.shape[1] > frames:
            found = found[:, :frames].copy()
            fade = min(round(FADE * RATE), frames)
            found[:, frames - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
        return found if self.edge is None else low_passed(found, self.edge)


def low_passed(samples: Samples, edge: float) -> Samples:
    """[2, N] at 44.1 kHz without what is above an edge in Hz; in time with what went in."""
    from scipy.signal import kaiserord, oaconvolve

    count, beta = kaiserord(60.0, STOP / (RATE / 2))
    # Of an odd length, which has a middle.
    places = np.arange(count | 1) - (count | 1) // 2
    width = 2 * (edge + STOP / 2) / RATE
    response = width * np.sinc(width * places) * np.kaiser(count | 1, beta)
    return oaconvolve(samples, np.stack([response]), mode="same", axes=1).astype(np.float32)


def common_loudness(sources: Iterable[Source], wanted: float = LOUDNESS) -> float:
    """The loudness in LUFS that all sources can have without going over `CEILING`, `wanted` at the most.

    Raises:
        AudioError: if one cannot be read, or is silent.
    """
    return min([wanted, *(_most(source) for source in sources)])


def _most(source: Source) -> float:
    meter = _metered(source, source.samples())
    return meter.loudness + CEILING - meter.true_peak


def written(source: Source, loudness: float, path: Path) -> float:
    """Writes a source at that loudness, 16 bits or MP3; returns its length in s.

    Raises:
        AudioError: if it cannot be read or written, or is silent.
    """
    samples = source.samples()
    gain = 10 ** ((loudness - _metered(source, samples).loudness) / 20)
    subtype = None if path.suffix == ".mp3" else "16"
    write_audio(path, samples * np.float32(gain), RATE, subtype)
    return samples.shape[1] / RATE


def calibration(loudness: float, path: Path, seconds: float = 10.0) -> None:
    """Writes pink noise, as loud as the test, by which a listener sets the volume."""
    from engine.sound.levels import looping, pink_noise

    noise = looping(pink_noise(), round(seconds * RATE)) * np.float32(10 ** (MASTERED / 20))
    meter = Meter(RATE)
    meter.add(noise)
    gain = 10 ** ((loudness - meter.loudness) / 20)
    write_audio(path, noise * np.float32(gain), RATE, None if path.suffix == ".mp3" else "16")


def _metered(source: Source, samples: Samples) -> Meter:
    meter = Meter(RATE)
    for start in range(0, samples.shape[1], _PART):
        meter.add(samples[:, start : start + _PART])
    if meter.loudness < INAUDIBLE:
        raise AudioError(f"{source.path} is silent; a listening test needs something to hear.")
    return meter
