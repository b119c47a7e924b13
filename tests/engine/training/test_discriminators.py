"""Laws of the adversarial terms (§2.1): five judges, hinge closed forms, who gets a gradient."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
import torch
from torch import nn

from engine.training.discriminators import Discriminators
from engine.training.recipes import PAPER


def audio(seed: int) -> torch.Tensor:
    return torch.randn(1, 2, 4096, generator=torch.Generator().manual_seed(seed)) * 0.1


def tiny() -> Discriminators:
    """The same two small judges every time."""
    with torch.random.fork_rng(devices=[]):
        torch.random.set_rng_state(torch.Generator().manual_seed(0).get_state())
        return Discriminators((256, 128), filters=2)


def test_the_paper_has_five_judges() -> None:
    assert len(Discriminators(PAPER.autoencoder.discriminator_lengths, filters=1).judges) == 5


def undecided(_: nn.Module, __: tuple[object, ...], verdict: torch.Tensor) -> torch.Tensor:
    return 0 * verdict


def test_undecided_judges_lose_two_by_hinge() -> None:
    judges = tiny()
    for judge in judges.judges:
        cast(nn.Module, judge.project_out).register_forward_hook(undecided)
    panel = list(judges.judges)
    assert judges.loss(panel, audio(0), audio(1)) == 2.0
    assert judges.generator_losses(panel, audio(0), audio(1)).adversarial == 0.0


def test_equal_signals_match_in_every_feature() -> None:
    panel = list(tiny().judges)
    assert Discriminators.generator_losses(panel, audio(0), audio(0)).feature_matching == 0
    assert Discriminators.generator_losses(panel, audio(0), audio(1)).feature_matching > 0


@pytest.mark.parametrize("absolute", [False, True])
def test_the_mean_over_parts_of_a_batch_is_the_whole(absolute: bool) -> None:
    judges = tiny()
    panel = list(judges.judges)
    real, fake = (torch.cat((audio(seed), 0.01 * audio(seed + 1))) for seed in (0, 2))
    terms = [
        judges.generator_losses(panel, real[part], fake[part], absolute=absolute)
        for part in (slice(None), slice(0, 1), slice(1, 2))
    ]
    for name in ("adversarial", "feature_matching"):
        whole, *parts = (float(getattr(term, name)) for term in terms)
        assert whole == pytest.approx(sum(parts) / 2, rel=1e-5)
    whole, *parts = (
        float(judges.loss(panel, real[part], fake[part]))
        for part in (slice(None), slice(0, 1), slice(1, 2))
    )
    assert whole == pytest.approx(sum(parts) / 2, rel=1e-5)


def test_features_match_as_they_are_or_by_their_own_size() -> None:
    panel = list(tiny().judges)
    terms = [
        Discriminators.generator_losses(panel, audio(0), audio(1), absolute=absolute)
        for absolute in (True, False)
    ]
    assert terms[0].feature_matching < terms[1].feature_matching
    assert terms[0].adversarial == terms[1].adversarial


def test_a_step_hears_as_many_judges_as_drawn_and_all_in_time() -> None:
    judges = Discriminators((256, 128, 64), filters=1, drawn=2)
    rng = np.random.default_rng(0)
    panels = [judges.panel(rng) for _ in range(20)]
    assert all(len(set(panel)) == 2 for panel in panels)
    assert set().union(*panels) == set(judges.judges)
    everyone = tiny()
    assert everyone.panel(rng) == list(everyone.judges)


def test_each_side_moves_only_itself() -> None:
    judges, fake = tiny(), audio(1).requires_grad_()
    judges.loss(list(judges.judges), audio(0), fake).backward()
    assert fake.grad is None
    assert all(p.grad is not None for p in judges.parameters())
    terms = judges.generator_losses(list(judges.judges), audio(0), fake)
    (terms.adversarial + terms.feature_matching).backward()
    assert fake.grad is not None
    assert fake.grad.abs().sum() > 0


def test_judges_learn_to_tell_a_tone_from_noise() -> None:
    judges = tiny()
    tone = torch.sin(0.3 * torch.arange(4096)).expand(1, 2, -1) * 0.3
    optimizer = torch.optim.AdamW(judges.parameters(), 1e-2)
    losses = []
    for _ in range(100):
        loss = judges.loss(list(judges.judges), tone, audio(1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]
