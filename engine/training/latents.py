"""Latents on disk: the material encoded once by a finished encoder, so that training the transformer needs no audio.

A folder contains `NAME.npy` ([D, T] half precision, not normalised), `NAME.json` (metadata) and `statistics.npz`
(mean and deviation per channel, and the latents of silence). Knows nothing of the transformer.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray

from engine.autoencoder import Autoencoder
from engine.chunking import encode_chunked
from engine.errors import AudioError
from engine.training.dataset import Item, is_held_out
from engine.whole_files import whole, write_whole

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LatentItem:
    """One piece: its normalised latents [D, T] and metadata."""

    latents: NDArray[np.float16]
    metadata: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Statistics:
    """Mean and standard deviation of the latents per channel, and the latents of silence; all [D] float32."""

    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    silence: NDArray[np.float32]


@torch.inference_mode()
def encode_material(autoencoder: Autoencoder, material: Iterable[Item], folder: Path) -> None:
    """Encodes every item that is not in the folder yet, then writes the statistics of all items."""
    folder.mkdir(parents=True, exist_ok=True)
    for count, item in enumerate(material, 1):
        target = folder / f"{item.path.stem}.npy"
        if not target.exists():
            samples, _ = soundfile.read(str(item.path), dtype="float32", always_2d=True)
            mean, std = encode_chunked(autoencoder, torch.from_numpy(samples.T.copy())[None])
            write_item(target, mean[0].numpy(), std[0].numpy(), item.metadata)
        if count % 50 == 0:
            log.info("%d items encoded", count)
    silence = autoencoder.encode(torch.zeros(1, 2, 64 * autoencoder.downsampling_ratio))[0, :, 32]
    write_statistics(folder, silence.numpy())


def write_item(
    target: Path, mean: NDArray[np.float32], std: NDArray[np.float32], metadata: dict[str, Any]
) -> None:
    """Writes one item's metadata with the mean posterior variance, then its latents (the posterior means)."""
    variance = np.square(std).mean(axis=1).tolist()
    facts = {**metadata, "posterior_variance": variance}
    write_whole(target.with_suffix(".json"), json.dumps(facts))
    with whole(target) as part, part.open("wb") as file:
        np.save(file, mean.astype(np.float16))


def write_statistics(folder: Path, silence: NDArray[np.float32]) -> None:
    """Computes and writes the statistics of a folder.

    The deviation is that of posterior samples: variance of the means plus mean posterior variance.
    """
    count, total, square, posterior = 0, 0.0, 0.0, 0.0
    for path in _arrays(folder):
        latents = np.load(path).astype(np.float64)
        frames = latents.shape[1]
        metadata = json.loads(path.with_suffix(".json").read_text())
        count += frames
        total = total + latents.sum(1)
        square = square + np.square(latents).sum(1)
        posterior = posterior + frames * np.array(metadata["posterior_variance"])
    mean = np.asarray(total / count)
    variance = square / count - mean**2 + posterior / count
    # One deviation for all channels, which preserves the relative scales the autoencoder gave them.
    std = np.full_like(mean, np.sqrt(variance.mean()))
    arrays = {"mean": mean, "std": std, "silence": silence}
    with whole(folder / "statistics.npz") as part, part.open("wb") as file:
        np.savez(file, **{name: array.astype(np.float32) for name, array in arrays.items()})


def read_statistics(folder: Path) -> Statistics:
    """Reads the statistics of a folder of latents."""
    with np.load(folder / "statistics.npz") as values:
        return Statistics(values["mean"], values["std"], values["silence"])


def read_items(folder: Path, *, held_out: bool) -> list[LatentItem]:
    """All items on one side of the split, normalised to about unit variance.

    Raises:
        AudioError: if there are none.
    """
    statistics = read_statistics(folder)
    found: list[LatentItem] = []
    for path in _arrays(folder):
        metadata = json.loads(path.with_suffix(".json").read_text())
        if is_held_out(metadata) == held_out:
            scaled = (np.load(path) - statistics.mean[:, None]) / statistics.std[:, None]
            found.append(LatentItem(scaled.astype(np.float16), metadata))
    if not found:
        raise AudioError(f"No latents in {folder}; make them with 'train latents'.")
    return found


def _arrays(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.npy"))
