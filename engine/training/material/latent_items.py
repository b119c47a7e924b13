"""Pieces as latents in eight bits, in memory and as a file each: `NAME.npz`.

A piece has its latents (the posterior means) with a step and a middle per channel, its facts, and whatever else is kept
of it, such as its score. Many of them are a sequence that reads each when asked for. Knows nothing of encoders.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from engine.composing.score import Score
from engine.errors import CheckpointError
from engine.training.material.recent import Recent
from engine.whole_files import whole

LEVELS = 255
"""Steps between the lowest and the highest value of a channel."""
STATISTICS = "statistics.npz"
MOST_BYTES = 1 << 29
"""Of pieces from files that stay in memory once they were read: 108 h of music."""
DAMAGE = (
    *(ValueError, LookupError, TypeError, AttributeError, RuntimeError, EOFError),
    *(zipfile.BadZipFile, zlib.error),
)
"""What reading the content of a damaged file raises."""


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


@dataclass(frozen=True, slots=True)
class Encoded:
    """What is written of one piece: posterior mean and deviation [D, T], facts, and arrays to keep beside them."""

    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    facts: dict[str, Any]
    beside: Mapping[str, NDArray[Any]] = field(default_factory=dict)


class Pieces(Sequence[LatentItem]):
    """Many pieces, each read when it is asked for.

    Attributes:
        frames: length of each in latent frames, [n] int64.
        held_out: whether it is kept from training, [n] bool.
    """

    frames: NDArray[np.int64]
    held_out: NDArray[np.bool_]

    @abstractmethod
    def read(self, number: int) -> LatentItem:
        """The piece of a number, from 0."""

    def some(self, numbers: NDArray[np.integer[Any]]) -> Pieces:
        """Those of some numbers, in that order."""
        return _Some(self, np.asarray(numbers, np.int64))

    def side(self, *, held_out: bool) -> Pieces:
        """Those on one side of the split."""
        return self.some(np.flatnonzero(self.held_out == held_out))

    def __len__(self) -> int:
        return len(self.frames)

    @overload
    def __getitem__(self, place: int) -> LatentItem: ...
    @overload
    def __getitem__(self, place: slice) -> Pieces: ...
    def __getitem__(self, place: int | slice) -> LatentItem | Pieces:
        numbers = range(len(self))[place]
        return self.read(numbers) if isinstance(numbers, int) else self.some(np.array(numbers))


class _Some(Pieces):
    """Some of many pieces."""

    def __init__(self, every: Pieces, numbers: NDArray[np.int64]) -> None:
        self.every, self.numbers = every, numbers
        self.frames, self.held_out = every.frames[numbers], every.held_out[numbers]

    def read(self, number: int) -> LatentItem:
        """The piece of a number among these."""
        return self.every.read(int(self.numbers[number]))


class Files(Pieces):
    """Pieces of a file each; those read last stay in memory, since they have to be unpacked."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Reads how long each is, and on which side of the split."""
        self.paths = list(paths)
        known = [_looked_at(path) for path in self.paths]
        self.frames = np.array([frames for frames, _ in known], np.int64)
        self.held_out = np.array([held_out for _, held_out in known], bool)
        self._recent: Recent[int, LatentItem] = Recent(MOST_BYTES, _bytes)

    def read(self, number: int) -> LatentItem:
        """The piece of a number."""
        return self._recent.get(number, lambda: read_item(self.paths[number]))

    def add(self, path: Path) -> None:
        """One more, after the last."""
        frames, held_out = _looked_at(path)
        self.paths.append(path)
        self.frames = np.append(self.frames, frames)
        self.held_out = np.append(self.held_out, held_out)


def _bytes(item: LatentItem) -> int:
    return item.latents.values.nbytes


def _looked_at(path: Path) -> tuple[int, bool]:
    """Length and side of a piece, without its latents."""
    with _reading(path):
        with zipfile.ZipFile(path) as parts, parts.open("values.npy") as file:
            version = np.lib.format.read_magic(file)
            read = (
                np.lib.format.read_array_header_1_0
                if version == (1, 0)
                else np.lib.format.read_array_header_2_0
            )
            frames = int(read(file)[0][1])
        with np.load(path) as arrays:
            held_out = json.loads(arrays["facts"].tobytes()).get("held_out", False)
        return frames, bool(held_out)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Says of a file that fails in the block why it does."""
    try:
        yield
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}.") from error
    except DAMAGE as error:
        raise CheckpointError(f"{path} is no piece of latents ({error}); delete it.") from error


def write_item(target: Path, piece: Encoded) -> None:
    """Writes one piece as a file that is whole or not there."""
    item = LatentItem(EightBits.of(piece.mean), np.square(piece.std).mean(axis=1), piece.facts)
    with whole(target) as part:
        part.write_bytes(packed(item, piece.beside))


def packed(item: LatentItem, beside: Mapping[str, NDArray[Any]] | None = None) -> bytes:
    """A piece as the content of its file, with its score or other arrays beside it."""
    if beside is None:
        beside = item.score.arrays() if item.score else {}
    arrays = {
        "values": np.ascontiguousarray(item.latents.values),
        "step": item.latents.step,
        "middle": item.latents.middle,
        "posterior_variance": item.posterior_variance,
        "facts": np.frombuffer(json.dumps(item.metadata).encode(), np.uint8),
        **beside,
    }
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def read_item(path: Path) -> LatentItem:
    """Reads latents, facts and score of one piece; what else is in the file stays there.

    Raises:
        CheckpointError: if it cannot be read, or is damaged.
    """
    with _reading(path):
        return unpacked(path.read_bytes())


def unpacked(content: bytes) -> LatentItem:
    """The piece in the content of its file; one of `DAMAGE` if that is damaged."""
    with np.load(io.BytesIO(content)) as arrays:
        small = EightBits(arrays["values"], arrays["step"], arrays["middle"])
        facts = json.loads(arrays["facts"].tobytes())
        score = Score.from_arrays(arrays) if "score_notes" in arrays else None
        return LatentItem(small, arrays["posterior_variance"], facts, score)


def read_beside(path: Path) -> dict[str, NDArray[Any]]:
    """Everything in a piece's file, by name: `Score.from_arrays` finds the score in it."""
    with np.load(path) as arrays:
        return dict(arrays)


def numbered(folder: Path, number: int) -> Path:
    """The file of a piece in a folder whose pieces have numbers for names."""
    return folder / f"{number:07d}.npz"


def pieces(folder: Path) -> list[Path]:
    """The files of a folder's pieces, by name."""
    return sorted(path for path in folder.glob("*.npz") if path.name != STATISTICS)
