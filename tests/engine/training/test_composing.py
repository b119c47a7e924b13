"""Laws of composing: a piece follows from its number, the held-out ones come first, and it ends when told to."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.composing import compose, is_held_out
from engine.composing.score import Score
from engine.errors import LongtakeError
from engine.model_files import find_weights
from engine.registry import SKETCH
from engine.training.composing import Composing, Maker, Order, seed_of
from engine.training.material.latents import pieces, read_beside, read_item


@pytest.fixture
def order(tmp_path: Path) -> Order:
    return Order(
        folder=tmp_path / "latents",
        held_out_folder=tmp_path / "held_out",
        held_out=1,
        first=5,
        most_bytes=1,
        autoencoder=find_weights(SKETCH),
        judged_every=3,
        style="chiptune",
        seconds=6.0,
    )


def finished(order: Order, processes: int) -> None:
    """Composes until nothing is left to do."""
    composing = Composing(order, processes)
    try:
        while composing.working:
            time.sleep(0.05)
        composing.check()
    finally:
        composing.stop()


def test_numbers_are_all_seeds_but_the_held_out_ones() -> None:
    seeds = [seed_of(number) for number in range(150)]
    assert seeds == [seed for seed in range(1, seeds[-1] + 1) if not is_held_out(seed)]


def test_a_piece_is_the_composer_s_with_its_latents_and_its_score(order: Order) -> None:
    order.folder.mkdir()
    maker, path = Maker(order), order.folder / "0000007.npz"
    maker.make(path, seed_of(7), judged=False)
    piece, item = compose(8, "chiptune", seconds=6.0), read_item(path)
    assert item.metadata == piece.metadata()
    assert item.frames == -(-round(44_100 * piece.seconds) // 2048)
    score = Score.from_arrays(read_beside(path))
    assert len(score.notes) == sum(len(part.notes) for part in piece.parts)
    assert "spectrum" not in read_beside(path)
    written = path.read_bytes()
    maker.make(path, seed_of(7), judged=True)
    assert path.read_bytes() == written


def test_several_processes_fill_an_order_with_what_one_would_make(
    order: Order, tmp_path: Path
) -> None:
    finished(replace(order, most_bytes=30_000), 2)
    assert [path.stem for path in pieces(order.held_out_folder)] == ["0000000"]
    assert read_item(order.held_out_folder / "0000000.npz").metadata["held_out"]
    found = pieces(order.folder)
    assert [int(path.stem) for path in found] == list(range(5, 5 + len(found)))
    # It ends once it is full: only pieces that were begun before that are on top.
    sizes = [path.stat().st_size for path in found]
    assert sum(sizes) >= 30_000 > sum(sizes) - 2 * max(sizes)
    alone = Maker(order)
    for path in found:
        number = int(path.stem)
        again = tmp_path / path.name
        alone.make(again, seed_of(number), judged=number % 3 == 0)
        ours, theirs = read_beside(path), read_beside(again)
        assert ours.keys() == theirs.keys()
        assert ("spectrum" in ours) == (number % 3 == 0)
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.skipif(os.name != "posix", reason="only there a process ends by a signal")
def test_who_is_killed_leaves_no_gap(order: Order) -> None:
    composing = Composing(replace(order, most_bytes=10_000), 1)
    try:
        victim = composing.workers[0]
        while composing.places[0].value < 1:
            assert victim.is_alive()
            time.sleep(0.01)
        assert victim.pid is not None
        os.kill(victim.pid, signal.SIGKILL)
        victim.join()
        assert composing.working
        while composing.working:
            time.sleep(0.05)
        composing.check()
        assert composing.workers[0] is not victim
    finally:
        composing.stop()
    assert len(pieces(order.held_out_folder)) == 1
    found = pieces(order.folder)
    assert found
    assert [int(path.stem) for path in found] == list(range(5, 5 + len(found)))


def test_what_fails_is_said(order: Order) -> None:
    with pytest.raises(LongtakeError, match=r"Composing failed: .*chiptuna"):
        finished(replace(order, style="chiptuna"), 1)
