"""Spectrograms as CLAP sees them (§2.4): of material on disk, computed once; or kept with pieces whose sound is gone.

Knows nothing of training.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import ClapFeatureExtractor

from engine.clap import SAMPLE_RATE, fused, mel_spectrogram, window_frames
from engine.training.dataset import Item
from engine.whole_files import whole

QUIETEST, STEP = -100.0, 0.6
"""dB of the lowest of 256 levels, and between two of them: augmentation moves each by far more."""
KEPT_WINDOWS = 3
"""Most windows of a piece that are kept: as many as one crop may span."""


class Spectra:
    """The material's spectrograms, computed on first use and cached on disk in half precision."""

    def __init__(self, listener: ClapFeatureExtractor, folder: Path) -> None:
        self.listener, self.folder = listener, folder
        folder.mkdir(parents=True, exist_ok=True)

    def of(self, item: Item) -> NDArray[np.float16]:
        """A piece's whole spectrogram in dB, [frames, mels], memory-mapped."""
        digest = hashlib.sha1(str(item.path.resolve()).encode(), usedforsecurity=False)
        path = self.folder / f"{digest.hexdigest()[:16]}.npy"
        if not path.exists():
            spectrogram = mel_spectrogram(self.listener, heard(item.path))
            with whole(path) as part, part.open("wb") as file:
                np.save(file, spectrogram.numpy().astype(np.float16))
        return np.load(path, mmap_mode="r")

    def crop(self, item: Item, windows: float, rng: np.random.Generator) -> tuple[Tensor, bool]:
        """A random crop of so many windows, in the form of `fused`: [4, frames, mels], and whether it was longer."""
        spectrogram = self.of(item)
        frames = window_frames(self.listener)
        length = round(windows * frames)
        start = int(rng.integers(0, max(len(spectrogram) - length, 0) + 1))
        crop = torch.from_numpy(spectrogram[start : start + length].astype(np.float32))
        return fused(crop, frames, rng)


class KeptSpectra(Spectra):
    """The excerpts that were kept beside latents."""

    def __init__(self, listener: ClapFeatureExtractor) -> None:
        self.listener = listener
        self.known: dict[Path, NDArray[np.uint8]] = {}

    def of(self, item: Item) -> NDArray[np.float16]:
        """The excerpt's spectrogram in dB, [frames, mels]."""
        if item.path not in self.known:
            with np.load(item.path) as arrays:
                self.known[item.path] = arrays["spectrum"]
        levels = self.known[item.path].astype(np.float16)
        return levels * np.float16(STEP) + np.float16(QUIETEST)


def kept_spectrum(
    listener: ClapFeatureExtractor, audio: NDArray[np.float32], rate: int
) -> dict[str, NDArray[Any]]:
    """What to keep of audio [2, N] when its sound is deleted: the middle `KEPT_WINDOWS` windows in 256 levels."""
    longest = round(KEPT_WINDOWS * listener.nb_max_samples / SAMPLE_RATE * rate)
    start = max(audio.shape[1] - longest, 0) // 2
    mono = audio[:, start : start + longest].mean(axis=0)
    heard = soxr.resample(mono, rate, SAMPLE_RATE).astype(np.float32)
    levels = (mel_spectrogram(listener, heard).numpy() - QUIETEST) / STEP
    return {"spectrum": np.clip(np.round(levels), 0, 255).astype(np.uint8)}


def heard(path: Path) -> NDArray[np.float32]:
    """Reads a file for CLAP: mono at 48 kHz, [N]."""
    samples, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    return soxr.resample(samples.mean(axis=1), rate, SAMPLE_RATE).astype(np.float32)
