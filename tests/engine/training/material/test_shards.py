"""Laws of shards: a piece comes back as it was, the order is nobody's, and memory does not grow with the material."""

from __future__ import annotations

import errno
import os
import pickle
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from engine.composing import compose
from engine.composing.score import Score
from engine.errors import CheckpointError
from engine.training.material import shards
from engine.training.material.latent_items import EightBits, Encoded
from engine.training.material.shards import Shards, ShardWriter, digests, identity, shard_files
from engine.training.material.shelf import Shelf, Span, one_side
from engine.training.material.windows import Windows
from tests.engine.training.pieces import SILENCE, piece_of

MANY = 10_000


def tiny(number: int) -> Encoded:
    """A piece of 8 to 39 frames of 4 channels, that says which it is."""
    frames = 8 + number % 32
    mean = np.full((4, frames), number, np.float32)
    facts = {"genres": ["House"], "held_out": number % 100 == 0, "number": number}
    return Encoded(mean + np.arange(frames, dtype=np.float32), np.full_like(mean, 0.1), facts)


def write(folder: Path, *numbers: int, most_bytes: int = 1 << 16) -> None:
    folder.mkdir(exist_ok=True)
    writer = ShardWriter(folder, most_bytes)
    for number in numbers:
        writer.add(f"music/{number}.flac", tiny(number))
    writer.flush()


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten thousand pieces, in shards of about 700."""
    folder = tmp_path_factory.mktemp("many")
    write(folder, *range(MANY))
    return folder


def test_a_piece_comes_back_with_its_facts_and_its_score(tmp_path: Path) -> None:
    piece, score = piece_of(4.0), Score.of(compose(3, seconds=20.0))
    writer = ShardWriter(tmp_path)
    writer.add("a", replace(piece, beside=score.arrays()))
    writer.add("b", piece)
    writer.flush()
    writer.flush()
    assert len(shard_files(tmp_path)) == 1
    found = {item.metadata["name"]: item for item in Shards(tmp_path)}
    small = EightBits.of(piece.mean)
    for item in found.values():
        assert np.array_equal(item.latents.restored(), small.restored())
        assert np.array_equal(item.latents.restored(5, 9), small.restored(5, 9))
        assert np.allclose(item.posterior_variance, 0.01)
        assert item.frames == piece.mean.shape[1]
        assert item.metadata == {"name": item.metadata["name"], **piece.facts}
    kept = found["a"].score
    assert kept is not None and found["b"].score is None
    for name, array in score.arrays().items():
        assert np.array_equal(kept.arrays()[name], array), name


def test_ten_thousand_pieces_cost_an_index_and_no_more(many: Path) -> None:
    # What prompts are made of is read with the first of them.
    Windows(Shards(many)[:8], SILENCE[:4], 21.5).batch(16, 8, np.random.default_rng(0))
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        shelf = Shelf(many)
        windows = Windows(shelf.items(Span(0, 9900)), SILENCE[:4], 21.5)
        opened = tracemalloc.get_traced_memory()[0] - before
        for seed in range(100):
            windows.batch(16, 8, np.random.default_rng(seed))
        after = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert opened < 110 * MANY, opened
    assert after - opened < 50_000, after - opened


def test_each_of_ten_thousand_is_the_piece_of_its_name(many: Path) -> None:
    pieces = one_side(many, held_out=False)
    held = one_side(many, held_out=True)
    assert (len(pieces), len(held)) == (9900, 100)
    for place in range(0, 9900, 331):
        item = pieces[place]
        number = item.metadata["number"]
        assert item.frames == pieces.frames[place] == 8 + number % 32
        assert item.latents.restored()[0, 0] == pytest.approx(number, abs=0.1)
    assert all(item.metadata["held_out"] for item in held[:5])


def test_the_order_depends_on_nobody(many: Path, tmp_path: Path) -> None:
    write(tmp_path / "other", *reversed(range(0, MANY, 2)), most_bytes=1 << 20)
    write(tmp_path / "other", *range(1, MANY, 2))
    write(tmp_path / "other", 17, 18)  # Encoded twice: they count once.
    one, other = Shards(many), Shards(tmp_path / "other")
    assert np.array_equal(one.ids, other.ids)
    assert np.array_equal(one.frames, other.frames)
    assert one.has(digests(["music/1.flac", "music/10001.flac"])).tolist() == [True, False]
    drawn = [
        Windows(pieces, SILENCE[:4], 21.5).batch(16, 6, np.random.default_rng(5), part)[0]
        for pieces, part in ((one, slice(None)), (other, slice(0, 2)), (other, slice(2, 6)))
    ]
    assert np.array_equal(drawn[0], np.concatenate(drawn[1:]))


def test_another_process_maps_them_for_itself(many: Path) -> None:
    shelf = Shelf(many)
    sent = pickle.dumps(shelf)
    assert len(sent) < 100 * MANY
    again = pickle.loads(sent).items(Span(0, 9900))[77]
    assert again.metadata == shelf.items(Span(0, 9900))[77].metadata


@pytest.mark.parametrize("damage", [b"", b"\xff" * 40, b"\x02\0\0\0\0\0\0\0{}"])
def test_a_damaged_shard_is_named(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "a.safetensors").write_bytes(damage)
    with pytest.raises(CheckpointError, match=r"a\.safetensors is no shard.*train latents"):
        Shards(tmp_path)


def test_what_the_machine_refuses_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, 1)

    def refused(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(CheckpointError, match=r"cannot be read: Too many open files\.$"):
        Shards(tmp_path)
    monkeypatch.undo()

    def no_room(*_: object, **__: object) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(torch, "from_file", no_room)
    with pytest.raises(CheckpointError, match=r"cannot be read: no room\.$"):
        Shards(tmp_path)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux lists them")
def test_a_mapped_shard_holds_no_file_open(many: Path) -> None:
    def opened() -> list[str]:
        return [os.path.realpath(one) for one in Path("/proc/self/fd").iterdir()]

    every = Shards(many)
    assert len(every.shards) > 10
    assert not [one for one in opened() if one.startswith(os.path.realpath(many))]
    assert every[5].frames == every.frames[5]


@pytest.mark.parametrize(
    ("name", "damage"), [("texts", b"\xff\xfe"), ("beside", b"nothing"), ("places", b"\x01")]
)
def test_a_shard_with_damaged_content_is_named(tmp_path: Path, name: str, damage: bytes) -> None:
    writer = ShardWriter(tmp_path)
    writer.add("a", replace(tiny(1), beside={"more": np.zeros(9)}))
    writer.flush()
    (path,) = shard_files(tmp_path)
    arrays = load_file(path)
    content = bytearray(arrays[name].tobytes())
    content[: len(damage)] = damage
    arrays[name] = np.frombuffer(content, arrays[name].dtype).reshape(arrays[name].shape)
    save_file(arrays, path)
    with pytest.raises(CheckpointError, match=r"is no shard of latents, or damaged"):
        list(Shards(tmp_path))


def test_a_shard_is_written_after_some_minutes_though_it_is_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = ShardWriter(tmp_path)
    writer.add("a", tiny(1))
    assert not shard_files(tmp_path)
    monkeypatch.setattr(shards, "PATIENCE", -1.0)
    writer.add("b", tiny(2))
    assert len(Shards(tmp_path)) == 2


def test_digests_differ_where_names_do() -> None:
    assert identity("a/x.wav") != identity("b/x.wav") != identity("a/x.mp3")
    assert len(identity("\udce9.wav")) == 16
