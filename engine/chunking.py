"""Long takes in bounded memory (§2.1): encode and decode in chunks that equal the whole.

Every autoencoder here has a finite receptive field, its `halo`: a chunk with that many frames of context on either
side gives inside just what the whole gives, up to rounding. Knows nothing of which autoencoder it is.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from engine.autoencoder import Autoencoder

FIRST, GROWTH, CHUNK = 8, 4, 128
"""Latent frames decoded at once: few at first, so that something sounds soon; then ever more, up to 6 s or 12 s of
audio, beside which the halo is little work."""
TOLERANCE = 1e-4
"""Largest difference between chunked and whole audio; measured differences are some 1e-6."""


def spans(total: int, longest: int = CHUNK) -> Iterator[tuple[int, int]]:
    """Cuts T = total latent frames: a short span, longer ones, and then spans of the longest length to the end."""
    start, length = 0, min(FIRST, longest)
    while start < total:
        stop = min(start + length, total)
        yield start, stop
        start, length = stop, min(GROWTH * length, longest)


def decode_chunked(
    autoencoder: Autoencoder, latents: Tensor, longest: int = CHUNK
) -> Iterator[Tensor]:
    """Decodes span by span; the joined blocks equal `decode` of the whole within `TOLERANCE`.

    Args:
        autoencoder: any.
        latents: [B, D, T].
        longest: latent frames in a block.

    Yields:
        [B, C, n]: blocks in order, of the lengths of `spans`.
    """
    for start, stop in spans(latents.shape[-1], longest):
        yield decode_span(autoencoder, latents, start, stop)


def decode_span(autoencoder: Autoencoder, latents: Tensor, start: int, stop: int) -> Tensor:
    """The audio of latent frames start..stop, [B, C, n], with the context they need."""
    left, right = _with_context(autoencoder, start, stop, latents.shape[-1])
    return autoencoder.decode_inside(latents[..., left:right], start - left, right - stop)


def encode_chunked(
    autoencoder: Autoencoder, audio: Tensor, chunk: int = CHUNK
) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of the latents, [B, D, T] each, as `moments` of the whole within `TOLERANCE`.

    Args:
        autoencoder: any.
        audio: [B, 2, N]; the last latent frame is filled up with zeros.
        chunk: latent frames in a chunk.
    """
    ratio = autoencoder.downsampling_ratio
    total = -(-audio.shape[-1] // ratio)
    pairs: list[tuple[Tensor, Tensor]] = []
    for start in range(0, total, chunk):
        stop = min(start + chunk, total)
        left, right = _with_context(autoencoder, start, stop, total)
        inside = slice(start - left, stop - left)
        mean, std = autoencoder.moments(audio[..., left * ratio : right * ratio])
        pairs.append((mean[..., inside], std[..., inside]))
    means, stds = zip(*pairs, strict=True)
    return torch.cat(means, dim=-1), torch.cat(stds, dim=-1)


def _with_context(autoencoder: Autoencoder, start: int, stop: int, total: int) -> tuple[int, int]:
    """The span and its halo, out to where the autoencoder may be cut, within 0..total."""
    halo, alignment = autoencoder.halo, autoencoder.alignment
    left, right = max(start - halo, 0), stop + halo
    return left - left % alignment, min(right + -right % alignment, total)
