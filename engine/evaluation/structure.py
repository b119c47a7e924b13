"""Musical structure (§4.4): self-similarity, boundaries between sections, repetition, beginning and end.

A self-similarity matrix compares all frames of a take by harmony (chroma) and timbre (MFCC); boundaries are peaks of
Foote's checkerboard novelty (2000), and repetition is the share of the take that sounds like another passage of it,
eight seconds long and not adjacent. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.sounds import RATE
from engine.sound.audio import Samples

Matrix = NDArray[np.floating[Any]]

FRAME_RATE = 2.0
"""Frames of the matrix per second."""
CONTEXT = 2.0
"""Seconds of audio that describe a frame."""
SCALE = 0.5
"""Squared distance at which similarity is 1 / e; features have unit power."""
KERNEL = 16.0
"""Seconds on either side of a boundary that are compared."""
NOVEL = 0.1
"""Least novelty of a boundary: half of the similarity within both sides minus that across."""
APART = 8.0
"""Least distance between boundaries, or between a boundary and either end, s."""
PHRASE, AWAY = 8.0, 16.0
"""Length of a returning passage, and its least distance, s."""
ALIKE, MORE = 0.5, 0.15
"""Least similarity of a returning phrase, and by how much it must exceed the usual similarity."""
AUDIBLE, ENDED, HOLE = -40.0, -20.0, -25.0
"""Levels in dB relative to the take's median: audible, ended, and a hole."""
LATE, LONG, EDGE = 2.0, 1.5, 10.0
"""Seconds: the latest start of the music; the least length of a hole; margins in which holes are ignored."""
NEAR = 3.0
"""How far from where it is written a boundary, or the end, may be heard, s; the field's usual tolerance."""


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """Features of a take's form."""

    similarity: Matrix
    """[frames, frames], 1 on the diagonal."""
    novelty: Matrix
    """[frames]."""
    boundaries: tuple[float, ...]
    """s."""
    repetition: float
    """Share of the take that sounds like another passage of it."""
    starts: bool
    """Whether music starts within two seconds."""
    ends: bool
    """Whether the last half second has died away, but only just."""
    last: float
    """Where music is last heard, s."""
    holes: int
    """Number of passages of 1.5 s or more without music."""


def structure(samples: Samples) -> Structure:
    """Analyses [2, N] at 44.1 kHz, at least a minute long."""
    similarity = self_similarity(features(samples))
    curve = novelty(similarity)
    level = levels(samples)
    return Structure(
        similarity=similarity,
        novelty=curve,
        boundaries=tuple(float(frame / FRAME_RATE) for frame in boundaries(curve)),
        repetition=repetition(similarity),
        starts=starts(level),
        ends=ends(level),
        last=last(level),
        holes=holes(level),
    )


def features(samples: Samples) -> Matrix:
    """[frames, features] of [2, N]: mean chroma and MFCC around each frame, with equal weight."""
    import librosa
    import soxr

    rate, hop = 22_050, 2205
    mono = soxr.resample(samples.mean(axis=0), RATE, rate)
    chroma = librosa.feature.chroma_stft(y=mono, sr=rate, n_fft=4096, hop_length=hop)
    timbre = librosa.feature.mfcc(y=mono, sr=rate, n_mfcc=14, n_fft=4096, hop_length=hop)[1:]
    width = round(CONTEXT * rate / hop)
    step = round(rate / hop / FRAME_RATE)
    return np.concatenate([_described(part, width, step) for part in (chroma, timbre)], axis=1)


def _described(part: Matrix, width: int, step: int) -> Matrix:
    """Means over `width` frames of [features, frames], every `step`; centred, with unit power."""
    window = np.full(width, 1.0 / width)
    smooth = np.stack([np.convolve(row, window, mode="same") for row in part])[:, ::step].T
    centred = smooth - smooth.mean(axis=0)
    # Scaled by the deviation before smoothing, so that a constant texture is not amplified into structure.
    return centred / (part.std(axis=1).mean() * np.sqrt(len(part)) + 1e-9)


def self_similarity(described: Matrix) -> Matrix:
    """[frames, frames] of [frames, features]: exp(-squared distance / `SCALE`), 1 where two frames are equal."""
    power = (described**2).sum(axis=1)
    squared = np.clip(power[:, None] + power - 2 * described @ described.T, 0.0, None)
    return np.exp(-squared / SCALE)


