"""Embeds recordings of any length in CLAP space, window by window, in bounded memory (§4.5).

Windows in which nothing sounds are left out: all silence is alike, and would pass for a repeat. Knows nothing of what
the vectors are for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from engine.clap import SAMPLE_RATE, Towers, mel_spectrogram
from engine.errors import CheckpointError
from engine.evaluation.listening import BATCH, Vectors
from engine.sound.audio import Samples, to_stereo
from engine.sound.reading import blocks, opened
from engine.sound.resampling import Resampling

SILENT = 1e-3
"""RMS of a window in which nothing is heard, -60 dBFS."""


class WindowEar:
    """Embeds with a CLAP, on a device.

    Args:
        clap: the towers.
        device: cpu, cuda or mps.
    """

    def __init__(self, clap: Towers, device: str = "cpu") -> None:
        self.clap = clap.to(device)
        self._size = int(clap.listener.nb_max_samples)

    @property
    def window(self) -> float:
        """Length of a window, s."""
        return self._size / SAMPLE_RATE

    def width(self) -> int:
        """P of the vectors."""
        return self._embedded([np.zeros(self._size, np.float32)]).shape[1]

    def windows(self, path: Path, steps: int = 1) -> Iterator[tuple[float, Vectors]]:
        """Where each window begins in s, and its unit vector [P].

        Args:
            path: any file that the engine reads.
            steps: windows begin so many times in the length of one; the last ends with the sound.

        Raises:
            AudioError: if it cannot be read.
        """
        heard = self._cut(path, self._size // steps)
        while part := list(islice(heard, BATCH)):
            vectors = self._embedded([sound for _, sound in part])
            yield from zip((start / SAMPLE_RATE for start, _ in part), vectors, strict=True)

    def _cut(self, path: Path, hop: int) -> Iterator[tuple[int, Samples]]:
        """Windows [N] at 48 kHz in which something sounds, and their first samples' places."""
        kept, begins, start = np.zeros(0, np.float32), 0, 0
        for part in _mono(path):
            kept = np.concatenate([kept, part])
            while begins + len(kept) >= start + self._size:
                yield from _sounding(start, kept[start - begins :][: self._size])
                start += hop
            # From the last window on: the one that ends with the sound begins after it.
            kept = kept[max(start - hop - begins, 0) :]
            begins = max(start - hop, begins)
        if begins + len(kept) > max(start - hop + self._size, 0) or not start:
            last = kept[-self._size :]
            yield from _sounding(begins + len(kept) - len(last), last)

    def _embedded(self, sounds: list[Samples]) -> Vectors:
        shown = torch.stack([mel_spectrogram(self.clap.listener, one) for one in sounds])
        with torch.inference_mode():
            pictures = shown[:, None].expand(-1, 4, -1, -1)
            found = self.clap.embed_spectra(pictures, torch.zeros(len(shown), dtype=torch.bool))
        return found.float().cpu().numpy()


def _sounding(start: int, sound: Samples) -> Iterator[tuple[int, Samples]]:
    if len(sound) and float(np.sqrt(np.square(sound).mean())) >= SILENT:
        yield start, sound.copy()


def _mono(path: Path) -> Iterator[Samples]:
    """Blocks [N] at 48 kHz of a whole file."""
    with opened(path) as file:
        resampling = Resampling(file.samplerate, SAMPLE_RATE, 1)
        for block in blocks(file):
            yield resampling.add(to_stereo(block).mean(axis=0, keepdims=True))[0]
        yield resampling.end()[0]


def mark_of(folder: Path) -> str:
    """What tells a CLAP's vectors from those of another: the checksum of its weights.

    Raises:
        CheckpointError: if it has none.
    """
    path = folder / "model.safetensors"
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read; name the folder of a CLAP.") from error
