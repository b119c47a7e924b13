from __future__ import annotations

from typing import cast

import numpy as np
import pytest
import torch

from engine.latent_diffusion import LatentDiffusion
from engine.live.decoding import SEAM, Decoder
from engine.registry import MODELS
from tests.engine.live.toys import toy
from tests.engine.song_model import RATIO, SongModel


@pytest.fixture
def decoder() -> Decoder:
    """Of a model whose latents are its samples."""
    return Decoder(cast(LatentDiffusion, SongModel(torch.zeros(2, RATIO))))


def level(frames: int, value: float) -> torch.Tensor:
    """Latents of a constant."""
    return torch.full((1, 2 * RATIO, frames), value)


def test_a_hop_fades_into_the_next_also_where_that_is_another_sound(decoder: Decoder):
    first = decoder.decoded(level(4 + 2, 0.5), 0, 2)
    assert (decoder.ahead == 0.5).all()
    second = decoder.decoded(torch.cat([level(4, 0.5), level(4 + 2, -0.5)], dim=-1), 4, 2)
    assert first.shape == second.shape == (2, 4 * RATIO)
    steps = np.abs(np.diff(np.concatenate([first, second], axis=1)[0]))
    assert steps.max() <= 1 / SEAM + 1e-6
    assert (second[:, SEAM:] == -0.5).all()


def test_what_is_not_made_is_silent_with_fades_on_both_sides(decoder: Decoder):
    parts = [decoder.decoded(level(6, 0.5), 0, 2), decoder.silent(4)]
    parts.append(decoder.decoded(level(10, 0.5), 4, 2))
    sound = np.concatenate(parts, axis=1)[0]
    assert np.abs(np.diff(sound)).max() <= 1 / SEAM + 1e-6
    assert not sound[4 * RATIO + SEAM : 8 * RATIO].any()
    assert (sound[8 * RATIO + SEAM :] == 0.5).all()


@pytest.mark.parametrize("name", MODELS)
def test_the_tail_is_how_it_goes_on_and_the_past_is_that_of_the_hops_end(name: str):
    autoencoder = toy(MODELS[name]).autoencoder
    ratio, halo = autoencoder.downsampling_ratio, autoencoder.halo + autoencoder.halo % 2
    latents = torch.randn(
        1, autoencoder.latent_channels, 2 * halo + 12, generator=torch.Generator().manual_seed(0)
    )
    right = halo + 6
    plain, _ = autoencoder.decode_inside(latents, halo, right)
    longer, past = autoencoder.decode_inside(latents, halo, right, tail=2)
    assert longer.shape[-1] == plain.shape[-1] + 2 * ratio
    torch.testing.assert_close(longer[..., : plain.shape[-1]], plain, atol=1e-4, rtol=1e-4)
    # What follows begins where the hop ended, and is what the tail was.
    following, _ = autoencoder.decode_inside(latents[..., 6:], halo, halo, past)
    torch.testing.assert_close(
        following[..., : 2 * ratio], longer[..., plain.shape[-1] :], atol=1e-4, rtol=1e-4
    )
