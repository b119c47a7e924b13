from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from engine.samplers.guidance import Guidance, guided_denoiser
from engine.samplers.objectives import OBJECTIVES, V_OBJECTIVE, Objective


@dataclass(frozen=True)
class Words:
    """A conditioning that says, item by item, what a network shall put out."""

    values: tuple[float, ...]

    def joined(self, other: Words) -> Words:
        return Words(self.values + other.values)


class Network:
    """Puts out x scaled by each item's word and remembers the batches it saw."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def __call__(self, x: Tensor, t: Tensor, conditioning: Words) -> Tensor:
        assert len(x) == len(t) == len(conditioning.values)
        self.batches.append(len(x))
        return x * torch.tensor(conditioning.values)[:, None, None]


def estimates(seed: int = 3) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    conditional, unconditional = torch.randn(2, 2, 6, 40, generator=generator, dtype=torch.float64)
    return conditional, unconditional


def test_plain_guidance_is_the_usual_mix() -> None:
    conditional, unconditional = estimates()
    mixed = Guidance(scale=4.0).mixed(conditional, unconditional)
    torch.testing.assert_close(mixed, unconditional + 4 * (conditional - unconditional))


def test_scale_one_is_the_prompt_and_zero_is_without() -> None:
    conditional, unconditional = estimates()
    assert Guidance(scale=1.0).mixed(conditional, unconditional).equal(conditional)
    torch.testing.assert_close(Guidance(scale=0.0).mixed(conditional, unconditional), unconditional)


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
def test_guiding_estimates_equals_guiding_outputs(objective: Objective) -> None:
    x, t = estimates()[0][:1], torch.tensor(0.6, dtype=torch.float64)
    denoiser = guided_denoiser(
        Network(), objective, Words((0.5,)), Words((0.2,)), Guidance(scale=3.0)
    )
    output = x * (0.2 + 3 * (0.5 - 0.2))
    torch.testing.assert_close(denoiser(x, t), objective.denoised(x, t, output), atol=1e-7, rtol=0)


def test_rescale_brings_each_frame_to_the_conditional_deviation() -> None:
    conditional, guided = estimates()
    full = Guidance(rescale=1.0).rescaled(guided, conditional)
    torch.testing.assert_close(full.std(dim=1), conditional.std(dim=1))
    half = Guidance(rescale=0.5).rescaled(guided, conditional)
    torch.testing.assert_close(half, (full + guided) / 2)


def test_rescale_survives_silence() -> None:
    silence = torch.zeros(1, 4, 8)
    assert Guidance(rescale=1.0).rescaled(silence, silence).equal(silence)


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
def test_outputs_are_rescaled_not_estimates(objective: Objective) -> None:
    x, t = estimates()[0][:1], torch.tensor(0.6, dtype=torch.float64)
    guidance = Guidance(scale=3.0, rescale=0.7)
    denoiser = guided_denoiser(Network(), objective, Words((0.5,)), Words((0.2,)), guidance)
    output = guidance.rescaled(x * (0.2 + 3 * (0.5 - 0.2)), x * 0.5)
    torch.testing.assert_close(denoiser(x, t), objective.denoised(x, t, output), atol=1e-6, rtol=0)


def test_projected_guidance_pushes_at_right_angles() -> None:
    conditional, unconditional = estimates()
    push = Guidance(scale=5.0, apg=1.0).mixed(conditional, unconditional) - conditional
    dots = (push * conditional).sum(dim=(1, 2))
    torch.testing.assert_close(dots, torch.zeros_like(dots), atol=1e-9, rtol=0)
    halves = [Guidance(scale=5.0, apg=apg).mixed(conditional, unconditional) for apg in (0, 0.5, 1)]
    torch.testing.assert_close(halves[1], (halves[0] + halves[2]) / 2)


def test_unguided_directions_stay_the_prompts_and_the_others_are_guided_as_ever() -> None:
    conditional, unconditional = estimates()
    directions = torch.linalg.qr(estimates(5)[0][0, :, :2])[0].T
    mixed = Guidance(scale=5.0, unguided=directions).mixed(conditional, unconditional)
    torch.testing.assert_close(directions @ mixed, directions @ conditional)
    others = torch.eye(6, dtype=torch.float64) - directions.T @ directions
    plain = Guidance(scale=5.0).mixed(conditional, unconditional)
    torch.testing.assert_close(others @ mixed, others @ plain)


def test_two_passes_are_one_batch_and_outside_the_interval_one_suffices() -> None:
    network = Network()
    denoiser = guided_denoiser(
        network,
        V_OBJECTIVE,
        Words((0.5,)),
        Words((0.2,)),
        Guidance(scale=3.0, interval=(0.25, 0.75)),
    )
    x = torch.ones(1, 2, 3)
    for sigma in (0.9, 0.74, 0.5, 0.26, 0.1):
        denoiser(x, torch.tensor(2 / torch.pi).double() * math.asin(sigma))
    assert network.batches == [1, 2, 2, 2, 1]
    plain = guided_denoiser(network, V_OBJECTIVE, Words((0.5,)), Words((0.2,)), Guidance())
    assert plain(x, torch.tensor(0.9)).equal(denoiser(x, torch.tensor(0.9)))
