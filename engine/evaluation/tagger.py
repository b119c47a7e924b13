"""What a listener would call it: musicnn (Pons and Serra 2019, ISC), a tagger that nobody here trained.

Fifty tags of MagnaTagATune ("guitar", "slow", "no vocals"), of windows of three seconds. The network's file is read
from its package, which is made for a TensorFlow of 2019, and the network computed here with torch. Knows nothing of
where a sound comes from.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import soxr
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from engine.evaluation.listening import window_starts
from engine.evaluation.sounds import RATE
from engine.evaluation.tensorflow_checkpoint import read_tensors
from engine.model_files import package_folder
from engine.sound.audio import Samples

NETWORK_RATE, HOP, FRAMES, BANDS = 16_000, 256, 187, 96
"""Frames of a window: three seconds."""
BATCH = 16

Matrix = NDArray[np.float32]


def tags(samples: Samples) -> tuple[Matrix, Matrix]:
    """Of each window of [2, N] at 44.1 kHz: the probability of each tag [W, 50], and the layer below [W, 200].

    Windows are spread over the whole sound, so that they overlap a little where it is no multiple of three seconds.

    Raises:
        CheckpointError: if musicnn is not installed.
    """
    mono = soxr.resample(samples.mean(axis=0), RATE, NETWORK_RATE).astype(np.float32)
    shown = spectrogram(mono)
    if len(shown) < FRAMES:
        shown = np.pad(shown, ((0, FRAMES - len(shown)), (0, 0)))
    starts = window_starts(len(shown), FRAMES)
    windows = torch.from_numpy(np.stack([shown[start : start + FRAMES] for start in starts]))
    with torch.inference_mode():
        parts = [network(part) for part in windows.split(BATCH)]
    below, logits = (torch.cat(both) for both in zip(*parts, strict=True))
    return logits.sigmoid().numpy(), below.numpy()


def spectrogram(mono: Matrix) -> Matrix:
    """[frames, 96] of [N] at 16 kHz: log10(1 + 10000 * power) in mel bands."""
    import librosa

    power = librosa.feature.melspectrogram(
        y=mono, sr=NETWORK_RATE, n_fft=512, hop_length=HOP, n_mels=BANDS
    )
    return np.log10(10_000 * power.T + 1).astype(np.float32)


def network(shown: Tensor) -> tuple[Tensor, Tensor]:
    """The last layer but one [W, 200] and the tags' logits [W, 50] of spectrograms [W, 187, 96].

    Filters as tall as instruments' spectra hear timbre, filters as long as a beat hear time; their maps
    [W, channels, frames] go through three layers, and all of them through a pool over time.
    """
    x = _normed(shown[:, None], 0)
    filters = [_heard(x, layer, (3, 3)) for layer in (0, 1)]
    # TensorFlow's padding to the same length, of even lengths.
    filters += [
        _heard(x, layer, (length // 2 - 1, length // 2))
        for layer, length in ((2, 128), (3, 64), (4, 32))
    ]
    maps = [torch.cat(filters, dim=1)]
    for layer in (5, 6, 7):
        wide = F.pad(maps[-1], (3, 3)).transpose(1, 2)[:, None]
        found = _convolved(wide, layer)[..., 0]
        maps.append(found if layer == 5 else found + maps[-1])
    every = torch.cat(maps, dim=1)
    pooled = torch.stack([every.amax(dim=2), every.mean(dim=2)], dim=2).flatten(1)
    below = _normed(_dense(_normed(pooled, 9), "dense").relu(), 10)
    return below, _dense(below, "dense_1")


def _heard(x: Tensor, layer: int, padding: tuple[int, int]) -> Tensor:
    """[W, channels, frames]: the strongest answer over all bands."""
    return _convolved(F.pad(x, (0, 0, *padding)), layer).amax(dim=3)


def _convolved(x: Tensor, layer: int) -> Tensor:
    name = f"conv2d_{layer}" if layer else "conv2d"
    kernel = _weights()[f"{name}/kernel"].permute(3, 2, 0, 1)
    # The input has a normalisation of its own, so that each layer's is one further.
    return _normed(F.conv2d(x, kernel, _weights()[f"{name}/bias"]).relu(), layer + 1)


def _normed(x: Tensor, number: int) -> Tensor:
    name = f"batch_normalization_{number}" if number else "batch_normalization"
    own = ("moving_mean", "moving_variance", "gamma", "beta")
    mean, variance, gamma, beta = (_weights()[f"{name}/{part}"] for part in own)
    return F.batch_norm(x, mean, variance, gamma, beta, eps=1e-3)


def _dense(x: Tensor, name: str) -> Tensor:
    return x @ _weights()[f"{name}/kernel"] + _weights()[f"{name}/bias"]


@cache
def _weights() -> dict[str, Tensor]:
    missing = "Tags are heard by musicnn: pip install --no-deps musicnn."
    tensors = read_tensors(package_folder("musicnn", missing) / "MTT_musicnn")
    return {name: torch.from_numpy(values) for name, values in tensors.items()}