def novelty(similarity: Matrix) -> Matrix:
    """[frames] of [frames, frames]: similarity within both sides of a frame minus similarity across."""
    half = round(KERNEL * FRAME_RATE)
    frames = len(similarity)
    taper = np.exp(-0.5 * (np.arange(half) + 0.5) ** 2 / (half / 2) ** 2)
    curve = np.zeros(frames)
    for frame in range(1, frames):
        reach = min(half, frame, frames - frame)
        if reach < half // 4:
            continue
        weights = np.outer(taper[:reach], taper[:reach])
        weights /= weights.sum()
        before = similarity[frame - reach : frame, frame - reach : frame][::-1, ::-1]
        after = similarity[frame : frame + reach, frame : frame + reach]
        across = similarity[frame - reach : frame, frame : frame + reach][::-1]
        within = ((before + after) * weights).sum() / 2
        curve[frame] = max(float(within - (across * weights).sum()) / 2, 0.0)
    return curve


def boundaries(curve: Matrix) -> list[int]:
    """Frames of peaks above `NOVEL`, highest first, with least distances to each other and the ends."""
    apart = round(APART * FRAME_RATE)
    chosen: list[int] = []
    for frame in np.argsort(curve)[::-1]:
        if curve[frame] < NOVEL:
            break
        if not apart <= frame <= len(curve) - apart:
            continue
        nearby = curve[max(frame - 4, 0) : frame + 5]
        if curve[frame] >= nearby.max() and all(abs(frame - other) >= apart for other in chosen):
            chosen.append(int(frame))
    return sorted(chosen)


def boundaries_met(written: Sequence[float], heard: Sequence[float], seconds: float) -> float:
    """F-measure of boundaries heard within 3 s of those written, matched one to one; NaN where none are written.

    All in s, without beginning and end of a take of so many seconds, which are met always.
    """
    from mir_eval.segment import detection

    if not written or not heard:
        return 0.0 if written else float("nan")
    spans = (np.array([0.0, *places, seconds]) for places in (written, heard))
    both = (np.stack([places[:-1], places[1:]], axis=1) for places in spans)
    return float(detection(*both, window=NEAR, trim=True)[2])


def repetition(similarity: Matrix) -> float:
    """The share of frames that start a phrase which returns elsewhere in [frames, frames]."""
    phrase, away = round(PHRASE * FRAME_RATE), round(AWAY * FRAME_RATE)
    count = len(similarity) - phrase + 1
    if count <= 2 * away:
        return 0.0
    along = sum(similarity[k : k + count, k : k + count] for k in range(phrase)) / phrase
    lag = np.abs(np.subtract.outer(np.arange(count), np.arange(count)))
    far = np.where(lag >= away, along, np.nan)
    best, usual = np.nanmax(far, axis=1), np.nanmedian(far, axis=1)
    # In noise all passages are alike, so a return must also stand out.
    return float(((best > ALIKE) & (best > usual + MORE)).mean())


def levels(samples: Samples) -> Matrix:
    """Level of every tenth of a second of [2, N], dB relative to the median."""
    hop = RATE // 10
    count = samples.shape[1] // hop
    power = np.square(samples[:, : count * hop]).mean(axis=0).reshape(count, hop).mean(axis=1)
    level = 10 * np.log10(power + 1e-12)
    return level - np.median(level)


def starts(level: Matrix) -> bool:
    """Whether music starts within `LATE` seconds."""
    return bool((level[: round(LATE * 10)] > AUDIBLE).any())


def ends(level: Matrix) -> bool:
    """Whether the end has died away, with music still fifteen seconds before."""
    return bool((level[-5:] < ENDED).all() and (level[-150:-5] > ENDED).any())


def last(level: Matrix) -> float:
    """Where the last tenth of a second ends that has not died away, s."""
    return float(np.flatnonzero(level > ENDED)[-1] + 1) / 10


def lands(last: float, end: float, seconds: float) -> bool:
    """Whether music that is last heard there has died away where it is written to end, and is not cut off; all in s."""
    return abs(last - end) <= NEAR and last < seconds - 0.15


def holes(level: Matrix) -> int:
    """Number of passages of at least 1.5 s without music, away from beginning and end."""
    edge = round(EDGE * 10)
    quiet = np.concatenate(([0], (level[edge:-edge] < HOLE).astype(np.int8), [0]))
    begin, end = np.flatnonzero(np.diff(quiet) == 1), np.flatnonzero(np.diff(quiet) == -1)
    return int((end - begin >= LONG * 10).sum())
