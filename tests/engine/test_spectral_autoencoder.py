"""Laws of the embedded model's autoencoder: the transform is exact, stereo comes back, the size is what is shipped."""

from __future__ import annotations

import pytest
import torch

from engine.autoencoder import build_autoencoder
from engine.registry import SKETCH
from engine.spectral_autoencoder import ConvNeXt, ShortTimeFourier, mid_side


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
