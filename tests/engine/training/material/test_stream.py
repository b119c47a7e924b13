"""Laws of a stream: every piece once an epoch, in an order that follows from seed and step, whoever reads it."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.composing import compose
from engine.composing.score import Score
from engine.errors import AudioError, CheckpointError
from engine.training import cli
from engine.training.batches import Batches
from engine.training.material.latent_items import STATISTICS
from engine.training.material.latents import read_statistics, statistics, write_statistics
from engine.training.material.shards import Shards, ShardWriter
from engine.training.material.shelf import Ledger, Shelf, Span
from engine.training.material.stream import (
    MIXED,
    POOL_STEPS,
    Stream,
    TarPieces,
    held_out_of,
    open_shelf,
    statistics_of,
)
from engine.training.material.tars import tars_in
from engine.training.recipes import SMOKE
from tests.engine.training.pieces import SILENCE, piece_of
from tests.engine.training.server import Server, served
from tests.engine.training.test_batches import same

COUNT = 60


@pytest.fixture(scope="module")
def latents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty pieces; every tenth is held out, the first has a score."""
    folder = tmp_path_factory.mktemp("latents")
    writer = ShardWriter(folder)
    for number in range(COUNT):
        piece = piece_of(1.0 + number % 5, number)
        facts = {**piece.facts, "held_out": number % 10 == 9}
        score = Score.of(compose(3, seconds=20.0)).arrays() if number == 0 else {}
        writer.add(f"{number:03d}", replace(piece, facts=facts, beside=score))
    writer.flush()
    write_statistics(folder, statistics(Shards(folder), SILENCE))
    return folder


