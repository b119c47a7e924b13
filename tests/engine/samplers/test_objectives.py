from __future__ import annotations

import pytest
import torch

from engine.registry import MODELS
from engine.samplers.objectives import OBJECTIVES, Objective, noised


@pytest.fixture(params=OBJECTIVES)
def objective(request: pytest.FixtureRequest) -> Objective:
    return OBJECTIVES[request.param]


def latents(seed: int) -> torch.Tensor:
    return torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_both_ends_are_exact(objective: Objective, dtype: torch.dtype) -> None:
    ends = torch.tensor([0.0, 1.0], dtype=dtype)
    assert objective.alpha(ends).tolist() == [1.0, 0.0]
    assert objective.sigma(ends).tolist() == [0.0, 1.0]


def test_perfect_output_gives_the_clean_latents_back(objective: Objective) -> None:
    clean, noise = latents(1), latents(2)
    t = torch.tensor([0.0, 0.3, 1.0], dtype=torch.float64)
    x = noised(objective, clean, noise, t)
    assert x[0].equal(clean[0]) and x[2].equal(noise[2])
    recovered = objective.denoised(x, t, objective.target(clean, noise, t))
    torch.testing.assert_close(recovered, clean, atol=1e-12, rtol=0)


def test_target_is_the_velocity_along_the_path(objective: Objective) -> None:
    clean, noise = latents(1), latents(2)
    t, step = torch.tensor(0.37, dtype=torch.float64), 1e-6
    ahead, behind = (noised(objective, clean, noise, t + move) for move in (step, -step))
    velocity = (ahead - behind) / (2 * step)
    # The v-objective measures its path by the angle, a quarter turn for t from 0 to 1.
    unit = torch.pi / 2 if objective is OBJECTIVES["v"] else 1.0
    torch.testing.assert_close(
        unit * objective.target(clean, noise, t), velocity, atol=1e-8, rtol=0
    )


def test_time_inverts_log_snr(objective: Objective) -> None:
    t = torch.linspace(0.01, 0.99, 50, dtype=torch.float64)
    log_snr = torch.log(objective.alpha(t) / objective.sigma(t))
    torch.testing.assert_close(objective.time(log_snr), t)


def test_every_registered_model_has_its_objective() -> None:
    assert {spec.objective for spec in MODELS.values()} <= set(OBJECTIVES)


def test_output_is_the_inverse_of_denoised(objective: Objective) -> None:
    generator = torch.Generator().manual_seed(1)
    x, denoised = torch.randn(2, 3, 4, 5, generator=generator, dtype=torch.float64)
    t = torch.tensor([0.01, 0.6, 1.0], dtype=torch.float64)
    back = objective.denoised(x, t, objective.output(x, t, denoised))
    torch.testing.assert_close(back, denoised)
