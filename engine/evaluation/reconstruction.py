"""Autoencoder reconstructions against the originals (§4.3): STFT distance, mel distance, SI-SDR, beside Table 5.

The measures are those of auraloss with default settings, as in the paper. Knows nothing of the model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from engine.evaluation.sounds import RATE
from engine.sound.audio import Samples

TABLE_5 = {
    "Stable Audio 2 (the paper's), 21.5 Hz, 64 channels": (1.19, 0.71, 7.14),
    "Stable Audio, 43 Hz, 64 channels": (1.19, 0.67, 8.62),
    "AudioGen, 100 Hz, 32 channels": (1.10, 0.64, 8.82),
    "DAC 44.1 kHz, 86 Hz, discrete": (0.96, 0.52, 10.83),
    "Encodec 32 kHz, 50 Hz, discrete": (1.82, 1.12, 5.33),
}
"""Codec -> STFT distance, mel distance, SI-SDR in dB, on the Song Describer Dataset."""


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """Quality of a reconstruction: two distances, and SI-SDR in dB (higher is better)."""

    stft: float
    mel: float
    si_sdr: float


def reconstruction(original: Samples, again: Samples) -> Reconstruction:
    """Compares [2, N] with [2, N] at 44.1 kHz; the mel distance is for the mono sum."""
    from auraloss.freq import MelSTFTLoss, MultiResolutionSTFTLoss
    from auraloss.time import SISDRLoss

    x, y = (torch.from_numpy(np.ascontiguousarray(s))[None] for s in (original, again))
    mono_x, mono_y = (s.mean(dim=1, keepdim=True) for s in (x, y))
    return Reconstruction(
        stft=float(MultiResolutionSTFTLoss()(y, x)),
        mel=float(MelSTFTLoss(RATE)(mono_y, mono_x)),
        si_sdr=-float(SISDRLoss()(y, x)),
    )
