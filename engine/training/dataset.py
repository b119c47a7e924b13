"""Training material on disk: a folder of `NAME.wav` with `NAME.json` (metadata), read in random crops.

Held-out items are marked in their metadata and never drawn for training. Knows nothing of networks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from torch import Tensor

from engine.errors import AudioError


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of material: its audio, length in audio frames, and metadata."""

    path: Path
    frames: int
    metadata: dict[str, Any]


def all_items(folders: Iterable[Path]) -> list[Item]:
    """Every item of the folders, in a stable order."""
    found: list[Item] = []
    for folder in folders:
        for path in sorted(Path(folder).glob("*.json")):
            audio = path.with_suffix(".wav")
            if audio.exists():
                metadata = json.loads(path.read_text(encoding="utf-8"))
                found.append(Item(audio, soundfile.info(str(audio)).frames, metadata))
    return found


def items(folders: Iterable[Path], *, held_out: bool) -> list[Item]:
    """The items on one side of the split.

    Raises:
        AudioError: if there are none.
    """
    found = [item for item in all_items(folders) if is_held_out(item.metadata) == held_out]
    if not found:
        raise AudioError(
            f"No material in {', '.join(map(str, folders))}; make some with 'train corpus'."
        )
    return found


def is_held_out(metadata: dict[str, Any]) -> bool:
    """Whether an item is excluded from training, for evaluation."""
    return bool(metadata.get("held_out", False))


class Crops:
    """Random stereo crops; items are drawn in proportion to their length."""

    def __init__(self, material: list[Item], frames: int) -> None:
        self.material = material
        self.frames = frames
        lengths = np.array([item.frames for item in material], dtype=np.float64)
        self.chances = lengths / lengths.sum()

    def batch(self, size: int, rng: np.random.Generator) -> Tensor:
        """[size, 2, frames] float32; short items are padded with silence, and channels swapped half of the time."""
        chosen = rng.choice(len(self.material), size, p=self.chances)
        return torch.stack([self._crop(self.material[index], rng) for index in chosen])

    def _crop(self, item: Item, rng: np.random.Generator) -> Tensor:
        start = int(rng.integers(0, max(item.frames - self.frames, 0) + 1))
        samples, _ = soundfile.read(
            str(item.path), frames=self.frames, start=start, dtype="float32", always_2d=True
        )
        crop = np.zeros((2, self.frames), np.float32)
        crop[:, : len(samples)] = samples.T
        gain = np.float32(10 ** (rng.uniform(-8, 1) / 20))
        return torch.from_numpy(crop[:: -1 if rng.random() < 0.5 else 1].copy() * gain)
