"""From latents to the finished take, chunk by chunk, so that playback starts while the rest is being decoded.

The stages are iterators of blocks: decode, close the loop (§4.6), limit, paste kept audio. Every stage is exact across
block boundaries, so the result does not depend on block sizes. Knows nothing of prompts or solvers.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np
from torch import Tensor

from engine.autoencoder import Autoencoder
from engine.chunking import decode_span, spans
from engine.creative import Kept, looped, pasted
from engine.errors import LongtakeError
from engine.registry import SAMPLE_RATE
from engine.sound.audio import Samples
from engine.sound.limiter import Limiter, limited
from engine.updates import AudioBlock, Step
from engine.variable_length import Window


def streamed(
    autoencoder: Autoencoder, latents: Tensor, window: Window, kept: Kept | None, block: int
) -> Iterator[Step | AudioBlock]:
    """Decodes a take.

    Args:
        autoencoder: the decoder.
        latents: [1, D, T], not normalised; T may extend beyond what is decoded.
        window: which part of them is the take.
        kept: the parts of a recording to restore, if any.
        block: the longest block, in audio frames.

    Yields:
        A step for every decoded chunk, and the blocks of the take as they are finished.

    Raises:
        LongtakeError: if the audio is not finite.
    """
    done: deque[Step] = deque()
    sound = _decoded(autoencoder, latents, window, done)
    before = after = None
    if window.surplus:
        before, surplus, head = _loop_ends(autoencoder, latents, window)
        sound = looped(sound, surplus)
        after = np.concatenate(list(looped([head], surplus)), axis=1)
    sound = limited(sound, SAMPLE_RATE, before, after)
    if kept is not None:
        sound = pasted(sound, kept)
    start = 0
    for samples in _cut(sound, block):
        while done:
            yield done.popleft()
        yield AudioBlock(start, samples)
        start += samples.shape[1]


def _decoded(
    autoencoder: Autoencoder, latents: Tensor, window: Window, done: deque[Step]
) -> Iterator[Samples]:
    """The decoded take, before looping and limiting; records every decoded chunk in `done`."""
    frames = math.ceil(window.samples / autoencoder.downsampling_ratio)
    parts = list(spans(frames))
    left = window.samples
    for index, (start, stop) in enumerate(parts, 1):
        samples = _span(autoencoder, latents, start, stop)
        done.append(Step("decode", index, len(parts)))
        yield samples[:, :left]
        left -= samples.shape[1]


def _loop_ends(
    autoencoder: Autoencoder, latents: Tensor, window: Window
) -> tuple[Samples, Samples, Samples]:
    """The audio around a loop's seam: the end of the take, its continuation, and the beginning of the take."""
    ratio = autoencoder.downsampling_ratio
    memory = min(Limiter(SAMPLE_RATE).memory, window.samples)
    first = (window.samples - memory) // ratio
    end = _span(autoencoder, latents, first, window.decoded_frames)
    seam = window.samples - first * ratio
    head = _span(autoencoder, latents, 0, min(math.ceil(memory / ratio), window.decoded_frames))
    return (
        end[:, seam - memory : seam],
        end[:, seam : seam + window.surplus],
        head[:, : window.samples],
    )


def _span(autoencoder: Autoencoder, latents: Tensor, start: int, stop: int) -> Samples:
    samples = decode_span(autoencoder, latents, start, stop)[0].float().cpu().numpy()
    if not np.isfinite(samples).all():
        raise LongtakeError(
            "The decoder produced samples that are not finite; the model's weights may be damaged: "
            "download or install them again."
        )
    return samples


def _cut(blocks: Iterable[Samples], longest: int) -> Iterator[Samples]:
    for block in blocks:
        for start in range(0, block.shape[1], longest):
            yield np.ascontiguousarray(block[:, start : start + longest])
