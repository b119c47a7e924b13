"""Reconstruction loss of the autoencoder (§2.1): weighted multi-resolution STFT on mid/side and left/right.

Per resolution: spectral convergence plus the mean difference of log magnitudes, both on A-weighted spectra, of each
item's mid and side, and with less weight left and right, "to mitigate potential ambiguity around L/R placement".
Every item and channel has a distance of its own: so quiet sides count, and the mean over the parts of a batch is that
over the whole. Knows nothing of networks.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d, pad

from engine.registry import SAMPLE_RATE
from engine.training.recipes import Weights

RESOLUTIONS = (2048, 1024, 512, 256, 128, 64, 32)
"""Window lengths of the released configuration; the hop is a quarter of the window."""
FLOOR = 1e-4
"""Magnitude (a full-scale sine is about 1) below which differences are ignored."""
LEAST_POWER = 1e-8
"""Of an STFT that is not scaled: what the released configuration raises smaller powers to."""
TAPS = 101
POLES = (20.598997, 107.65265, 737.86223, 12194.217)
"""Of the A-weighting (IEC 61672), Hz; the first and the last are double."""


class MultiResolutionSTFTLoss(nn.Module):
    """The weighted multi-resolution STFT distance of two stereo signals.

    Args:
        resolutions: window lengths.
        drawn: how many of them a call evaluates, drawn at random; None for all. On a CPU the full set costs as much as
            the network, and a random subset has the same expectation.
        weights: of sum (mid), difference (side), left and right.
        fir: filter the signals by the released configuration's A-weighting, which is coarse below 200 Hz, in place of
            weighting their spectra by the exact curve.
        floor: what is added to magnitudes; None raises small powers to `LEAST_POWER`.
    """

    shares: Tensor
    taps: Tensor

    def __init__(
        self,
        resolutions: tuple[int, ...] = RESOLUTIONS,
        drawn: int | None = None,
        *,
        weights: Weights | None = None,
        fir: bool = False,
        floor: float | None = FLOOR,
    ) -> None:
        super().__init__()
        self.resolutions = resolutions
        self.drawn, self.floor, self.fir = drawn, floor, fir
        w = weights or Weights()
        shares = torch.tensor([w.sum, w.difference, w.left, w.right])
        self.register_buffer("shares", shares[:, None], persistent=False)
        if fir:
            self.register_buffer("taps", a_weighting_taps()[None, None], persistent=False)
        for length in resolutions:
            weight = torch.ones(()) if fir else a_weighting(length)
            self.register_buffer(f"window_{length}", torch.hann_window(length), persistent=False)
            self.register_buffer(f"weight_{length}", weight, persistent=False)

    def forward(
        self, estimate: Tensor, target: Tensor, rng: np.random.Generator | None = None
    ) -> Tensor:
        """Mean over resolutions of the distance between [B, 2, N] signals; differentiable in `estimate`."""
        lengths = self.resolutions
        if self.drawn is not None and rng is not None:
            lengths = tuple(rng.choice(lengths, self.drawn, replace=False))
        estimate, target = self.filtered(estimate), self.filtered(target)
        return torch.stack([self.distance(int(n), estimate, target) for n in lengths]).mean()

    def filtered(self, audio: Tensor) -> Tensor:
        """[B, 2, N] as the filter leaves it, if there is one."""
        if not self.fir:
            return audio
        return conv1d(audio.float().flatten(0, 1)[:, None], self.taps, padding="same").view_as(
            audio
        )

    def distance(self, length: int, estimate: Tensor, target: Tensor) -> Tensor:
        """The weighted distance at one resolution, the mean over items."""
        powers = torch.cat(self.powers(length, estimate))
        with torch.no_grad():
            wanted = torch.cat(self.powers(length, target))
        floor = (LEAST_POWER**0.5 * 4 / length) if self.floor is None else self.floor
        distances = spectral_distance(powers, wanted, floor, added=self.floor is not None)
        return (self.shares * distances).sum(dim=0).mean()

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


def spectral_distance(
    estimate: Tensor, target: Tensor, floor: float = FLOOR, *, added: bool = True
) -> Tensor:
    """Spectral convergence plus mean absolute log-magnitude difference of power spectra.

    Args:
        estimate: powers [..., F, bins].
        target: powers of the same shape.
        floor: a magnitude.
        added: add its power to all powers; otherwise smaller ones are raised to it.

    Returns:
        A distance for each spectrum, [...].
    """
    least = floor**2
    # The power of mid or side can be slightly negative by rounding.
    estimate, target = (
        power.clamp(min=0) + least if added else power.clamp(min=least)
        for power in (estimate, target)
    )
    difference = torch.linalg.vector_norm(estimate.sqrt() - target.sqrt(), dim=(-2, -1))
    convergence = difference / target.sum(dim=(-2, -1)).sqrt()
    logarithmic = 0.5 * (estimate.log() - target.log()).abs().mean(dim=(-2, -1))
    return convergence + logarithmic


def a_weighting(length: int) -> Tensor:
    """A-weighting (IEC 61672) as a gain for each bin of a real FFT of `length`; 1 at 1 kHz, at least -50 dB."""
    f2 = np.fft.rfftfreq(length, 1 / SAMPLE_RATE) ** 2

    def response(square: np.ndarray) -> np.ndarray:
        low, first, second, high = (p * p for p in POLES)
        return (high * square**2) / (
            (square + low) * np.sqrt((square + first) * (square + second)) * (square + high)
        )

    gain = response(f2) / response(np.array(1000.0**2))
    return torch.from_numpy(np.maximum(gain, 10 ** (-50 / 20))).float()


def a_weighting_taps() -> Tensor:
    """A filter of `TAPS` taps, fitted by least squares to the digital A-weighting; [TAPS] float32.

    As in the released configuration, whose loss filters both signals by it (auraloss).
    """
    from scipy import signal

    first, second, third, last = (2 * np.pi * pole for pole in POLES)
    numerator = [last**2 * 10 ** (1.9997 / 20), 0, 0, 0, 0]
    denominator = np.poly([-last, -last, -first, -first, -third, -second])
    digital = signal.bilinear(numerator, denominator, fs=SAMPLE_RATE)
    frequencies = np.arange(512) / 1024 * SAMPLE_RATE
    z = np.exp(2j * np.pi * frequencies / SAMPLE_RATE)
    above, below = (np.polyval(np.asarray(part), z) for part in digital)
    response = above / below
    taps = signal.firls(TAPS, frequencies, np.abs(response), fs=SAMPLE_RATE)
    return torch.from_numpy(taps.astype(np.float32))