@pytest.fixture(scope="module")
def packed(latents: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same in a dozen tar shards."""
    out = tmp_path_factory.mktemp("tars")
    cli.main(["shards", "--latents", str(latents), "--out", str(out), "--gb", "0.000025"])
    assert len(tars_in([out])) > MIXED
    return out


@pytest.fixture(scope="module")
def server(packed: Path) -> Iterator[Server]:
    with served(packed) as found:
        yield found


def remote(server: Server) -> str:
    last = len(tars_in([server.folder])) - 1
    return f"{server.address}/shard-{{00000..{last:05d}}}.tar"


def test_pieces_come_back_as_they_went_in(latents: Path, packed: Path) -> None:
    exact = {item.metadata["name"]: item for item in Shards(latents)}
    found = {item.metadata["name"]: item for item in TarPieces(tars_in([packed]))}
    assert set(found) == set(exact)
    for name, item in found.items():
        assert np.array_equal(item.latents.restored(), exact[name].latents.restored())
        assert item.metadata == exact[name].metadata
        assert (item.score is None) == (exact[name].score is None)
    assert found["000"].score is not None
    first, second = statistics_of(packed), read_statistics(latents)
    assert np.array_equal(first.std, second.std)
    assert len(held_out_of(packed)) == len(held_out_of(latents)) == 6


def test_an_epoch_has_every_piece_once_and_shards_stay_together(packed: Path) -> None:
    stream = Stream(tars_in([packed]), seed=1)
    orders = [stream.order(epoch) for epoch in (0, 1, 0)]
    assert np.array_equal(orders[0], orders[2]) and not np.array_equal(orders[0], orders[1])
    for order in orders:
        assert sorted(order) == np.flatnonzero(~stream.pieces.held_out).tolist()
    assert not np.array_equal(orders[0], Stream(tars_in([packed]), seed=2).order(0))
    shards = stream.pieces.shard[orders[0]]
    first = len(np.unique(shards[: len(shards) // 3]))
    assert first <= MIXED < len(stream.pieces.tars)


def test_pools_follow_the_order_through_its_epochs(packed: Path) -> None:
    stream = Stream(tars_in([packed]), seed=1, pool=20)
    spans = [stream.grown(Span(), step) for step in range(0, 5 * POOL_STEPS, POOL_STEPS)]
    assert [span.first for span in spans] == [0, 20, 40, 60, 80]
    seen = np.concatenate([stream.numbers(span) for span in spans])
    assert np.array_equal(seen, np.concatenate([stream.order(0), stream.order(1)])[:100])
    assert stream.grown(Span(), 70) == stream.grown(Span(), POOL_STEPS)
    assert stream.items(spans[2]).frames.tolist() == [i.frames for i in stream.items(spans[2])]


def test_batches_are_the_same_from_disk_and_server_with_any_number_of_readers(
    packed: Path, server: Server
) -> None:
    near = Batches(SMOKE, Stream(tars_in([packed]), 3, pool=20), SILENCE, seed=0)
    far = Batches(SMOKE, Stream(tars_in([remote(server)]), 3, pool=20), SILENCE, seed=0)
    ledger = Ledger()
    places = []
    for step in (0, 49, 50, 51, 170):
        ledger.note(step, near.shelf.grown(Span(), step))
        places.append((step, ledger.at(step)))
    made = list(islice(far.ahead(iter(places), 2, pinned=False), len(places)))
    for place, batch in zip(places, made, strict=True):
        assert same(batch, near[place])
    assert not same(near[places[1]], near[(places[1][0], places[2][1])])


def test_ranks_read_their_part_only(packed: Path, server: Server) -> None:
    from engine.training.material.windows import Windows

    def windows(where: str | Path) -> Windows:
        stream = Stream(tars_in([where]), pool=30)
        return Windows(stream.items(Span(0, 30)), SILENCE, SMOKE.model.latent_rate)

    whole = windows(packed).batch(32, 8, np.random.default_rng(0))[0]
    far = [windows(remote(server)) for _ in range(2)]
    server.asked.clear()
    parts = [
        one.batch(32, 8, np.random.default_rng(0), part)[0]
        for one, part in zip(far, (slice(0, 4), slice(4, 8)), strict=True)
    ]
    assert torch.equal(torch.cat(parts), whole)
    assert len(server.asked) <= 8


def test_another_process_gets_no_pieces_with_it(packed: Path) -> None:
    stream = Stream(tars_in([packed]))
    list(stream.items(Span(0, 50)))
    assert len(pickle.dumps(stream)) < 20_000


def test_what_is_a_stream_and_what_a_folder(latents: Path, packed: Path, tmp_path: Path) -> None:
    assert isinstance(open_shelf(packed), Stream)
    assert type(open_shelf(str(latents))) is Shelf
    shard = tmp_path / "shard-00000.tar"
    shard.write_bytes((packed / "shard-00000.tar").read_bytes())
    with pytest.raises(AudioError, match=r"shard-00000\.index\.npz cannot be read"):
        open_shelf(shard)
    (tmp_path / "shard-00000.index.npz").write_bytes(b"nothing")
    with pytest.raises(AudioError, match="train shards"):
        open_shelf(shard)
    (tmp_path / "shard-00000.index.npz").write_bytes(
        (packed / "shard-00000.index.npz").read_bytes()
    )
    shard.write_bytes(b"x" * 1000)
    with pytest.raises(AudioError, match="ends before its index says"):
        list(open_shelf(shard).items(Span(0, 3)))


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"\x93NUMPY", b"nothing"])
def test_damaged_files_are_named(packed: Path, tmp_path: Path, damage: bytes) -> None:
    for path in packed.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / STATISTICS).write_bytes(damage)
    with pytest.raises(CheckpointError, match=r"statistics\.npz is damaged.*copy it"):
        statistics_of(tmp_path)
    shard = tmp_path / "shard-00000.tar"
    shard.write_bytes(damage + bytes(shard.stat().st_size - len(damage)))
    with pytest.raises(CheckpointError, match=r"shard-00000\.tar has a damaged piece"):
        TarPieces([str(shard)])[0]
    (tmp_path / "shard-00000.index.npz").write_bytes(damage)
    with pytest.raises(AudioError, match=r"shard-00000\.tar has no index that can be read"):
        TarPieces([str(shard)])
