"""Training material on disk: folders of sounds with what is known of them, read in random crops (§3.1).

Held-out items are marked in their facts and never drawn for training. Nothing is in memory but a few numbers an item.
Knows nothing of networks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import AudioError
from engine.sound.audio import Samples
from engine.training.material.drawing import WHOLE, Chances
from engine.training.material.inventory import Inventory
from engine.training.material.sounds import read_sound
from engine.training.material.tars import SUFFIX

log = logging.getLogger(__name__)
T = TypeVar("T")
TRIES = 8
"""Items drawn in place of one that cannot be read."""


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of material: its audio, length in audio frames, and metadata; its name among all of the material."""

    path: Path
    frames: int
    metadata: dict[str, Any]
    name: str = ""

    @property
    def known_as(self) -> str:
        """The name; of an item made by hand, that of its file."""
        return self.name or self.path.name


class Material(Sequence[Item]):
    """The items of some folders in a stable order, each made when asked for.

    Attributes:
        inventories: of the folders.
        numbers: which of their sounds, counted through all of them, [n].
    """

    def __init__(self, inventories: list[Inventory], numbers: NDArray[np.int64]) -> None:
        self.inventories, self.numbers = inventories, numbers
        self._ends = np.cumsum([len(one) for one in inventories])

    @classmethod
    def of(cls, folders: Iterable[Path]) -> Material:
        """Everything in the folders."""
        inventories = [Inventory(Path(folder)) for folder in folders]
        return cls(inventories, np.arange(sum(map(len, inventories))))

    def side(self, *, held_out: bool) -> Material:
        """The items on one side of the split."""
        sides = np.concatenate([one.held_out for one in self.inventories])
        return Material(self.inventories, self.numbers[sides[self.numbers] == held_out])

    @property
    def frames(self) -> NDArray[np.int64]:
        """Length of each item, [n]."""
        return np.concatenate([one.frames for one in self.inventories])[self.numbers]

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, place: int) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> Material: ...
    def __getitem__(self, place: int | slice) -> Item | Material:
        if isinstance(place, slice):
            return Material(self.inventories, self.numbers[place])
        number = int(self.numbers[place])
        which = int(np.searchsorted(self._ends, number, side="right"))
        inventory = self.inventories[which]
        number -= int(self._ends[which]) - len(inventory)
        path, facts = inventory.record(number)
        name = f"{inventory.folder.resolve().name}/{path}"
        return Item(inventory.folder / path, int(inventory.frames[number]), facts, name)


def all_items(folders: Iterable[Path]) -> Material:
    """Every item of the folders, in a stable order.

    Raises:
        LongtakeError: if a folder is missing, its table of facts cannot be read, or there are folders without any item.
    """
    folders = [Path(folder) for folder in folders]
    found = Material.of(folders)
    if folders and not found:
        raise _nothing(folders)
    return found


def items(folders: Iterable[Path], *, held_out: bool) -> Material:
    """The items on one side of the split.

    Raises:
        AudioError: if there are none.
    """
    folders = [Path(folder) for folder in folders]
    found = all_items(folders).side(held_out=held_out) if folders else ()
    if not found:
        raise _nothing(folders)
    return found


def _nothing(folders: list[Path]) -> AudioError:
    for folder in folders:
        if any(folder.glob(f"*{SUFFIX}")):
            return AudioError(
                f"No material in {folder}, but tar files: give those by their names, such as "
                f"{folder / '*'}{SUFFIX}, to 'train latents --data'."
            )
    return AudioError(
        f"No material in {', '.join(map(str, folders)) or 'no folder'}: give folders of sounds "
        "with --data, or make some with 'train corpus'."
    )


def is_held_out(metadata: dict[str, Any]) -> bool:
    """Whether an item is excluded from training, for evaluation."""
    return bool(metadata.get("held_out", False))


class Crops:
    """Random stereo crops; items are drawn in proportion to their length."""

    def __init__(self, material: Sequence[Item], frames: int) -> None:
        self.material = material
        self.frames = frames
        lengths = (
            material.frames
            if isinstance(material, Material)
            else np.array([item.frames for item in material])
        )
        self.chances = Chances(lengths)

    def batch(self, size: int, rng: np.random.Generator, part: slice = WHOLE) -> Tensor:
        """A part of a batch of so many crops, [n, 2, frames] float32.

        Short items are padded with silence, and channels swapped half of the time. Of a file that breaks off another
        crop is drawn, and it is named in the log.
        """
        return torch.stack([self._crop(own) for own in self.chances.each(size, rng, part)])

    def _crop(self, own: tuple[int, np.random.Generator]) -> Tensor:
        index, rng = own

        def read(item: Item) -> Samples:
            start = int(rng.integers(0, max(item.frames - self.frames, 0) + 1))
            return read_sound(item.path, start, self.frames)

        samples = first_readable(
            self.material[index],
            read,
            lambda: self.material[int(self.chances.drawn(1, rng)[0])],
            "crop",
        )
        crop = np.zeros((2, self.frames), np.float32)
        crop[:, : samples.shape[1]] = samples
        gain = np.float32(10 ** (rng.uniform(-8, 1) / 20))
        return torch.from_numpy(crop[:: -1 if rng.random() < 0.5 else 1].copy() * gain)


def first_readable(
    item: Item, read: Callable[[Item], T], another: Callable[[], Item], what: str
) -> T:
    """What is read of an item; of one that breaks off or is gone, what is read of another, and it is named in the log.

    Args:
        item: the first that is tried.
        read: reads what is wanted of one.
        another: draws the next.
        what: is read, in the log.

    Raises:
        AudioError: if several in turn cannot be read.
    """
    for _ in range(TRIES):
        try:
            return read(item)
        except (AudioError, FileNotFoundError) as error:
            log.warning("%s Another %s takes its place.", error, what)
            failed, item = item, another()
    raise AudioError(f"{failed.path} and others cannot be read; are the disks still there?")
