"""Laws of the estimate: what is divided or smaller needs less, and what is said to fit fits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.training.group import Group
from engine.training.needs import advice, needs, remedies
from engine.training.recipes import PAPER, SMOKE

RTX_4090 = 25.3e9
"""Bytes of the card's memory."""


def test_weights_gradients_average_and_moments_follow_from_the_parameters() -> None:
    found = needs(PAPER)
    assert found.weights == pytest.approx(4 * 1.06e9, rel=0.01)
    assert found.gradients == found.average == found.weights == found.moments / 2
    assert found.total == pytest.approx(5 * found.weights + found.activations)


def test_the_papers_transformer_fits_a_4090_with_moments_of_8_bits_or_in_shards() -> None:
    small = replace(PAPER, dit=replace(PAPER.dit, optimizer="adamw8bit"))
    assert needs(small).total < 20e9
    assert needs(PAPER, 4).total < RTX_4090 / 2
    assert needs(replace(PAPER, sharded=False), 4).weights == needs(PAPER).weights
    halves = Group(precision="bfloat16")
    said = remedies(PAPER, halves, 20e9)
    assert "--optimizer adamw8bit" in said and "--shard over 2 cards" in said
    assert remedies(PAPER, halves, 1e6) == "it would fit with a larger card"


def test_activations_grow_with_the_batch_and_shrink_by_checkpoints_and_pieces() -> None:
    plain = needs(SMOKE).activations
    checkpoints = replace(SMOKE, dit=replace(SMOKE.dit, gradient_checkpointing=True))
    assert needs(checkpoints).activations < plain
    assert needs(SMOKE.with_batches(4)).activations == pytest.approx(4 * plain, rel=0.05)
    cut = replace(SMOKE, dit=replace(SMOKE.dit.multiplied(4), pieces=4))
    assert needs(cut).activations == pytest.approx(plain)
    assert "memory: about" in advice(SMOKE, Group.alone())


def test_whole_numbers_keep_twice_as_much_for_the_gradient_as_halves() -> None:
    halves, whole = needs(SMOKE), needs(SMOKE, precision="float32")
    assert whole.activations == 2 * halves.activations
    assert whole.total - halves.total == pytest.approx(halves.activations)
