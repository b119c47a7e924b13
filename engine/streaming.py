"""From latents to the finished take, chunk by chunk, so that playback starts while the rest is being decoded.

A loop begins with the continuation of its end, so all of it is decoded before it is heard: 60 s in 2 s on one core.
The stages are iterators of blocks: decode, return to the recording's level, close the loop (§4.6), limit, paste kept
audio. Every stage is exact across
block boundaries, so the result does not depend on block sizes. Knows nothing of prompts or solvers.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from engine.autoencoder import Autoencoder
from engine.chunking import decode_span, spans
from engine.creative import Kept, looped, pasted
from engine.errors import LongtakeError
from engine.registry import SAMPLE_RATE
from engine.sound.audio import Samples
from engine.sound.levels import Levels
from engine.sound.limiter import Limiter, limited
from engine.updates import AudioBlock, Step
from engine.variable_length import Window


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What a take owes to its recording: the parts to restore, and the levels it returns to; None for none."""

    kept: Kept | None = None
    levels: Levels | None = None


def streamed(
    autoencoder: Autoencoder, latents: Tensor, window: Window, source: Source, block: int
) -> Iterator[Step | AudioBlock]:
    """Decodes a take.

    Args:
        autoencoder: the decoder.
        latents: [1, D, T], not normalised; T may extend beyond what is decoded.
        window: which part of them is the take.
        source: what of a recording is in it.
        block: the longest block, in audio frames.

    Yields:
        A step for every decoded chunk, and the blocks of the take as they are finished.

    Raises:
        LongtakeError: if the audio is not finite.
    """
    done: deque[Step] = deque()
    sound = _decoded(autoencoder, latents, window.samples + window.surplus, done)
    if source.levels is not None:
        sound = map(source.levels.returned, sound)
    before = after = None
    if window.surplus:
        # The beginning sounds with the continuation of the end, and that follows from all that was decoded before.
        parts: list[Samples] = []
        for part in sound:
            parts.append(part)
            while done:
                yield done.popleft()
        sound, before, after = _closed(np.concatenate(parts, axis=1), window)
    sound = limited(sound, SAMPLE_RATE, before, after)
    if source.kept is not None:
        sound = pasted(sound, source.kept)
    start = 0
    for samples in _cut(sound, block):
        while done:
            yield done.popleft()
        yield AudioBlock(start, samples)
        start += samples.shape[1]


def _decoded(
    autoencoder: Autoencoder, latents: Tensor, left: int, done: deque[Step]
) -> Iterator[Samples]:
    """The first `left` samples, before looping and limiting; records every decoded chunk in `done`."""
    parts = list(spans(math.ceil(left / autoencoder.downsampling_ratio)))
    past = None
    for index, (start, stop) in enumerate(parts, 1):
        audio, past = decode_span(autoencoder, latents, start, stop, past)
        samples = audio[0].float().cpu().numpy()
        if not np.isfinite(samples).all():
            raise LongtakeError(
                "The decoder produced samples that are not finite; the model's weights may be damaged: "
                "download or install them again."
            )
        done.append(Step("decode", index, len(parts)))
        yield samples[:, :left]
        left -= samples.shape[1]


def _closed(whole: Samples, window: Window) -> tuple[Iterator[Samples], Samples, Samples]:
    """A take and its continuation as a loop, and what the limiter hears before its beginning and after its end."""
    take, surplus = whole[:, : window.samples], whole[:, window.samples :]
    memory = min(Limiter(SAMPLE_RATE).memory, window.samples)
    after = np.concatenate(list(looped([take[:, :memory]], surplus)), axis=1)
    return looped([take], surplus), take[:, window.samples - memory :], after


def _cut(blocks: Iterable[Samples], longest: int) -> Iterator[Samples]:
    for block in blocks:
        for start in range(0, block.shape[1], longest):
            yield np.ascontiguousarray(block[:, start : start + longest])
