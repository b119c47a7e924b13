"""Embeddings of sounds in CLAP space (§4.1, 4.5), for all comparisons by content.

Spectrograms of material, the slowest part, are cached on disk; CLAP's training can share the cache. Knows nothing of
what the embeddings are for.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soxr
import torch
from numpy.typing import NDArray

from engine.clap import SAMPLE_RATE, Towers, mel_spectrogram, window_frames
from engine.evaluation.sounds import RATE
from engine.sound.audio import Samples
from engine.training.material.dataset import Item
from engine.training.material.spectra import Spectra

Vectors = NDArray[np.float32]
BATCH = 32


class Listener:
    """Embeds sounds with a CLAP, in windows of ten seconds.

    Args:
        clap: the towers.
        spectra: folder for cached spectrograms of the material.
    """

    def __init__(self, clap: Towers, spectra: Path) -> None:
        self.clap = clap
        self.spectra = Spectra(clap.listener, spectra)
        self._known: dict[Path, Vectors] = {}
        self.window = (window_frames(clap.listener) - 1) * clap.listener.hop_length / SAMPLE_RATE
        """Length of a window, s."""

    def texts(self, texts: Sequence[str]) -> Vectors:
        """[B, P], each of unit length."""
        with torch.inference_mode():
            return self.clap.embed_texts(texts).float().cpu().numpy()

    def windows(self, samples: Samples) -> Vectors:
        """Embeddings of windows over the whole length, [W, P], each of unit length; a short sound is one window."""
        mono = soxr.resample(samples.mean(axis=0), RATE, SAMPLE_RATE).astype(np.float32)
        return self._vectors(mel_spectrogram(self.clap.listener, mono))

    def material(self, item: Item) -> Vectors:
        """All windows of a piece of material, [W, P]; cached."""
        if item.path not in self._known:
            whole = torch.from_numpy(self.spectra.of(item).astype(np.float32))
            self._known[item.path] = self._vectors(whole)
        return self._known[item.path]

    def _vectors(self, whole: torch.Tensor) -> Vectors:
        frames = window_frames(self.clap.listener)
        starts = window_starts(len(whole), frames)
        shown = torch.stack([whole[start : start + frames] for start in starts])
        found: list[torch.Tensor] = []
        with torch.inference_mode():
            for part in shown.split(BATCH):
                pictures = part[:, None].expand(-1, 4, -1, -1)
                longer = torch.zeros(len(part), dtype=torch.bool)
                found.append(self.clap.embed_spectra(pictures, longer).float().cpu())
        return torch.cat(found).numpy()


def window_starts(length: int, window: int) -> list[int]:
    """Where windows begin that cover the whole length, the last at its end; they overlap where it is no multiple."""
    count = max(-(-length // window), 1)
    return np.linspace(0, max(length - window, 0), count).round().astype(int).tolist()


def averaged(windows: Sequence[Vectors]) -> Vectors:
    """A vector of unit length per sound [B, P]: the mean over its windows [W, P]."""
    means = np.stack([one.mean(axis=0) for one in windows])
    return means / np.linalg.norm(means, axis=1, keepdims=True)
