"""Laws of batches: crops carry their place, times their distribution, and nothing depends on who made them, or when."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.composing import compose
from engine.composing.score import GROUPS, NOTES, Score
from engine.errors import SpecError
from engine.samplers.objectives import V_OBJECTIVE
from engine.score_grid import SCORE_ROWS
from engine.training.batches import (
    NEITHER,
    NO_SCORES,
    NOTES_ALONE,
    WHOLE_SCORES,
    Batch,
    Batches,
    partly,
    times,
)
from engine.training.group import Group
from engine.training.material.latents import read_item, write_item
from engine.training.material.shelf import GrowingShelf, Span
from engine.training.material.windows import Windows
from engine.training.recipes import SMOKE
from tests.engine.training.pieces import SILENCE, piece_of


@pytest.mark.parametrize("log_snr", [None, (-1.8, 1.4)])
def test_times_fall_and_follow_their_distribution(log_snr: tuple[float, float] | None) -> None:
    drawn = times(4000, log_snr, V_OBJECTIVE, torch.Generator().manual_seed(0))
    assert (drawn.diff() < 0).all()
    assert 0 < drawn.min() < drawn.max() < 1
    share = (torch.arange(4000) + 0.5) / 4000
    if log_snr is None:
        torch.testing.assert_close(1 - drawn, share.double(), atol=1 / 4000, rtol=0)
        return
    mean, scale = log_snr
    ratio = torch.log(V_OBJECTIVE.alpha(drawn) / V_OBJECTIVE.sigma(drawn))
    torch.testing.assert_close(
        torch.sigmoid((ratio - mean) / scale), share.double(), atol=1 / 4000, rtol=0
    )


@pytest.fixture
def shelf(tmp_path: Path) -> GrowingShelf:
    """Three pieces of a folder that grows."""
    shelf = GrowingShelf(tmp_path)
    for number in range(3):
        write_item(shelf.path(number), piece_of(4.0 + number, number))
    return shelf


def _grid(batch: Batch) -> torch.Tensor:
    assert batch.asked.grid is not None
    return batch.asked.grid


def same(some: tuple[Batch, ...], others: tuple[Batch, ...]) -> bool:
    return len(some) == len(others) and all(map(_same, some, others))


def _same(a: Batch, b: Batch) -> bool:
    if a.latents.shape != b.latents.shape or a.asked.texts != b.asked.texts:
        return False
    names = ("latents", "noise", "times", "no_text", "no_tempo")
    asked = [(a.asked.numbers, b.asked.numbers), (a.asked.grid, b.asked.grid)]
    tensors = [(getattr(a, name), getattr(b, name)) for name in names]
    return all(torch.equal(one, other) for one, other in tensors + asked)


def test_a_batch_follows_from_seed_step_and_span(shelf: GrowingShelf) -> None:
    first, again = (Batches(SMOKE, shelf, SILENCE, seed=0) for _ in range(2))
    again[(3, Span(0, 2))]
    assert same(first[(7, Span(0, 3))], again[(7, Span(0, 3))])
    assert not same(first[(7, Span(0, 3))], first[(7, Span(0, 1))])
    assert not same(first[(7, Span(0, 3))], Batches(SMOKE, shelf, SILENCE, seed=1)[(7, Span(0, 3))])


def test_other_processes_make_the_same_batches_in_the_same_order(shelf: GrowingShelf) -> None:
    batches = Batches(SMOKE, shelf, SILENCE, seed=0)
    places = [(step, Span(0, 1 + step // 2)) for step in range(5)]
    made = batches.ahead(iter(places), 2, pinned=False)
    for place, batch in zip(places, islice(made, 5), strict=True):
        assert same(batch, batches[place])


@pytest.mark.parametrize("pieces", [1, 3])
def test_the_parts_of_all_ranks_are_the_whole_batch(shelf: GrowingShelf, pieces: int) -> None:
    recipe = replace(SMOKE, dit=replace(SMOKE.dit.multiplied(3), pieces=pieces))
    place = (5, Span(0, 3))
    whole = Batches(SMOKE.with_batches(3), shelf, SILENCE, seed=0)[place]
    parts = [
        Batches(recipe, shelf, SILENCE, seed=0, group=Group(rank, 5))[place] for rank in range(5)
    ]
    # Sharded weights meet in every batch.
    assert len({len(batches) for batches in parts}) == 1
    for one in whole:
        found = [b for part in parts for b in part if b.latents.shape[-1] == one.latents.shape[-1]]
        assert all(batch.whole == len(one.latents) for batch in found)
        assert sum((batch.asked.texts for batch in found), ()) == one.asked.texts
        for name in ("latents", "noise", "times", "no_text", "no_tempo"):
            together = torch.cat([getattr(batch, name) for batch in found])
            assert torch.equal(together, getattr(one, name))


def test_a_batch_that_is_smaller_than_the_ranks_says_how_much_larger_it_has_to_be(
    shelf: GrowingShelf,
) -> None:
    with pytest.raises(SpecError, match=r"share a batch of 2; make batches 3 times .* --batch 3"):
        Batches(SMOKE, shelf, SILENCE, seed=0, group=Group(0, 5))
    Batches(SMOKE.with_batches(3), shelf, SILENCE, seed=0, group=Group(0, 5))


def test_shares_of_text_and_tempo_are_left_out(shelf: GrowingShelf) -> None:
    batches = Batches(SMOKE, shelf, SILENCE, seed=0)
    made = [batch for step in range(300) for batch in batches[(step, Span(0, 3))]]
    for name in ("no_text", "no_tempo"):
        left_out = torch.cat([getattr(batch, name) for batch in made]).float()
        assert left_out.mean().item() == pytest.approx(0.1, abs=0.03)


def test_a_score_is_told_whole_or_not_at_all_or_in_groups_of_any_kind() -> None:
    rng = np.random.default_rng(0)
    whole = Score.of(compose(3))
    told = [partly(whole, rng) for _ in range(4000)]
    known = [frozenset() if score is None else score.known for score in told]
    assert known.count(frozenset(GROUPS)) / 4000 == pytest.approx(WHOLE_SCORES, abs=0.03)
    assert known.count(frozenset()) / 4000 == pytest.approx(NO_SCORES, abs=0.03)
    rest = 1 - WHOLE_SCORES - NO_SCORES - NOTES_ALONE
    for group in GROUPS:
        others = [groups for groups in known if groups not in (frozenset(GROUPS), NOTES)]
        told = sum(group in groups for groups in others) / 4000
        assert told == pytest.approx(0.5 * rest, abs=0.03)
    assert known.count(NOTES) / 4000 == pytest.approx(NOTES_ALONE, abs=0.03)
    assert partly(None, rng) is None


def test_without_a_text_a_score_is_often_left_out_too(shelf: GrowingShelf) -> None:
    scored = replace(piece_of(6.0, 9), beside=Score.of(compose(3)).arrays())
    write_item(shelf.path(0), scored)
    batches = Batches(SMOKE, shelf, SILENCE, seed=0)
    made = [batch for step in range(400) for batch in batches[(step, Span(0, 1))]]
    untold = torch.cat([~_grid(batch)[:, -SCORE_ROWS:].any(2).any(1) for batch in made])
    no_text = torch.cat([batch.no_text for batch in made])
    rest = 1 - WHOLE_SCORES - NO_SCORES - NOTES_ALONE
    share = NO_SCORES + rest / 2 ** len(GROUPS)
    assert untold[~no_text].float().mean().item() == pytest.approx(share, abs=0.03)
    alone = NEITHER + (1 - NEITHER) * share
    assert untold[no_text].float().mean().item() == pytest.approx(alone, abs=0.1)


def test_a_piece_with_a_score_has_it_from_where_its_crop_begins(shelf: GrowingShelf) -> None:
    piece = compose(3)
    made = replace(piece_of(6.0, 9), beside=Score.of(piece).arrays())
    write_item(shelf.path(3), made)
    item = read_item(shelf.path(3))
    windows = Windows([item], SILENCE, SMOKE.model.latent_rate)
    for prompt in windows.batch(64, 8, np.random.default_rng(0))[1]:
        assert prompt.score is not None
        assert np.array_equal(prompt.score.notes, Score.of(piece).notes)
        assert prompt.music_start == prompt.seconds_start
