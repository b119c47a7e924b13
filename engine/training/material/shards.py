"""Latents in shards: many pieces a file, mapped into memory, so that nothing grows with the material but an index.

A shard is a safetensors file. Its latents are [frames, D], one piece after the other, so that a crop lies together on
disk; they are read through the page cache, which all processes of a machine share. A piece is known by a digest of its
name, and the order of the digests is that of the pieces: it does not depend on who encoded what, or when. Knows nothing
of encoders.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save

from engine.composing.score import Score
from engine.errors import CheckpointError
from engine.training.material.latent_items import (
    DAMAGE,
    EightBits,
    Encoded,
    LatentItem,
    Pieces,
)
from engine.whole_files import whole

SHARD_BYTES = 1 << 26
"""Of a shard: 13 h of music at most."""
PATIENCE = 600.0
"""Seconds after which a shard is written though it is small: what a process that is killed has to do again."""
SUFFIX = ".safetensors"
DIGEST = 16
_DTYPES = {"I8": np.int8, "U8": np.uint8, "I64": np.int64, "F32": np.float32}
_PLACES = {"values": "places", "texts": "text_places", "beside": "beside_places"}
"""Of what belongs to pieces one after the other: where each begins and ends."""
_NEEDED = frozenset(
    (
        *("ids", "step", "middle", "posterior_variance", "held_out"),
        *_PLACES,
        *_PLACES.values(),
    )
)


def identity(name: str) -> bytes:
    """What a piece of that name is known by."""
    return hashlib.blake2b(name.encode(errors="surrogateescape"), digest_size=DIGEST).digest()


def digests(names: Iterable[str]) -> NDArray[np.bytes_]:
    """What pieces of those names are known by, [n], as texts of bytes that numpy can order."""
    return np.fromiter(map(identity, names), f"S{DIGEST}")


class ShardWriter:
    """Collects pieces and writes a shard when there are enough, or after some minutes; the last one with `flush`."""

    def __init__(self, folder: Path, most_bytes: int = SHARD_BYTES) -> None:
        self.folder, self.most_bytes = folder, most_bytes
        self._begin()

    def add(self, name: str, piece: Encoded) -> None:
        """Takes one more piece; its name is kept among its facts."""
        self._ids.append(identity(name))
        self._latents.append(EightBits.of(piece.mean))
        self._variances.append(np.square(piece.std).mean(axis=1))
        self._held_out.append(bool(piece.facts.get("held_out", False)))
        self._texts.append(json.dumps({"name": name, **piece.facts}).encode())
        self._beside.append(_packed(piece.beside) if piece.beside else b"")
        self._bytes += self._latents[-1].values.nbytes
        if self._bytes >= self.most_bytes or time.monotonic() - self._begun > PATIENCE:
            self.flush()

    def flush(self) -> None:
        """Writes what there is, as a file that is whole or not there."""
        if not self._ids:
            return
        lengths = [latents.values.shape[1] for latents in self._latents]
        arrays = {
            "ids": np.frombuffer(b"".join(self._ids), np.uint8).reshape(-1, DIGEST),
            "places": _places(lengths),
            "values": np.concatenate([latents.values.T for latents in self._latents]),
            "step": np.stack([latents.step for latents in self._latents]),
            "middle": np.stack([latents.middle for latents in self._latents]),
            "posterior_variance": np.stack(self._variances).astype(np.float32),
            "held_out": np.array(self._held_out, np.uint8),
            "texts": np.frombuffer(b"".join(self._texts), np.uint8),
            "text_places": _places([len(text) for text in self._texts]),
            "beside": np.frombuffer(b"".join(self._beside), np.uint8),
            "beside_places": _places([len(content) for content in self._beside]),
        }
        content = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
        # No two shards have the same first piece.
        with whole(self.folder / f"{self._ids[0].hex()}{SUFFIX}") as part:
            part.write_bytes(content)
        self._begin()

    def _begin(self) -> None:
        self._bytes, self._begun = 0, time.monotonic()
        self._ids: list[bytes] = []
        self._latents: list[EightBits] = []
        self._variances: list[NDArray[np.float32]] = []
        self._held_out: list[bool] = []
        self._texts: list[bytes] = []
        self._beside: list[bytes] = []


class Shard:
    """One file, mapped into memory.

    Attributes:
        path: of the file.
        arrays: its tensors, by name.
    """

    def __init__(self, path: Path) -> None:
        """Maps the file.

        Raises:
            CheckpointError: if it cannot be read, is no shard, or is damaged.
        """
        self.path = path
        try:
            self.arrays = _mapped(path)
        except OSError as error:
            raise CheckpointError(f"{path} cannot be read: {error.strerror or error}.") from error
        except DAMAGE as error:
            raise self._damaged(error) from error

    def __getstate__(self) -> Path:
        """Another process maps it for itself."""
        return self.path

    def __setstate__(self, path: Path) -> None:
        self.__init__(path)

    def read(self, row: int) -> LatentItem:
        """The piece of a row; its latents stay on disk until a crop is taken.

        Raises:
            CheckpointError: if it is damaged.
        """
        arrays = self.arrays
        first, last = arrays["places"][row : row + 2]
        latents = EightBits(
            arrays["values"][first:last].T, arrays["step"][row], arrays["middle"][row]
        )
        return LatentItem(
            latents, arrays["posterior_variance"][row], self.facts(row), self._score(row)
        )

    def facts(self, row: int) -> dict[str, Any]:
        """What is known of the piece of a row.

        Raises:
            CheckpointError: if it is damaged.
        """
        try:
            return json.loads(self._bytes("texts", "text_places", row))
        except DAMAGE as error:
            raise self._damaged(error) from error

    def _score(self, row: int) -> Score | None:
        beside = self._bytes("beside", "beside_places", row)
        if not beside:
            return None
        try:
            with np.load(io.BytesIO(beside)) as kept:
                return Score.from_arrays(kept) if "score_notes" in kept else None
        except DAMAGE as error:
            raise self._damaged(error) from error

    def _damaged(self, error: BaseException) -> CheckpointError:
        return CheckpointError(
            f"{self.path} is no shard of latents, or damaged ({error}); delete it and run "
            "'longtake train latents' again."
        )

    def _bytes(self, name: str, places: str, row: int) -> bytes:
        first, last = self.arrays[places][row : row + 2]
        return self.arrays[name][first:last].tobytes()


class Shards(Pieces):
    """All pieces of a folder's shards, in the order of their digests.

    Attributes:
        folder: where they are.
        ids: digests, [n] in ascending order.
    """

    def __init__(self, folder: Path) -> None:
        """Reads the index of every shard: 37 bytes a piece; one that was encoded twice counts once.

        Raises:
            CheckpointError: if a shard cannot be read, or is damaged.
        """
        self.folder = folder
        self.shards = [Shard(path) for path in shard_files(folder)]
        found = [_ids(shard) for shard in self.shards]
        self.ids, order = np.unique(
            np.concatenate([np.zeros(0, f"S{DIGEST}"), *found]), return_index=True
        )
        counts = [len(one) for one in found]
        rows = np.concatenate([np.zeros(0, np.int64), *map(np.arange, counts)])
        self._shard = np.repeat(np.arange(len(counts), dtype=np.int32), counts)[order]
        self._row = rows.astype(np.int32)[order]
        self.frames = self._column(lambda shard: np.diff(shard.arrays["places"]), order, np.int64)
        self.held_out = self._column(lambda shard: shard.arrays["held_out"], order, np.bool_)

    def read(self, number: int) -> LatentItem:
        """The piece of a number."""
        return self.shards[self._shard[number]].read(int(self._row[number]))

    def facts(self, number: int) -> dict[str, Any]:
        """What is known of the piece of a number, without its latents."""
        return self.shards[self._shard[number]].facts(int(self._row[number]))

    def has(self, ids: NDArray[np.bytes_]) -> NDArray[np.bool_]:
        """Which of some digests are here."""
        return np.isin(ids, self.ids)

    def _column(
        self, of: Callable[[Shard], NDArray[Any]], order: NDArray[np.int64], dtype: Any
    ) -> NDArray[Any]:
        columns = [np.asarray(of(shard)) for shard in self.shards]
        return np.concatenate([np.zeros(0, dtype), *columns]).astype(dtype)[order]


def shard_files(folder: Path) -> list[Path]:
    """The shards of a folder."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def _ids(shard: Shard) -> NDArray[np.bytes_]:
    return np.array(shard.arrays["ids"]).view(f"S{DIGEST}").reshape(-1)


