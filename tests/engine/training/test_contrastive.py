import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from engine.training.contrastive import ContrastiveLoss, retrieval, retrieval_among


def vectors(batch: int, width: int, seed: int) -> torch.Tensor:
    return F.normalize(
        torch.randn(batch, width, generator=torch.Generator().manual_seed(seed)), dim=1
    )


def test_the_loss_is_its_definition():
    texts, sounds = vectors(5, 8, 0), vectors(5, 8, 1)
    loss = ContrastiveLoss(temperature=0.5)(texts, sounds)
    similar = torch.exp(texts @ sounds.T / 0.5)
    own = similar.diagonal()
    expected = -(torch.log(own / similar.sum(1)) + torch.log(own / similar.sum(0))).mean() / 2
    torch.testing.assert_close(loss, expected)


def test_it_is_symmetric_and_knows_no_order():
    texts, sounds = vectors(6, 8, 0), vectors(6, 8, 1)
    loss = ContrastiveLoss()
    torch.testing.assert_close(loss(texts, sounds), loss(sounds, texts))
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    torch.testing.assert_close(loss(texts, sounds), loss(texts[order], sounds[order]))


def test_the_mean_over_ranks_is_the_whole_with_the_temperature_s_gradient():
    texts, sounds = vectors(5, 8, 0).requires_grad_(), vectors(5, 8, 1).requires_grad_()
    loss = ContrastiveLoss()
    inputs = (texts, sounds, loss.scale)
    whole = torch.autograd.grad(loss(texts, sounds), inputs)
    parts = [(slice(0, 2), 2 / 5), (slice(2, 5), 3 / 5)]
    shared = torch.stack([share * loss(texts, sounds, mine) for mine, share in parts]).sum()
    torch.testing.assert_close(shared, loss(texts, sounds))
    for one, other in zip(torch.autograd.grad(shared, inputs), whole, strict=True):
        torch.testing.assert_close(one, other)


def test_vectors_that_say_nothing_cost_the_logarithm_of_the_batch():
    same = vectors(1, 8, 0).expand(7, 8)
    assert ContrastiveLoss()(same, same).item() == pytest.approx(math.log(7))


def test_pairs_that_agree_cost_less_than_pairs_that_do_not():
    texts = vectors(6, 64, 0)
    loss = ContrastiveLoss()
    assert loss(texts, texts) < 0.01 < loss(texts, texts.roll(1, 0))


def test_the_temperature_is_learned_within_its_bound():
    texts = vectors(6, 64, 0)
    loss = ContrastiveLoss()
    assert loss.scale.exp().item() == pytest.approx(1 / 0.07)
    loss(texts, vectors(6, 64, 1)).backward()
    assert loss.scale.grad is not None
    assert loss.scale.grad.abs() > 0
    with torch.no_grad():
        colder = loss(texts, texts.roll(1, 0))
        loss.scale.fill_(math.log(100.0))
        bound = loss(texts, texts.roll(1, 0))
        loss.scale.fill_(math.log(1e6))
        beyond = loss(texts, texts.roll(1, 0))
    assert colder < bound
    assert torch.equal(bound, beyond)


def test_retrieval_counts_texts_whose_nearest_sound_is_theirs():
    texts = torch.eye(4)
    assert retrieval(texts, texts) == 1.0
    assert retrieval(texts, texts.roll(1, 0)) == 0.0
    assert retrieval(texts, texts[[0, 1, 3, 2]]) == 0.5


def test_retrieval_among_some_is_one_for_pairs_and_chance_for_strangers():
    rng = np.random.default_rng(0)
    own = torch.eye(20)
    assert retrieval_among(own, own, 10, rng) == 1.0
    assert retrieval_among(own, own.roll(1, 0), 10, rng) == 0.0
    strangers = vectors(400, 64, 0), vectors(400, 64, 1)
    assert retrieval_among(*strangers, 10, rng) == pytest.approx(0.1, abs=0.05)
    assert retrieval_among(*strangers, 2, rng) == pytest.approx(0.5, abs=0.08)
