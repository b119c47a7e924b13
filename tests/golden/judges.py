"""Weights and a sound made from names, for the official judges and ours: see make_openl3.py and its neighbours."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

if __package__:
    from tests.golden.values import values
else:
    from values import values

RATE = 44_100
CAPTIONS = ["warm tape", "house drums warm tape"]
SCALES = ("weight", "gamma", "running_var")
"""What the last word of a vector's name is if it lies around 1."""

LEVELS = {
    "layers.0.running_mean": -40.0,
    "layers.0.running_var": 400.0,
    "audio_model.audio_encoder.batch_norm.running_mean": -20.0,
    "audio_model.audio_encoder.batch_norm.running_var": 400.0,
}
"""The first norms of OpenL3 and CLAP, which bring decibels to the range of the rest."""


def judge_weight(name: str, shape: tuple[int, ...]) -> Tensor:
    """A weight as a trained network might have it; maps keep the variance through a ReLU."""
    if name in LEVELS:
        return torch.full(shape, LEVELS[name])
    drawn = values(name, shape)
    if len(shape) < 2:
        return 1 + 0.2 * drawn if name.endswith(SCALES) else 0.1 * drawn
    if "embed" in name or "places" in name or "token" in name or "bias_table" in name:
        return 0.3 * drawn
    return drawn * np.sqrt(2 / np.prod(shape[1:]))


def judge_weights(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same state with such weights; whole numbers, which are indices, stay."""
    return {
        name: judge_weight(name, tuple(x.shape)) if x.is_floating_point() else x
        for name, x in state.items()
    }


def heard(seconds: float, rate: int = RATE) -> np.ndarray:
    """Stereo [2, N], float32: noise that swells and fades, and two tones, different on both sides."""
    count = round(seconds * rate)
    time = torch.arange(count, dtype=torch.float64) / rate
    noise = values("heard", (2, count)).double()
    swelling = 0.2 + 0.8 * torch.sin(torch.pi * time / 1.3).square()
    tones = torch.stack([torch.sin(2 * torch.pi * hertz * time) for hertz in (220.0, 331.7)])
    return (0.1 * noise * swelling + 0.2 * tones).float().numpy()


SETS = {"many": (60, 80), "few": (5, 7)}
"""Set -> rows on each side, of 12 columns: so few that the covariances are singular."""


def embeddings(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of embeddings [N, 12], float32, of other means and shapes."""
    one, two = (values(f"{name} {side}", (rows, 12)) for side, rows in enumerate(SETS[name]))
    mixed = two @ judge_weight("mixing.weight", (12, 12))
    return one.numpy(), (mixed + 0.5).numpy()


def probabilities(name: str, role: str) -> Tensor:
    """What is heard in a sound, [527]."""
    return (3 * values(f"{name} {role}", (527,))).softmax(0)


def vectors(name: str, role: str) -> Tensor:
    """An embedding [512] of unit length; those of a name's text and sound are alike."""
    found = values(name, (512,)) + values(f"{name} {role}", (512,))
    return found / found.norm()
