"""Long takes in bounded memory (§2.1): chunked encoding and decoding that equals encoding and decoding the whole.

Every autoencoder here has a finite receptive field, its `halo`: inside a chunk with that many frames of context on
either side, the result is that of the whole, up to rounding. Works with any autoencoder.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from engine.autoencoder import Autoencoder

FIRST, GROWTH, CHUNK = 8, 4, 128
"""Latent frames per chunk: few at first, so that playback starts early, then growing up to 6 or 12 s of audio, where
the overhead of the halo is small."""
TOLERANCE = 1e-4
"""Largest accepted difference between chunked and whole audio; measured differences are about 1e-6."""


def spans(total: int, longest: int = CHUNK) -> Iterator[tuple[int, int]]:
    """Splits T = total latent frames into (start, stop) spans that grow from FIRST to `longest` frames."""
    start, length = 0, min(FIRST, longest)
    while start < total:
        stop = min(start + length, total)
        yield start, stop
        start, length = stop, min(GROWTH * length, longest)


def decode_chunked(
    autoencoder: Autoencoder, latents: Tensor, longest: int = CHUNK
) -> Iterator[Tensor]:
    """Decodes span by span; the concatenated blocks equal `decode` of the whole within `TOLERANCE`.

    Args:
        autoencoder: the autoencoder.
        latents: [B, D, T].
        longest: the most latent frames per block.

    Yields:
        [B, C, n]: the blocks in order, as long as `spans` gives them.
    """
    past = None
    for start, stop in spans(latents.shape[-1], longest):
        audio, past = decode_span(autoencoder, latents, start, stop, past)
        yield audio


def decode_span(
    autoencoder: Autoencoder, latents: Tensor, start: int, stop: int, past: Tensor | None = None
) -> tuple[Tensor, Tensor | None]:
    """The audio of latent frames start..stop, [B, C, n], decoded with the context they need.

    Args:
        autoencoder: the autoencoder.
        latents: [B, D, T].
        start: the first latent frame.
        stop: the frame after the last.
        past: what this function returned for the span that ends at `start`; without it, the sound may not join.

    Returns:
        The audio, and the past of the next span.
    """
    left, right = _with_context(autoencoder, start, stop, latents.shape[-1])
    return autoencoder.decode_inside(latents[..., left:right], start - left, right - stop, past)


def encode_chunked(
    autoencoder: Autoencoder, audio: Tensor, chunk: int = CHUNK
) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of the latents, [B, D, T] each; equal to `moments` of the whole within `TOLERANCE`.

    Args:
        autoencoder: the autoencoder.
        audio: [B, 2, N]; the last latent frame is zero-padded.
        chunk: latent frames per chunk.
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


def encode_together(
    autoencoder: Autoencoder, sounds: Sequence[Tensor], most: int = 16, chunk: int = CHUNK
) -> list[tuple[Tensor, Tensor]]:
    """Like `encode_chunked` of each of several sounds, with chunks of the same length, whosever they are, in batches.

    Args:
        autoencoder: the autoencoder; chunks are sent to its device and in its precision.
        sounds: [2, N] each.
        most: chunks in a batch.
        chunk: latent frames per chunk.

    Returns:
        Mean and standard deviation of each, [D, T], on the CPU.
    """
    ratio = autoencoder.downsampling_ratio
    kind = next(autoencoder.parameters())
    totals = [-(-sound.shape[-1] // ratio) for sound in sounds]
    alike: dict[tuple[int, int, int], list[tuple[int, int, int]]] = defaultdict(list)
    for which, total in enumerate(totals):
        for start in range(0, total, chunk):
            stop = min(start + chunk, total)
            left, right = _with_context(autoencoder, start, stop, total)
            length = min(right * ratio, sounds[which].shape[-1]) - left * ratio
            alike[(length, start - left, stop - left)].append((which, start, left))
    found = [(torch.empty(0), torch.empty(0))] * len(sounds)
    for (length, first, last), places in alike.items():
        for begin in range(0, len(places), most):
            some = places[begin : begin + most]
            audio = torch.stack(
                [sounds[which][:, left * ratio :][:, :length] for which, _, left in some]
            )
            pair = [part[..., first:last].cpu() for part in autoencoder.moments(audio.to(kind))]
            for (which, start, _), mean, std in zip(some, *pair, strict=True):
                if not found[which][0].numel():
                    shape = (len(mean), totals[which])
                    found[which] = (mean.new_empty(shape), std.new_empty(shape))
                found[which][0][:, start : start + last - first] = mean
                found[which][1][:, start : start + last - first] = std
    return found


def _with_context(autoencoder: Autoencoder, start: int, stop: int, total: int) -> tuple[int, int]:
    """The span with its halo, widened to the autoencoder's alignment, within 0..total."""
    halo, alignment = autoencoder.halo, autoencoder.alignment
    left, right = max(start - halo, 0), stop + halo
    return left - left % alignment, min(right + -right % alignment, total)
