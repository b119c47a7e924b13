"""The stage: every family learns its own objective, only adapters change, and a resumed run equals an unbroken one."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.latent_diffusion import LatentDiffusion
from engine.registry import ModelSpec
from engine.training.finetuning.adapters import LoraPlan, add_adapters
from engine.training.finetuning.families import Asking, recipe_for, sight_of
from engine.training.finetuning.run import learn_all
from engine.training.finetuning.seen import Seen
from engine.training.finetuning.stage import FineTuning
from engine.training.group import Group
from engine.training.loop import Budget, train
from engine.training.material.remembered import Remembering
from tests.engine.public.public_models import TINY_MEDIUM, TINY_SMALL
from tests.engine.tiny_model import TINY
from tests.engine.training.finetuning.little import FAMILIES, OPEN, Words, little, pieces_for

SECONDS = {TINY.name: 6.0, TINY_SMALL.name: 4.0, TINY_MEDIUM.name: 4.0}


def stage_of(spec: ModelSpec, *, lora: bool = True, rate: float = 3e-3) -> FineTuning:
    model, group = little(spec), Group.alone()
    if lora:
        add_adapters(model, LoraPlan(rank=4))
    else:
        learn_all(model)
    recipe = recipe_for(spec, Asking(lora=lora, rate=rate, seconds=SECONDS.get(spec.name)))
    sight = sight_of(spec, pieces_for(spec, 5.0, 9.0), recipe, group, 0)
    return FineTuning(model, sight, recipe, group, averaged=not lora)


def weights(model: LatentDiffusion) -> dict[str, Tensor]:
    return {name: p.detach().clone() for name, p in model.named_parameters()}


@pytest.mark.parametrize("spec", FAMILIES, ids=lambda spec: spec.name)
def test_every_family_learns_and_only_its_adapters_change(spec: ModelSpec) -> None:
    stage = stage_of(spec)
    before = weights(stage.model)
    same = stage.sight.at(0)
    first = sum(float(stage.loss(seen).detach()) * seen.share for seen in same)
    for step in range(5):
        losses = stage.step(step)
        assert all(math.isfinite(float(value)) for value in losses.values())
    after = weights(stage.model)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved and all(".parametrizations.weight.0." in name for name in moved)
    for _ in range(8):
        stage.step(0)  # The same crops and noise.
    assert sum(float(stage.loss(seen).detach()) * seen.share for seen in same) < first


@pytest.mark.parametrize("lora", [True, False])
def test_a_resumed_run_equals_an_unbroken_one(lora: bool, tmp_path: Path) -> None:
    whole = stage_of(OPEN, lora=lora)
    train(whole, tmp_path / "whole", Budget(steps=4))
    train(stage_of(OPEN, lora=lora), tmp_path / "parts", Budget(steps=2))
    resumed = stage_of(OPEN, lora=lora)
    train(resumed, tmp_path / "parts", Budget(steps=4))
    ours, theirs = weights(whole.model), weights(resumed.model)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    if not lora:
        one, two = whole.update.ema, resumed.update.ema
        assert one and two
        assert all(torch.equal(one.weights[name], two.weights[name]) for name in one.weights)


def test_recomputed_activations_change_no_gradient() -> None:
    def gradients(checkpointing: bool) -> list[Tensor]:
        stage = stage_of(TINY_MEDIUM)
        stage.model.dit.checkpointing = checkpointing
        stage.step(0)
        return [p.grad for p in stage.networks.parameters() if p.grad is not None]

    pairs = zip(gradients(True), gradients(False), strict=True)
    assert all(torch.allclose(a, b, rtol=1e-4, atol=1e-7) for a, b in pairs)


def test_given_frames_count_apart_from_those_to_be_made() -> None:
    stage = stage_of(TINY_SMALL)
    seen = next(
        s for step in range(99) for s in stage.sight.at(step) if s.kept is not None and s.kept.any()
    )
    assert seen.kept is not None

    def loss(kept: Tensor) -> float:
        return float(stage.loss(Seen(batch=seen.batch, share=1.0, mine=1, kept=kept)))

    # Where none is given, the loss is the plain mean; given ones add a mean of their own.
    assert loss(torch.zeros_like(seen.kept)) > 0
    assert loss(seen.kept) > 1.2 * loss(torch.zeros_like(seen.kept))


def test_texts_are_remembered_in_so_many_bytes() -> None:
    asked: list[str] = []

    class Counting(Words):
        def encode(self, texts: Any) -> tuple[Tensor, Tensor]:
            asked.extend(texts)
            return super().encode(texts)

    encoder = Counting(OPEN)
    own = Remembering(encoder, most_bytes=3 * (2 * encoder.width + 1) * encoder.max_tokens)
    features, mask = own.encode(["a", "b", "a"])
    assert asked == ["a", "b"] and torch.equal(features[0], features[2])
    assert torch.allclose(features, encoder.encode(["a", "b", "a"])[0], atol=2e-3)
    assert mask.all()
    asked.clear()
    own.encode(["c", "a"])
    own.encode(["d"])  # The fourth: b, which was not asked for the longest, goes.
    own.encode(["a", "c", "d"])
    assert asked == ["c", "d"] and "b" not in own.known
