"""Spectrograms as CLAP sees them (§2.4): of material on disk, computed once; or kept with pieces whose sound is gone.

Knows nothing of training.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import ClapFeatureExtractor

from engine.clap import SAMPLE_RATE, fused, mel_spectrogram, window_frames
from engine.sound.audio import to_stereo
from engine.sound.reading import blocks, opened
from engine.training.material.dataset import Item
from engine.training.material.recent import Recent
from engine.whole_files import whole

QUIETEST, STEP = -100.0, 0.6
"""dB of the lowest of 256 levels, and between two of them: augmentation moves each by far more."""
MOST_BYTES = 1 << 29
"""Of kept excerpts in memory: 2700 of 30 s."""
KEPT_WINDOWS = 3
"""Most windows of a piece that are kept: as many as one crop may span."""


class Spectra:
    """The material's spectrograms, computed on first use and cached on disk in half precision."""

    def __init__(self, listener: ClapFeatureExtractor, folder: Path) -> None:
        self.listener, self.folder = listener, folder
        folder.mkdir(parents=True, exist_ok=True)

    def of(self, item: Item) -> NDArray[np.float16]:
        """A piece's whole spectrogram in dB, [frames, mels], memory-mapped."""
        found = item.path.stat()
        # Another sound under the same name is another.
        said = f"{item.path.resolve()} {found.st_size} {found.st_mtime_ns}"
        digest = hashlib.sha1(said.encode(errors="surrogateescape"), usedforsecurity=False)
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
    """The excerpts that were kept beside latents; those used last stay in memory."""

    def __init__(self, listener: ClapFeatureExtractor) -> None:
        self.listener = listener
        self.known: Recent[Path, NDArray[np.uint8]] = Recent(MOST_BYTES, _bytes)

    def of(self, item: Item) -> NDArray[np.float16]:
        """The excerpt's spectrogram in dB, [frames, mels]."""
        levels = self.known.get(item.path, lambda: _spectrum(item.path)).astype(np.float16)
        return levels * np.float16(STEP) + np.float16(QUIETEST)


def _spectrum(path: Path) -> NDArray[np.uint8]:
    with np.load(path) as arrays:
        return arrays["spectrum"]


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
    """Reads a file of any format for CLAP: mono at 48 kHz, [N].

    Raises:
        AudioError: if it cannot be read.
    """
    with opened(path) as file:
        mono = np.concatenate([to_stereo(block).mean(axis=0) for block in blocks(file)])
        return soxr.resample(mono, file.samplerate, SAMPLE_RATE).astype(np.float32)


def _bytes(kept: NDArray[Any]) -> int:
    return kept.nbytes
