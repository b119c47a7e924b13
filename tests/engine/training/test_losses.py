"""Laws of the reconstruction loss: zero for equals, a distance in level, the published weighting curve."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from engine.training.losses import (
    RESOLUTIONS,
    MultiResolutionSTFTLoss,
    a_weighting,
    a_weighting_taps,
    spectral_distance,
)
from engine.training.recipes import Weights


def noise(seed: int = 0) -> torch.Tensor:
    return torch.randn(2, 2, 8192, generator=torch.Generator().manual_seed(seed)) * 0.1


def test_equal_signals_have_no_distance() -> None:
    assert MultiResolutionSTFTLoss()(noise(), noise()) == 0


def test_half_the_level_has_the_closed_form() -> None:
    # Convergence |0.5 - 1| and log magnitude ln 2, for mid/side and half again for left/right.
    loss = MultiResolutionSTFTLoss((1024,))(noise() * 0.5, noise())
    assert float(loss) == pytest.approx((0.5 + math.log(2)) * 1.5, rel=1e-2)


def test_mid_side_notices_a_side_of_the_wrong_sign() -> None:
    loss, audio = MultiResolutionSTFTLoss((1024,)), noise()
    flipped = audio * torch.tensor([1.0, -1.0])[:, None]
    mid_side, left_right = loss.powers(1024, audio)
    other_mid_side, other_left_right = loss.powers(1024, flipped)
    assert (spectral_distance(left_right, other_left_right) < 1e-6).all()
    assert (spectral_distance(mid_side, other_mid_side) > 0.5).all()


def test_powers_are_those_of_the_four_signals() -> None:
    loss, audio = MultiResolutionSTFTLoss((512,)), noise()
    left, right = audio[:, :1], audio[:, 1:]
    for power, signal in zip(
        [*loss.powers(512, audio)[0], *loss.powers(512, audio)[1]],
        [left + right, left - right, left, right],
        strict=True,
    ):
        assert torch.allclose(power, loss.spectrum(512, signal)[:, 0].abs().square(), atol=1e-7)


@pytest.mark.parametrize("fir", [False, True])
def test_the_mean_over_parts_of_a_batch_is_the_whole(fir: bool) -> None:
    loss, scale = MultiResolutionSTFTLoss((512, 64), fir=fir), torch.tensor([1.0, 0.01])
    estimate, target = (noise(seed) * scale[:, None, None] for seed in (1, 0))
    parts = [loss(estimate[k : k + 1], target[k : k + 1]) for k in range(2)]
    assert float(loss(estimate, target)) == pytest.approx(float(sum(parts)) / 2, rel=1e-6)


def test_a_quiet_side_counts_as_much_as_a_loud_middle() -> None:
    loss, audio = MultiResolutionSTFTLoss((512,), floor=None), noise()
    middle, side = audio[:, :1] + audio[:, 1:], 0.01 * (audio[:, :1] - audio[:, 1:])
    target = torch.cat((middle + side, middle - side), dim=1)
    without = torch.cat((middle, middle), dim=1)
    given, wanted = (loss.powers(512, each)[0][1] for each in (without, target))
    of_side = spectral_distance(given, wanted)
    assert (of_side > 1).all()
    assert loss(without, target) > 0.5 * of_side.mean()


def test_each_of_the_four_signals_counts_its_weight() -> None:
    audio, other = noise(), noise(1)
    total = 0.0
    for name in ("sum", "difference", "left", "right"):
        alone = Weights(**{each: 2.0 * (each == name) for each in Weights.__dataclass_fields__})
        total += float(MultiResolutionSTFTLoss((512,), weights=alone)(other, audio))
    equal = Weights(sum=2.0, difference=2.0, left=2.0, right=2.0)
    assert float(MultiResolutionSTFTLoss((512,), weights=equal)(other, audio)) == pytest.approx(
        total
    )


def test_the_filter_is_that_of_the_released_configuration() -> None:
    import auraloss

    reference = auraloss.perceptual.FIRFilter("aw", fs=44_100).fir.weight.flatten()
    torch.testing.assert_close(a_weighting_taps(), reference, atol=1e-6, rtol=0)


def test_the_released_loss_of_one_item_is_the_references() -> None:
    # Whose norms are over the whole batch: of one item they are ours.
    import auraloss

    estimate, target = noise(1)[:1], noise()[:1]
    reference = auraloss.freq.SumAndDifferenceSTFTLoss(
        [512, 128], [128, 32], [512, 128], sample_rate=44_100, perceptual_weighting=True
    )(estimate, target)
    weights = Weights(sum=0.5, difference=0.5, left=0.0, right=0.0)
    ours = MultiResolutionSTFTLoss((512, 128), weights=weights, fir=True, floor=None)
    # The reference reflects the signal at its ends, we do not.
    assert float(ours(estimate, target)) == pytest.approx(float(reference), rel=0.02)


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
