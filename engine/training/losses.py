"""Reconstruction loss of the autoencoder (§2.1): weighted multi-resolution STFT on mid/side and left/right.

Per resolution: spectral convergence plus the mean difference of log magnitudes, both on A-weighted spectra. Mid
and side have weight 1, left and right 0.5, "to mitigate potential ambiguity around L/R placement". Knows nothing of
networks.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from engine.registry import SAMPLE_RATE

RESOLUTIONS = (2048, 1024, 512, 256, 128, 64, 32)
"""Window lengths of the released configuration; the hop is a quarter of the window."""
LEFT_RIGHT_WEIGHT = 0.5
FLOOR = 1e-4
"""Magnitude (a full-scale sine is about 1) below which differences are ignored."""


class MultiResolutionSTFTLoss(nn.Module):
    """The weighted multi-resolution STFT distance of two stereo signals.

    Args:
        resolutions: window lengths.
        drawn: how many of them a call evaluates, drawn at random; None for all. On a CPU the full set costs as much as
            the network, and a random subset has the same expectation.
    """

    def __init__(
        self, resolutions: tuple[int, ...] = RESOLUTIONS, drawn: int | None = None
    ) -> None:
        super().__init__()
        self.resolutions = resolutions
        self.drawn = drawn
        for length in resolutions:
            self.register_buffer(f"window_{length}", torch.hann_window(length), persistent=False)
            self.register_buffer(f"weight_{length}", a_weighting(length), persistent=False)

    def forward(
        self, estimate: Tensor, target: Tensor, rng: np.random.Generator | None = None
    ) -> Tensor:
        """Mean over resolutions of the distance between [B, 2, N] signals; differentiable in `estimate`."""
        lengths = self.resolutions
        if self.drawn is not None and rng is not None:
            lengths = tuple(rng.choice(lengths, self.drawn, replace=False))
        return torch.stack([self.distance(int(n), estimate, target) for n in lengths]).mean()

    def distance(self, length: int, estimate: Tensor, target: Tensor) -> Tensor:
        """The distance at one resolution: mid/side plus half of left/right."""
        mid_side, left_right = self.powers(length, estimate)
        with torch.no_grad():
            wanted_mid_side, wanted_left_right = self.powers(length, target)
        return spectral_distance(mid_side, wanted_mid_side) + LEFT_RIGHT_WEIGHT * spectral_distance(
            left_right, wanted_left_right
        )

    def powers(self, length: int, audio: Tensor) -> tuple[Tensor, Tensor]:
        """Power spectra of mid/side and of left/right, [2, B, F, bins] each, from one transform."""
        left, right = torch.view_as_real(self.spectrum(length, audio)).unbind(1)
        left_power, right_power = left.square().sum(-1), right.square().sum(-1)
        both, cross = left_power + right_power, 2 * (left * right).sum(-1)
        return torch.stack((both + cross, both - cross)), torch.stack((left_power, right_power))

    def spectrum(self, length: int, audio: Tensor) -> Tensor:
        """A-weighted STFT, complex [B, C, F, bins]."""
        window: Tensor = getattr(self, f"window_{length}")
        weight: Tensor = getattr(self, f"weight_{length}")
        frames = pad(audio.float(), (length // 2, length // 2)).unfold(-1, length, length // 4)
        return torch.fft.rfft(frames * window) * (weight * (4 / length))


def spectral_distance(estimate: Tensor, target: Tensor) -> Tensor:
    """Spectral convergence plus mean absolute log-magnitude difference of two power spectra."""
    # The floor is added as power. The power of mid or side can be slightly negative by rounding.
    estimate, target = (power.clamp(min=0) + FLOOR**2 for power in (estimate, target))
    convergence = (estimate.sqrt() - target.sqrt()).norm() / target.sum().sqrt()
    logarithmic = 0.5 * (estimate.log() - target.log()).abs().mean()
    return convergence + logarithmic


def a_weighting(length: int) -> Tensor:
    """A-weighting (IEC 61672) as a gain for each bin of a real FFT of `length`; 1 at 1 kHz, at least -50 dB."""
    f2 = np.fft.rfftfreq(length, 1 / SAMPLE_RATE) ** 2
    poles = (20.598997, 107.65265, 737.86223, 12194.217)

    def response(square: np.ndarray) -> np.ndarray:
        low, first, second, high = (p * p for p in poles)
        return (high * square**2) / (
            (square + low) * np.sqrt((square + first) * (square + second)) * (square + high)
        )

    gain = response(f2) / response(np.array(1000.0**2))
    return torch.from_numpy(np.maximum(gain, 10 ** (-50 / 20))).float()
