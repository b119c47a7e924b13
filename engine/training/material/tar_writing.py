"""Writes tar shards that webdataset and this project read: sounds as FLAC with their facts, or pieces of latents.

What goes into which shard follows from a seed, so that a shard read alone is a fair sample. Beside each shard stands
an index of where its samples lie. Knows nothing of where the material comes from.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import soundfile
from numpy.typing import NDArray

from engine.errors import SpecError
from engine.registry import SAMPLE_RATE
from engine.training.material.dataset import Item
from engine.training.material.latent_items import LatentItem, packed
from engine.training.material.shards import identity
from engine.training.material.sounds import read_sound
from engine.training.material.tars import INDEX
from engine.whole_files import whole

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Files:
    """A sample: its name, its files by what follows the name, length in frames, and whether it is held out.

    The index tells where the first file lies.
    """

    name: str
    content: dict[str, bytes]
    frames: int
    held_out: bool


@dataclass(frozen=True, slots=True, eq=False)
class Packing:
    """Into which shards material goes.

    Attributes:
        folder: for `shard-00000.tar` and so on.
        most_bytes: of a shard, about.
        seed: of the order.
        ids: digests that tell all items from others, [n].
    """

    folder: Path
    most_bytes: int
    seed: int
    ids: NDArray[np.bytes_]

    @property
    def stamp(self) -> bytes:
        """What is the same for all shards of one packing, and no other."""
        return identity(f"{self.seed} {self.most_bytes} {self.ids.tobytes().hex()}")


def write_tars(material: Sequence[T], made: Callable[[T], Files | None], packing: Packing) -> int:
    """Writes all of some material in a drawn order; shards that are there already are not written again.

    Args:
        material: what to pack.
        made: makes a sample of an item; None leaves it out.
        packing: where to.

    Returns:
        The number of shards.

    Raises:
        SpecError: if the folder has shards of another packing, or a damaged index.
    """
    packing.folder.mkdir(parents=True, exist_ok=True)
    order = np.random.default_rng(packing.seed).permutation(len(material))
    place = number = 0
    while place < len(order):
        path = packing.folder / f"shard-{number:05d}.tar"
        if path.exists() and path.with_suffix(INDEX).exists():
            place += _taken(path.with_suffix(INDEX), packing)
        else:
            place += _write(path, (made(material[int(one)]) for one in order[place:]), packing)
        number += 1
    return number


def _taken(index: Path, packing: Packing) -> int:
    """How many items a finished shard took."""
    try:
        with np.load(index) as known:
            if "packing" in known and known["packing"].tobytes() == packing.stamp:
                return int(known["taken"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise SpecError(
            f"{index} is damaged; delete it, and the same line packs its shard anew."
        ) from error
    raise SpecError(
        f"{index.parent} has shards of other material, or of another --seed or --gb; give another --out, or delete "
        "them."
    )


def _write(path: Path, some: Iterator[Files | None], packing: Packing) -> int:
    """Writes one shard and its index; how many items it took."""
    taken = 0
    rows: list[tuple[int, int, int, bool]] = []
    with whole(path) as part, tarfile.open(part, "w") as tar:
        for files in some:
            taken += 1
            if files is None:
                continue
            key = identity(files.name).hex()
            first = len(next(iter(files.content.values())))
            # Its content follows a header of one block.
            rows.append((tar.offset + tarfile.BLOCKSIZE, first, files.frames, files.held_out))
            for kind, content in files.content.items():
                head = tarfile.TarInfo(f"{key}.{kind}")
                head.size = len(content)
                tar.addfile(head, io.BytesIO(content))
            if tar.offset >= packing.most_bytes:
                break
    columns = np.array(rows, np.int64).reshape(-1, 4)
    names = ("first", "size", "frames", "held_out")
    with whole(path.with_suffix(INDEX)) as part, part.open("wb") as file:
        arrays: dict[str, NDArray[np.int64]] = dict(zip(names, columns.T, strict=True))
        stamp = np.frombuffer(packing.stamp, np.uint8)
        np.savez(file, allow_pickle=False, taken=np.array(taken), packing=stamp, **arrays)
    return taken


def sound_files(item: Item) -> Files:
    """An item's sound as FLAC of 16 bits, stereo at the models' rate, and its facts.

    Raises:
        AudioError: if it cannot be read.
    """
    audio = read_sound(item.path)
    file = io.BytesIO()
    scaled = np.clip(np.round(audio.T * 32768.0), -32768, 32767).astype(np.int16)
    soundfile.write(file, scaled, SAMPLE_RATE, "PCM_16", format="FLAC")
    facts = {**item.metadata, "name": item.known_as}
    content = {"flac": file.getvalue(), "json": json.dumps(facts).encode()}
    return Files(item.known_as, content, audio.shape[1], bool(facts.get("held_out", False)))


def latent_files(item: LatentItem) -> Files:
    """A piece of latents in its file; one without a name is known by what is in it."""
    content = packed(item)
    name = str(item.metadata.get("name") or hashlib.blake2b(content).hexdigest())
    held_out = bool(item.metadata.get("held_out", False))
    return Files(name, {"npz": content}, item.frames, held_out)
