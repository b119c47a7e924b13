"""Laws of latents in eight bits: off by at most half a step, whole on disk, with the score beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.composing import compose
from engine.composing.score import Score
from engine.errors import CheckpointError
from engine.training.material.latents import (
    STATISTICS,
    EightBits,
    Encoded,
    open_pieces,
    pieces,
    read_beside,
    read_item,
    read_statistics,
    statistics,
    write_item,
    write_statistics,
)
from tests.engine.training.pieces import SILENCE, piece_of, pieces_of


def test_rounding_is_off_by_half_a_step_at_most() -> None:
    latents = np.random.default_rng(0).normal(size=(64, 500)) * np.geomspace(0.01, 30, 64)[:, None]
    small = EightBits.of(latents)
    spread = latents.max(axis=1) - latents.min(axis=1)
    assert small.values.dtype == np.int8
    assert np.allclose(small.step, spread / 255)
    error = np.abs(small.restored() - latents).max(axis=1)
    assert (error <= 0.502 * small.step).all()
    assert np.array_equal(small.restored(100, 130), small.restored()[:, 100:130])


def test_a_constant_channel_stays_what_it_is() -> None:
    latents = np.tile(SILENCE[:, None], (1, 40))
    assert np.allclose(EightBits.of(latents).restored(), latents, atol=1e-6)


def test_a_piece_is_one_file_with_its_facts_and_its_score(tmp_path: Path) -> None:
    arrangement = compose(3, seconds=20.0)
    piece = piece_of(4.0)
    score = Score.of(arrangement)
    path = tmp_path / "0000003.npz"
    write_item(path, Encoded(piece.mean, piece.std, arrangement.metadata(), score.arrays()))
    write_statistics(tmp_path, statistics([read_item(path)], SILENCE))
    assert pieces(tmp_path) == [path]
    item = read_item(path)
    assert item.metadata == arrangement.metadata()
    assert item.frames == piece.mean.shape[1]
    assert np.allclose(item.posterior_variance, 0.01)
    again = Score.from_arrays(read_beside(path)).arrays()
    for name, array in score.arrays().items():
        assert np.array_equal(again[name], array), name


def test_statistics_are_those_of_draws_from_the_posterior(tmp_path: Path) -> None:
    items = pieces_of(30.0, 60.0)
    found = statistics(items, SILENCE)
    every = np.concatenate([item.latents.restored() for item in items], axis=1)
    assert np.allclose(found.mean, every.mean(axis=1), atol=1e-5)
    assert found.std == pytest.approx(np.sqrt(every.var(axis=1).mean() + 0.01), rel=1e-4)
    write_statistics(tmp_path, found)
    assert np.array_equal(read_statistics(tmp_path).silence, SILENCE)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"\x93NUMPY", b"nothing"])
def test_damaged_files_are_named(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / STATISTICS).write_bytes(damage)
    with pytest.raises(CheckpointError, match=r"statistics\.npz is damaged.*train latents"):
        read_statistics(tmp_path)
    path = tmp_path / "0000001.npz"
    path.write_bytes(damage)
    for read in (read_item, lambda path: open_pieces(path.parent)):
        with pytest.raises(CheckpointError, match=r"0000001\.npz is no piece of latents"):
            read(path)
    with pytest.raises(CheckpointError, match=r"gone\.npz cannot be read"):
        read_item(tmp_path / "gone.npz")
