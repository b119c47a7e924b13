"""Laws of the embedded model's autoencoder: the transform is exact, stereo comes back, the size is what is shipped."""

from __future__ import annotations

from typing import cast

import pytest
import torch

from engine.checkpoints import load_weights
from engine.chunking import TOLERANCE, decode_chunked
from engine.model_files import find_weights
from engine.networks import build_autoencoder
from engine.registry import SKETCH, SpectralConfig
from engine.spectral_autoencoder import ConvNeXt, ShortTimeFourier, SpectralAutoencoder, mid_side

CONFIG = cast(SpectralConfig, SKETCH.autoencoder)


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def test_the_inverse_transform_gives_the_audio_back() -> None:
    stft, audio = ShortTimeFourier(2048, 512), noise(2, 2, 512 * 20)
    spectrum = stft(audio)
    assert spectrum.shape == (2, 2, 20, 1025)
    assert torch.allclose(stft.inverse(spectrum), audio, atol=1e-5)


def test_a_full_scale_sine_has_magnitude_one() -> None:
    stft = ShortTimeFourier(2048, 512)
    sine = torch.sin(2 * torch.pi * 100 / 2048 * torch.arange(20480))
    assert stft(sine[None, None])[0, 0, 10, 100].abs() == pytest.approx(1, abs=1e-3)


def test_mid_side_is_its_own_inverse_and_keeps_the_energy() -> None:
    audio = noise(2, 2, 100)
    assert torch.allclose(mid_side(mid_side(audio)), audio, atol=1e-6)
    assert torch.allclose(mid_side(audio).square().sum(), audio.square().sum())


def test_a_block_reaches_as_far_as_its_kernel_and_no_further() -> None:
    block, x = ConvNeXt(8), noise(1, 41, 8)
    changed = x.clone()
    changed[:, 20] += 1
    moved = (block(changed) - block(x)).abs().amax(dim=(0, 2)) > 1e-7
    assert moved.nonzero().flatten().tolist() == list(range(17, 24))


def test_the_embedded_network_fits_its_share_of_the_package() -> None:
    with torch.device("meta"):
        autoencoder = build_autoencoder(SKETCH.autoencoder)
    assert sum(p.numel() for p in autoencoder.parameters()) * 2 < 32e6  # bytes in half precision


def shipped() -> SpectralAutoencoder:
    model = SpectralAutoencoder(CONFIG)
    load_weights(model, find_weights(SKETCH) / "autoencoder.safetensors")
    return model


def tones() -> torch.Tensor:
    """Seconds of chords of changing pitch and level, [1, 2, N]."""
    rng = torch.Generator().manual_seed(0)
    time = torch.arange(2048 * 4) / 44100
    bars = [
        torch.stack(
            [
                torch.sin(2 * torch.pi * f * time)
                for f in 110 * 2 ** (torch.randint(36, (3,), generator=rng) / 12)
            ]
        ).sum(dim=0)
        * 10 ** (-float(torch.rand(1, generator=rng)))
        for _ in range(24)
    ]
    return torch.cat(bars)[None, None].expand(1, 2, -1) * 0.1


@torch.no_grad()
def test_principal_components_beat_chance_before_any_training() -> None:
    with torch.random.fork_rng():
        torch.random.set_rng_state(torch.Generator().manual_seed(0).get_state())
        autoencoder = SpectralAutoencoder(CONFIG)
    audio = tones()
    _, chance = autoencoder.decode_in_training(autoencoder.encode(audio), audio)
    autoencoder.begin_with(audio)
    latents = autoencoder.encode(audio)
    _, fitted = autoencoder.decode_in_training(latents, audio)
    assert fitted < 0.2 * chance
    # Latents are diffused as they are: about unit variance over all, and uncorrelated.
    spread = latents[0].T - latents[0].T.mean(0)
    covariance = spread.T @ spread / len(spread)
    assert covariance.diagonal().mean() == pytest.approx(1, rel=0.05)
    beside = covariance - covariance.diagonal().diag()
    assert beside.abs().max() < 0.05 * covariance.max()


@torch.no_grad()
def test_a_tone_at_a_bins_centre_is_steady_without_any_learnt_phase() -> None:
    autoencoder = SpectralAutoencoder(CONFIG)
    decoder = autoencoder.decoder
    _, phase = decoder.head(torch.zeros(1, 64, 6))
    frames, bins = phase.shape[2:]
    magnitude = torch.full((1, 2, frames, bins), -30.0)
    magnitude[..., 100] = 0.0
    steady = decoder.steady.repeat(6, 1).expand(1, 2, -1, -1)
    audio = decoder.synthesis(magnitude, steady)[0, 0, 4096:-4096]
    expected = torch.cos(2 * torch.pi * 100 / 2048 * torch.arange(len(audio)))
    match = torch.corrcoef(torch.stack((audio, expected)))[0, 1].abs()
    quarter = torch.sin(2 * torch.pi * 100 / 2048 * torch.arange(len(audio)))
    match = (match**2 + torch.corrcoef(torch.stack((audio, quarter)))[0, 1] ** 2).sqrt()
    assert match > 0.9999


@torch.inference_mode()
def test_the_shipped_decoder_streams_music_as_it_decodes_the_whole() -> None:
    """Phases add up from frame to frame; so does every mistake at a joint."""
    model = shipped()
    latents = model.encode(tones())
    joined = torch.cat(list(decode_chunked(model, latents, longest=7)), dim=-1)
    assert (joined - model.decode(latents)).abs().max() < TOLERANCE


def test_width_gradients_are_those_of_the_linear_maps_side_over_mid() -> None:
    model, latents = SpectralAutoencoder(CONFIG), noise(64).requires_grad_()
    mid, side = model.decoder.spine(latents).reshape(2, 4, 1025).mean(dim=1)
    ear = model.decoder.ear
    # Of bins 21.5 Hz apart, the first ones above 30, 200 and 2000 Hz.
    bands = (slice(2, 10), slice(10, 93), slice(93, 1025))
    for gradient, band in zip(model.width_gradients(), bands, strict=True):
        width = ((side - mid)[band] * ear[band]).sum() / ear[band].sum()
        (wanted,) = torch.autograd.grad(width, latents, retain_graph=True)
        torch.testing.assert_close(gradient, wanted)


def test_a_step_along_a_width_gradient_makes_sound_wider_and_back_is_narrower() -> None:
    """On the shipped weights, decoded and measured as audio."""
    model = shipped()
    with torch.no_grad():
        latents = model.encode(0.1 * (noise(1, 1, 2048 * 40) + 0.3 * noise(1, 2, 2048 * 40)))
        push = model.width_gradients().mean(dim=0)
        push = push[:, None] / push.square().sum()
        shares = []
        for step in (-0.5, 0.0, 0.5):
            mid, side = mid_side(model.decode(latents + step * push))[0].square().mean(dim=-1)
            shares.append(float(side / mid))
    assert shares[0] < shares[1] < shares[2]
