"""Latents on disk: the material encoded once by a finished encoder, so that training the transformer needs no audio.

A piece is one file `NAME.npz`: its latents (the posterior means) in eight bits, with a step and a middle per channel,
its facts, and whatever else is kept of it, such as its score. A researcher's folder also has `statistics.npz`. Knows
nothing of the transformer.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray

from engine.autoencoder import Autoencoder
from engine.chunking import encode_chunked
from engine.composing.score import Score
from engine.training.dataset import Item
from engine.whole_files import whole

log = logging.getLogger(__name__)
LEVELS = 255
"""Steps between the lowest and the highest value of a channel."""
STATISTICS = "statistics.npz"


@dataclass(frozen=True, slots=True, eq=False)
class EightBits:
    """Latents [D, T] as int8, with the step and the middle of each channel, [D] float32 each."""

    values: NDArray[np.int8]
    step: NDArray[np.float32]
    middle: NDArray[np.float32]

    @classmethod
    def of(cls, latents: NDArray[np.floating[Any]]) -> EightBits:
        """Rounds latents; a channel is off by at most half of its step, 1 / 510 of its range."""
        low, high = latents.min(axis=1), latents.max(axis=1)
        step = np.maximum((high - low) / LEVELS, 1e-9).astype(np.float32)
        middle = ((high + low) / 2).astype(np.float32)
        # 256 levels around the middle, which itself lies between two of them.
        values = np.clip(np.floor((latents - middle[:, None]) / step[:, None]), -128, 127)
        return cls(values.astype(np.int8), step, middle)

    def restored(self, start: int = 0, stop: int | None = None) -> NDArray[np.float32]:
        """The latents of some frames, [D, n] float32."""
        values = self.values[:, start:stop].astype(np.float32) + np.float32(0.5)
        return values * self.step[:, None] + self.middle[:, None]


@dataclass(frozen=True, slots=True, eq=False)
class LatentItem:
    """One piece: latents, the bottleneck's mean variance per channel [D], facts, and its score if it has one."""

    latents: EightBits
    posterior_variance: NDArray[np.float32]
    metadata: dict[str, Any]
    score: Score | None = None

    @property
    def frames(self) -> int:
        """Length in latent frames."""
        return self.latents.values.shape[1]


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """Mean and standard deviation of the latents per channel, and the latents of silence; all [D] float32."""

    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    silence: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Encoded:
    """What is written of one piece: posterior mean and deviation [D, T], facts, and arrays to keep beside them."""

    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    facts: dict[str, Any]
    beside: Mapping[str, NDArray[Any]] = field(default_factory=dict)


@torch.inference_mode()
def encoded(
    autoencoder: Autoencoder,
    audio: NDArray[np.float32],
    facts: dict[str, Any],
    beside: Mapping[str, NDArray[Any]] | None = None,
) -> Encoded:
    """Encodes audio [2, N]."""
    mean, std = encode_chunked(autoencoder, torch.from_numpy(np.ascontiguousarray(audio))[None])
    return Encoded(mean[0].numpy(), std[0].numpy(), facts, beside or {})


def encode_material(autoencoder: Autoencoder, material: Iterable[Item], folder: Path) -> None:
    """Encodes every item that is not in the folder yet, then writes the statistics of all items."""
    folder.mkdir(parents=True, exist_ok=True)
    for count, item in enumerate(material, 1):
        target = folder / f"{item.path.stem}.npz"
        if not target.exists():
            samples, _ = soundfile.read(str(item.path), dtype="float32", always_2d=True)
            write_item(
                target, encoded(autoencoder, np.asarray(samples.T, np.float32), item.metadata)
            )
        if count % 50 == 0:
            log.info("%d items encoded", count)
    found = statistics([read_item(path) for path in pieces(folder)], silence(autoencoder))
    write_statistics(folder, found)


def write_item(target: Path, piece: Encoded) -> None:
    """Writes one piece as a file that is whole or not there."""
    small = EightBits.of(piece.mean)
    arrays = {
        "values": small.values,
        "step": small.step,
        "middle": small.middle,
        "posterior_variance": np.square(piece.std).mean(axis=1),
        "facts": np.frombuffer(json.dumps(piece.facts).encode(), np.uint8),
        **piece.beside,
    }
    with whole(target) as part, part.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read_item(path: Path) -> LatentItem:
    """Reads latents, facts and score of one piece; what else is in the file stays there."""
    with np.load(path) as arrays:
        small = EightBits(arrays["values"], arrays["step"], arrays["middle"])
        facts = json.loads(arrays["facts"].tobytes())
        score = Score.from_arrays(arrays) if "score_notes" in arrays else None
        return LatentItem(small, arrays["posterior_variance"], facts, score)


def read_beside(path: Path) -> dict[str, NDArray[Any]]:
    """Everything in a piece's file, by name: `Score.from_arrays` finds the score in it."""
    with np.load(path) as arrays:
        return dict(arrays)


@torch.inference_mode()
def silence(autoencoder: Autoencoder) -> NDArray[np.float32]:
    """The latents of silence, [D]."""
    return autoencoder.encode(torch.zeros(1, 2, 64 * autoencoder.downsampling_ratio))[
        0, :, 32
    ].numpy()


def statistics(items: Iterable[LatentItem], silence: NDArray[np.float32]) -> Statistics:
    """The statistics of some pieces.

    The deviation is that of posterior samples: variance of the means plus mean posterior variance.
    """
    count, total, square, posterior = 0, 0.0, 0.0, 0.0
    for item in items:
        latents = item.latents.restored().astype(np.float64)
        count += item.frames
        total = total + latents.sum(1)
        square = square + np.square(latents).sum(1)
        posterior = posterior + item.frames * item.posterior_variance.astype(np.float64)
    mean = np.asarray(total / count)
    variance = square / count - mean**2 + posterior / count
    # One deviation for all channels, which preserves the relative scales the autoencoder gave them.
    std = np.full_like(mean, np.sqrt(variance.mean()))
    return Statistics(mean.astype(np.float32), std.astype(np.float32), silence)


def write_statistics(folder: Path, found: Statistics) -> None:
    """Writes the statistics beside the pieces."""
    with whole(folder / STATISTICS) as part, part.open("wb") as file:
        np.savez(file, mean=found.mean, std=found.std, silence=found.silence)


def read_statistics(folder: Path) -> Statistics:
    """Reads the statistics of a folder of latents."""
    with np.load(folder / STATISTICS) as values:
        return Statistics(values["mean"], values["std"], values["silence"])


def numbered(folder: Path, number: int) -> Path:
    """The file of a piece in a folder whose pieces have numbers for names."""
    return folder / f"{number:07d}.npz"


def pieces(folder: Path) -> list[Path]:
    """The files of a folder's pieces, by name."""
    return sorted(path for path in folder.glob("*.npz") if path.name != STATISTICS)