def _places(lengths: list[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _packed(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _mapped(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a safetensors file as views of it."""
    with path.open("rb") as file:
        size, total = int.from_bytes(file.read(8), "little"), os.fstat(file.fileno()).st_size
        if not 0 < size <= total - 8:
            raise ValueError("it has no header")
        head: dict[str, Any] = json.loads(file.read(size))
    content = _bytes_of(path, total)
    arrays: dict[str, NDArray[Any]] = {}
    for name, told in head.items():
        if name != "__metadata__":
            first, last = (8 + size + place for place in told["data_offsets"])
            view = content[first:last].view(_DTYPES[told["dtype"]])
            arrays[name] = view.reshape(told["shape"])
    if missing := _NEEDED - set(arrays):
        raise ValueError(f"it lacks {', '.join(sorted(missing))}")
    for name, places in _PLACES.items():
        _check_places(arrays[places], len(arrays["ids"]), len(arrays[name]))
    return arrays


def _bytes_of(path: Path, size: int) -> NDArray[np.uint8]:
    """A file as memory. Torch closes what it has mapped, as numpy does not: a process may have but 1024 files open."""
    try:
        # Torch takes bytes too, and so any name.
        name: Any = os.fsencode(path)
        content = torch.from_file(name, False, size, dtype=torch.uint8).numpy()
    except RuntimeError as error:
        raise OSError(str(error)) from error
    content.flags.writeable = False
    return content


def _check_places(places: NDArray[np.int64], pieces: int, length: int) -> None:
    if (
        len(places) != pieces + 1
        or places[0]
        or places[-1] != length
        or (np.diff(places) < 0).any()
    ):
        raise ValueError("its pieces are not where it says")
