"""Laws of the reconstruction loss: zero for equals, a distance in level, the published weighting curve."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from engine.training.losses import (
    LEFT_RIGHT_WEIGHT,
    RESOLUTIONS,
    MultiResolutionSTFTLoss,
    a_weighting,
    spectral_distance,
)


def noise(seed: int = 0) -> torch.Tensor:
    return torch.randn(2, 2, 8192, generator=torch.Generator().manual_seed(seed)) * 0.1


def test_equal_signals_have_no_distance() -> None:
    assert MultiResolutionSTFTLoss()(noise(), noise()) == 0


def test_half_the_level_has_the_closed_form() -> None:
    # Convergence |0.5 - 1| and log magnitude ln 2, for mid/side and half again for left/right.
    loss = MultiResolutionSTFTLoss((1024,))(noise() * 0.5, noise())
    assert float(loss) == pytest.approx((0.5 + math.log(2)) * (1 + LEFT_RIGHT_WEIGHT), rel=1e-2)


def test_mid_side_notices_a_side_of_the_wrong_sign() -> None:
    loss, audio = MultiResolutionSTFTLoss((1024,)), noise()
    flipped = audio * torch.tensor([1.0, -1.0])[:, None]
    mid_side, left_right = loss.powers(1024, audio)
    other_mid_side, other_left_right = loss.powers(1024, flipped)
    assert spectral_distance(left_right, other_left_right) < 1e-6
    assert spectral_distance(mid_side, other_mid_side) > 0.5


def test_powers_are_those_of_the_four_signals() -> None:
    loss, audio = MultiResolutionSTFTLoss((512,)), noise()
    left, right = audio[:, :1], audio[:, 1:]
    for power, signal in zip(
        [*loss.powers(512, audio)[0], *loss.powers(512, audio)[1]],
        [left + right, left - right, left, right],
        strict=True,
    ):
        assert torch.allclose(power, loss.spectrum(512, signal)[:, 0].abs().square(), atol=1e-7)


def test_a_draw_has_the_expectation_of_all() -> None:
    drawn, rng = MultiResolutionSTFTLoss(drawn=2), np.random.default_rng(0)
    whole = float(MultiResolutionSTFTLoss()(noise(1), noise()))
    mean = np.mean([float(drawn(noise(1), noise(), rng)) for _ in range(60)])
    assert mean == pytest.approx(whole, rel=0.02)
    assert RESOLUTIONS == (2048, 1024, 512, 256, 128, 64, 32)


@pytest.mark.parametrize(
    ("hertz", "decibels"), [(100, -19.1), (1000, 0.0), (2500, 1.3), (10000, -2.5)]
)
def test_a_weighting_is_the_standards_table(hertz: int, decibels: float) -> None:
    gains = a_weighting(44100)  # a bin for each hertz
    assert 20 * math.log10(gains[hertz]) == pytest.approx(decibels, abs=0.1)


def test_gradient_reaches_the_estimate() -> None:
    estimate = noise(1).requires_grad_()
    MultiResolutionSTFTLoss()(estimate, noise()).backward()
    assert estimate.grad is not None
    assert torch.isfinite(estimate.grad).all()
    assert estimate.grad.abs().sum() > 0
