"""The law of chunking: chunks with a halo equal the whole, forwards and backwards, for every autoencoder."""

from __future__ import annotations

import pytest
import torch

from engine.chunking import (
    CHUNK,
    FIRST,
    TOLERANCE,
    decode_chunked,
    decode_span,
    encode_chunked,
    encode_together,
    spans,
)
from engine.networks import build_autoencoder
from engine.registry import SKETCH, AutoencoderConfig
from tests.engine.test_autoencoder import TINY, noise

WHOLE = pytest.mark.parametrize("total", [1, FIRST, FIRST + 1, CHUNK, 1292, 4096])
LENGTHS = pytest.mark.parametrize("frames", [1, 7, 64, 131])


@WHOLE
def test_spans_cover_the_take_and_grow_from_a_short_one(total: int) -> None:
    cut = list(spans(total))
    assert [start for start, _ in cut[1:]] == [stop for _, stop in cut[:-1]]
    assert cut[0] == (0, min(FIRST, total)) and cut[-1][1] == total
    lengths = [stop - start for start, stop in cut[:-1]]
    assert lengths == sorted(lengths) and max([*lengths, 0]) <= CHUNK
    assert len(cut) <= 3 + total / CHUNK


@TINY
@LENGTHS
@torch.inference_mode()
def test_chunked_decoding_equals_the_whole(config: AutoencoderConfig, frames: int) -> None:
    autoencoder = build_autoencoder(config)
    latents = noise(1, 3, frames)
    blocks = list(decode_chunked(autoencoder, latents, longest=16))
    lengths = [b.shape[-1] // config.downsampling_ratio for b in blocks]
    assert lengths == [stop - start for start, stop in spans(frames, longest=16)]
    assert (torch.cat(blocks, dim=-1) - autoencoder.decode(latents)).abs().max() < TOLERANCE


@TINY
@LENGTHS
@torch.inference_mode()
def test_chunked_encoding_equals_the_whole(config: AutoencoderConfig, frames: int) -> None:
    autoencoder = build_autoencoder(config)
    audio = noise(1, 2, frames * config.downsampling_ratio - 3) * 0.1
    for part, whole in zip(
        encode_chunked(autoencoder, audio, chunk=16), autoencoder.moments(audio), strict=True
    ):
        assert part.shape == whole.shape == (1, 3, frames)
        assert (part - whole).abs().max() < TOLERANCE


@TINY
@pytest.mark.parametrize("most", [1, 3])
@torch.inference_mode()
def test_sounds_encoded_together_are_what_they_are_alone(
    config: AutoencoderConfig, most: int
) -> None:
    autoencoder, ratio = build_autoencoder(config), config.downsampling_ratio
    lengths = (5 * ratio, 40 * ratio - 3, 64 * ratio, 1, 70 * ratio)
    sounds = [0.1 * noise(1, 2, length)[0] for length in lengths]
    found = encode_together(autoencoder, sounds, most, chunk=16)
    for sound, pair in zip(sounds, found, strict=True):
        for part, alone in zip(pair, autoencoder.moments(sound[None]), strict=True):
            assert part.shape == alone[0].shape
            assert (part - alone[0]).abs().max() < TOLERANCE


@TINY
@torch.inference_mode()
def test_the_halo_is_enough_and_context_is_needed(config: AutoencoderConfig) -> None:
    autoencoder = build_autoencoder(config)
    latents = noise(1, 3, 120)
    changed = latents.clone()
    changed[..., : 60 - autoencoder.halo] = 0
    inside, _ = decode_span(autoencoder, latents, 60, 70)
    again, _ = decode_span(autoencoder, changed, 60, 70)
    assert (again - inside).abs().max() < TOLERANCE
    alone = autoencoder.decode(latents[..., 60:70])
    assert (alone - inside).abs().max() > TOLERANCE


@torch.inference_mode()
def test_the_embedded_network_decodes_in_chunks_as_a_whole() -> None:
    autoencoder = build_autoencoder(SKETCH.autoencoder)
    latents = noise(1, 64, 80)
    joined = torch.cat(list(decode_chunked(autoencoder, latents, longest=20)), dim=-1)
    assert (joined - autoencoder.decode(latents)).abs().max() < TOLERANCE
