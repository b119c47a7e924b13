"""Latents in tar shards that stay where they are: on disk, behind http(s), or in object storage.

A run draws from a pool of pieces, which moves on through the shards in an order that follows from the seed: every epoch
anew, a few shards at a time, their pieces mixed. Which pool a step draws from follows from the step, and stands in the
run's ledger; so nothing depends on who reads, with how many processes, or how often the run was cut off. A piece is
read by its place in its shard when a crop of it is taken. Knows nothing of training.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import AudioError, CheckpointError
from engine.training.material.latent_items import (
    DAMAGE,
    MOST_BYTES,
    STATISTICS,
    LatentItem,
    Pieces,
    unpacked,
)
from engine.training.material.latents import Statistics, read_statistics, statistics_from
from engine.training.material.recent import Recent
from engine.training.material.shelf import Shelf, Span, one_side
from engine.training.material.tars import (
    INDEX,
    SUFFIX,
    beside,
    is_tar,
    read_all,
    read_part,
    tars_in,
)

MIXED = 8
"""Shards whose pieces are mixed."""
POOL = 2048
"""Pieces that steps draw from at one time."""
POOL_STEPS = 50
"""Steps after which the pool moves on by all of its pieces: as often as a run looks for new ones."""


class TarPieces(Pieces):
    """The pieces of latents in tar shards, by their indexes; those read last stay in memory.

    Attributes:
        tars: addresses of the shards.
        shard: which of them each piece is in, [n] int32.
    """

    def __init__(self, tars: Sequence[str]) -> None:
        """Reads the index of every shard.

        Raises:
            AudioError: if one is missing.
        """
        self.tars = list(tars)
        found = [_index(address) for address in self.tars]
        counts = [len(one["frames"]) for one in found]
        self.shard = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        self._first, self._size, self.frames = (
            np.concatenate([one[name] for one in found]) for name in ("first", "size", "frames")
        )
        self.held_out = np.concatenate([one["held_out"] for one in found]).astype(bool)
        self._recent: Recent[int, LatentItem] = Recent(MOST_BYTES, _bytes)

    def read(self, number: int) -> LatentItem:
        """The piece of a number.

        Raises:
            AudioError: if its shard cannot be read.
            CheckpointError: if the piece is damaged.
        """
        return self._recent.get(number, lambda: self._fetched(number))

    def _fetched(self, number: int) -> LatentItem:
        address = self.tars[self.shard[number]]
        content = read_part(address, int(self._first[number]), int(self._size[number]))
        try:
            return unpacked(content)
        except DAMAGE as error:
            raise CheckpointError(
                f"{address} has a damaged piece of latents ({error}); make the shards anew."
            ) from error


class Stream(Shelf):
    """The pieces of tar shards that are not held out, a pool at a time.

    Args:
        tars: addresses of the shards.
        seed: of the order.
        pool: pieces that steps draw from at one time.
    """

    def __init__(self, tars: Sequence[str], seed: int = 0, pool: int = POOL) -> None:
        self.pieces = TarPieces(tars)
        self.seed, self.pool = seed, pool
        self._own = np.flatnonzero(~self.pieces.held_out)
        if not len(self._own):
            raise AudioError(f"No latents to train on in {tars[0]} and what goes with it.")
        self._order: tuple[int, NDArray[np.int64]] = (-1, self._own)

    def grown(self, span: Span, step: int = 0) -> Span:
        """The pool that a step draws from: pieces by their place in the stream, which has no end."""
        return Span(step // POOL_STEPS * self.pool, self.pool)

    def items(self, span: Span) -> Pieces:
        """The pieces of a pool."""
        return self.pieces.some(self.numbers(span))

    def numbers(self, span: Span) -> NDArray[np.int64]:
        """Which pieces are at some places in the stream, [count]."""
        found: list[NDArray[np.int64]] = []
        place, end = span.first, span.end
        while place < end:
            epoch, first = divmod(place, len(self._own))
            taken = self.order(epoch)[first : first + end - place]
            found.append(taken)
            place += len(taken)
        return np.concatenate(found)

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Every piece once, in the order of an epoch, [n]."""
        if self._order[0] != epoch:
            self._order = (epoch, np.concatenate(list(self._mixed(epoch))))
        return self._order[1]

    def _mixed(self, epoch: int) -> Iterator[NDArray[np.int64]]:
        rng = np.random.default_rng((self.seed, epoch))
        shards = rng.permutation(len(self.pieces.tars))
        bounds = np.searchsorted(self.pieces.shard[self._own], np.arange(len(shards) + 1))
        for first in range(0, len(shards), MIXED):
            some = [
                self._own[bounds[shard] : bounds[shard + 1]]
                for shard in shards[first : first + MIXED]
            ]
            yield rng.permutation(np.concatenate(some))


def open_shelf(where: str | Path, seed: int = 0) -> Shelf:
    """What a run draws from: a folder of latents, or tar shards of them by their address.

    Raises:
        AudioError: if there is nothing.
    """
    return Stream(tars_in([where]), seed) if is_tar(where) else Shelf(Path(where))


def held_out_of(where: str | Path) -> Pieces:
    """What is held out in a folder or in tar shards."""
    if is_tar(where):
        return TarPieces(tars_in([where])).side(held_out=True)
    return one_side(Path(where), held_out=True)


def statistics_of(where: str | Path) -> Statistics:
    """The statistics of a folder, or those beside tar shards.

    Raises:
        AudioError: if there are none.
        CheckpointError: if they are damaged.
    """
    if not is_tar(where):
        return read_statistics(Path(where))
    address = beside(tars_in([where])[0], STATISTICS)
    return statistics_from(read_all(address), address)


def _index(address: str) -> dict[str, NDArray[Any]]:
    name = address.partition("?")[0].replace("\\", "/").rpartition("/")[2]
    found = read_all(beside(address, name.removesuffix(SUFFIX) + INDEX))
    try:
        with np.load(io.BytesIO(found)) as columns:
            return {name: columns[name] for name in ("first", "size", "frames", "held_out")}
    except DAMAGE as error:
        raise AudioError(
            f"{address} has no index that can be read; make shards with 'longtake train shards'."
        ) from error


def _bytes(item: LatentItem) -> int:
    return item.latents.values.nbytes
