from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.samplers.objectives import OBJECTIVES, RECTIFIED_FLOW, V_OBJECTIVE, Objective
from engine.samplers.schedules import schedule_times
from engine.samplers.solvers import SOLVERS, SolverStep
from engine.spec import SAMPLERS
from tests.engine.samplers.oracle import CountedNoise, Gaussian

EVERY_OBJECTIVE = pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
EVERY_SOLVER = pytest.mark.parametrize("solver", SOLVERS)
STOCHASTIC = ("dpmpp-2m-sde", "dpmpp-3m-sde", "ping-pong")
STEADY = {"v": "logistic", "rectified-flow": "log-snr"}


def normal(*shape: int, seed: int = 5) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def walk(solver: str, data: Gaussian, x: Tensor, times: Tensor, seed: int = 0) -> list[SolverStep]:
    return list(SOLVERS[solver](data.denoiser, x, times, data.objective, CountedNoise(seed)))


def test_the_spec_and_the_solvers_know_the_same_names() -> None:
    assert set(SOLVERS) == set(SAMPLERS)


@EVERY_OBJECTIVE
@pytest.mark.parametrize(("solver", "order"), [("euler", 1.0), ("heun", 2.0), ("dpmpp-2m", 2.0)])
def test_order_of_convergence(objective: Objective, solver: str, order: float) -> None:
    """Halving the steps in log-SNR divides the error at a fixed noise level by 2^order."""
    data = Gaussian(objective)
    first, last = torch.tensor(-2.0).double(), torch.tensor(1.5).double()
    x = normal(1, 4, 8)
    start, end = objective.time(first), objective.time(last)
    alpha, sigma = data.levels(end)
    spread = torch.sqrt(alpha**2 * data.deviation**2 + sigma**2)
    truth = alpha * data.mean + spread * (data.exact(x, start) - data.mean) / data.deviation
    errors = []
    for steps in (128, 256, 512):
        levels = torch.linspace(-2.0, 1.5, steps + 1, dtype=torch.float64)
        times = torch.cat([objective.time(levels), torch.zeros(1, dtype=torch.float64)])
        errors.append((walk(solver, data, x, times)[steps - 1].x - truth).abs().max().item())
    slopes = [math.log2(a / b) for a, b in itertools.pairwise(errors)]
    assert slopes[-1] == pytest.approx(order, abs=0.15)


@pytest.mark.parametrize("family", OBJECTIVES)
@pytest.mark.parametrize("solver", sorted(set(SOLVERS) - {"ping-pong"}))
def test_from_pure_noise_to_the_data(family: str, solver: str) -> None:
    """Samples walked from t = 1 have the data's mean, and its deviation but for what the last level still blurs."""
    data = Gaussian(OBJECTIVES[family])
    times = schedule_times(STEADY[family], family, 100)
    taken = walk(solver, data, normal(1, 64, 512), times)[-1].x
    alpha, sigma = data.levels(times[-2])
    blur = alpha * data.deviation / torch.sqrt(alpha**2 * data.deviation**2 + sigma**2)
    assert taken.mean().item() == pytest.approx(data.mean, abs=0.01)
    assert taken.std().item() == pytest.approx(
        data.deviation * blur.item(), rel=0.05 if solver == "euler" else 0.02
    )


# Without fresh noise the one long step up is as inexact as any long step.
@pytest.mark.parametrize(
    ("solver", "exact"),
    [("dpmpp-2m-sde", 0.04), ("dpmpp-3m-sde", 0.04), ("heun", 0.2), ("euler", 0.4)],
)
@pytest.mark.parametrize("start", [0.1, 0.4, 0.9])
def test_a_walk_that_rises_first_still_meets_the_data(
    solver: str, exact: float, start: float
) -> None:
    """The reference schedule of audio-to-audio re-noises on its first step."""
    data = Gaussian(RECTIFIED_FLOW)
    times = schedule_times("stable-audio-3", "rectified-flow", 200, start)
    assert times[1] > times[0]
    alpha, sigma = data.levels(times[0])
    x = alpha * data.mean + torch.sqrt(alpha**2 * data.deviation**2 + sigma**2) * normal(1, 64, 512)
    taken = walk(solver, data, x, times)[-1].x
    alpha, sigma = data.levels(times[-2])
    blur = alpha * data.deviation / torch.sqrt(alpha**2 * data.deviation**2 + sigma**2)
    assert taken.mean().item() == pytest.approx(data.mean, abs=0.01)
    assert taken.std().item() == pytest.approx(data.deviation * blur.item(), rel=exact)


@pytest.mark.parametrize("solver", sorted(set(STOCHASTIC) - {"ping-pong"}))
def test_a_walk_that_rises_asks_the_network_only_from_its_top(solver: str) -> None:
    data, asked = Gaussian(V_OBJECTIVE), list[float]()

    def denoiser(x: Tensor, t: Tensor) -> Tensor:
        asked.append(t.item())
        return data.denoiser(x, t)

    times = schedule_times("k-diffusion", "v", 20, 0.05)
    steps = SOLVERS[solver](denoiser, normal(1, 4, 8), times, V_OBJECTIVE, CountedNoise())
    assert len(list(steps)) == 20
    assert asked == [times.max().item()]


@EVERY_SOLVER
def test_a_level_that_comes_twice_is_no_division_by_zero(solver: str) -> None:
    data = Gaussian(V_OBJECTIVE)
    steps = walk(solver, data, normal(1, 4, 8), torch.tensor([0.6, 0.4, 0.4, 0.4, 0.2, 0.0]))
    assert all(step.x.isfinite().all() for step in steps)


@pytest.mark.parametrize("family", OBJECTIVES)
def test_ping_pong_has_the_variance_of_its_recursion(family: str) -> None:
    data = Gaussian(OBJECTIVES[family])
    times = schedule_times(STEADY[family], family, 8)
    deviation = 0.0
    for t in times[:-1]:
        alpha, sigma = (level.item() for level in data.levels(t))
        gain = alpha * data.deviation**2 / (alpha**2 * data.deviation**2 + sigma**2)
        deviation = gain * math.sqrt(alpha**2 * deviation**2 + sigma**2)
    taken = walk("ping-pong", data, normal(1, 64, 512), times)[-1].x
    assert taken.mean().item() == pytest.approx(data.mean, abs=0.01)
    assert taken.std().item() == pytest.approx(deviation, rel=0.02)


@EVERY_OBJECTIVE
@EVERY_SOLVER
def test_the_last_step_returns_the_estimate_and_steps_count_up(
    objective: Objective, solver: str
) -> None:
    estimates: list[Tensor] = []

    def denoiser(x: Tensor, t: Tensor) -> Tensor:
        estimates.append(Gaussian(objective).denoiser(x, t))
        return estimates[-1]

    times = torch.tensor([1.0, 0.7, 0.2, 0.0])
    steps = list(SOLVERS[solver](denoiser, normal(1, 4, 8), times, objective, CountedNoise()))
    assert [(step.index, step.total) for step in steps] == [(1, 3), (2, 3), (3, 3)]
    assert steps[-1].x.equal(estimates[-1])
    assert all(step.x.isfinite().all() for step in steps)


@EVERY_OBJECTIVE
@EVERY_SOLVER
def test_known_data_is_kept_at_its_noise_level(objective: Objective, solver: str) -> None:
    """With an estimate that never changes, x stays that estimate plus noise of exactly sigma."""
    clean = torch.full((1, 64, 512), 3.0, dtype=torch.float64)
    times = torch.tensor([1.0, 0.8, 0.5, 0.3, 0.1, 0.0])
    steps = SOLVERS[solver](
        lambda x, t: clean, normal(*clean.shape), times, objective, CountedNoise()
    )
    for step, t in zip(steps, times[1:].double(), strict=True):
        rest = step.x - objective.alpha(t) * clean
        assert rest.mean().item() == pytest.approx(0, abs=0.02)
        assert rest.std().item() == pytest.approx(objective.sigma(t).item(), rel=0.02)


@EVERY_SOLVER
def test_a_single_step_denoises(solver: str) -> None:
    data = Gaussian(V_OBJECTIVE)
    x = normal(1, 4, 8)
    (step,) = walk(solver, data, x, torch.tensor([1.0, 0.0]))
    assert step.x.equal(data.denoiser(x, torch.tensor(1.0)))


@EVERY_SOLVER
def test_no_times_left_no_step(solver: str) -> None:
    assert walk(solver, Gaussian(V_OBJECTIVE), normal(1, 4, 8), torch.zeros(1)) == []


@pytest.mark.parametrize("solver", STOCHASTIC)
def test_stochastic_solvers_draw_once_a_step(solver: str) -> None:
    noise = CountedNoise()
    data = Gaussian(RECTIFIED_FLOW)
    times = schedule_times("log-snr", "rectified-flow", 8)
    list(SOLVERS[solver](data.denoiser, normal(1, 4, 8), times, RECTIFIED_FLOW, noise))
    assert noise.asked == list(range(1, 9))


@pytest.mark.parametrize("solver", STOCHASTIC)
def test_other_step_noise_other_samples(solver: str) -> None:
    data, x = Gaussian(V_OBJECTIVE), normal(1, 4, 8)
    times = schedule_times("logistic", "v", 6)
    first, again, other = (walk(solver, data, x, times, seed)[-1].x for seed in (1, 1, 2))
    assert first.equal(again) and not first.equal(other)


def test_ping_pong_denoises_and_noises_back() -> None:
    data, x = Gaussian(RECTIFIED_FLOW), normal(1, 4, 8)
    times = torch.tensor([1.0, 0.75, 0.25, 0.0])
    steps = walk("ping-pong", data, x, times)
    for step, (now, t) in zip(steps[:-1], itertools.pairwise(times[:-1]), strict=True):
        denoised, fresh = data.denoiser(x, now), CountedNoise().step(step.index, x)
        x = step.x
        torch.testing.assert_close(x, (1 - t.double()) * denoised + t.double() * fresh)


def test_euler_is_eulers_method_for_rectified_flow() -> None:
    data, x = Gaussian(RECTIFIED_FLOW), normal(1, 4, 8)
    t, t_next = torch.tensor(0.8, dtype=torch.float64), torch.tensor(0.5, dtype=torch.float64)
    velocity = (x - data.denoiser(x, t)) / t
    step = walk("euler", data, x, torch.stack([t, t_next, torch.zeros_like(t)]))[0]
    torch.testing.assert_close(step.x, x + (t_next - t) * velocity)


@pytest.mark.parametrize("solver", ["heun", "dpmpp-2m", "dpmpp-2m-sde", "dpmpp-3m-sde"])
def test_solvers_in_the_variance_exploding_form(solver: str) -> None:
    """The same numbers as the published recurrences on x / alpha with noise level sigma / alpha."""
    data, x = Gaussian(V_OBJECTIVE), normal(1, 4, 8)
    t = torch.tensor([0.99, 0.9, 0.7, 0.45, 0.2, 0.1], dtype=torch.float64)
    alpha, sigma = data.levels(t)
    level = (sigma / alpha).tolist()
    published = EXPLODING[solver]

    def denoiser(scaled: Tensor, index: int) -> Tensor:
        return data.denoiser(scaled * alpha[index], t[index])

    expected = published(denoiser, x / alpha[0], level, CountedNoise())
    steps = walk(solver, data, x, torch.cat([t, torch.zeros(1, dtype=torch.float64)]))
    for step, scaled, a in zip(steps, expected, alpha[1:], strict=False):
        torch.testing.assert_close(step.x, scaled * a, atol=1e-12, rtol=1e-12)


def _exploding_heun(
    denoiser: Callable[[Tensor, int], Tensor], y: Tensor, level: list[float], noise: CountedNoise
) -> list[Tensor]:
    """Karras et al. (2022), algorithm 2: slopes at both ends of a step, averaged."""
    path: list[Tensor] = []
    for i, (now, after) in enumerate(itertools.pairwise(level)):
        slope = (y - denoiser(y, i)) / now
        there = y + (after - now) * slope
        y = y + (after - now) * (slope + (there - denoiser(there, i + 1)) / after) / 2
        path.append(y)
    return path


def _exploding_2m_sde(
    denoiser: Callable[[Tensor, int], Tensor], y: Tensor, level: list[float], noise: CountedNoise
) -> list[Tensor]:
    """The stochastic solution for the estimate at the middle of the step, on the line through the last two."""
    path: list[Tensor] = []
    before: tuple[Tensor, float] | None = None
    for i, (now, after) in enumerate(itertools.pairwise(level)):
        estimate, h = denoiser(y, i), math.log(now / after)
        held = estimate
        if before is not None:
            held = estimate + h / 2 * (estimate - before[0]) / before[1]
        y = math.exp(-2 * h) * y + (1 - math.exp(-2 * h)) * held
        y = y + after * math.sqrt(1 - math.exp(-2 * h)) * noise.step(i + 1, y)
        before = (estimate, h)
        path.append(y)
    return path


def _exploding_2m(
    denoiser: Callable[[Tensor, int], Tensor], y: Tensor, level: list[float], noise: CountedNoise
) -> list[Tensor]:
    """Lu et al. (2022), algorithm 2, with time -log(level)."""
    path: list[Tensor] = []
    before: tuple[Tensor, float] | None = None
    for i, (now, after) in enumerate(itertools.pairwise(level)):
        estimate, h = denoiser(y, i), math.log(now / after)
        held = estimate
        if before is not None:
            r = before[1] / h
            held = (1 + 1 / (2 * r)) * estimate - 1 / (2 * r) * before[0]
        y = after / now * y - math.expm1(-h) * held
        before = (estimate, h)
        path.append(y)
    return path


def _exploding_3m(
    denoiser: Callable[[Tensor, int], Tensor], y: Tensor, level: list[float], noise: CountedNoise
) -> list[Tensor]:
    """The stochastic solution for value, slope and half the bend of a quadratic in -log(level), by quadrature."""
    path: list[Tensor] = []
    seen: list[tuple[float, Tensor]] = []
    for i, (now, after) in enumerate(itertools.pairwise(level)):
        h = math.log(now / after)
        seen = [(0.0, denoiser(y, i)), *seen[:2]]
        places = np.array([place for place, _ in seen])
        y = math.exp(-2 * h) * y
        for j, (_, estimate) in enumerate(seen):
            # The Lagrange polynomial of this estimate, in s from 0 to h: 1 at its own place, 0 at the others.
            lagrange = np.polynomial.Polynomial.fit(places, np.eye(len(seen))[j], len(seen) - 1)
            value, slope, bend = np.pad(lagrange.convert().coef, (0, 2))[:3]
            y = y + _decayed(h, np.polynomial.Polynomial([value, slope, bend / 2])) * estimate
        fresh = noise.step(i + 1, y)
        y = y + after * math.sqrt(1 - math.exp(-2 * h)) * fresh
        seen = [(place - h, estimate) for place, estimate in seen]
        path.append(y)
    return path


def _decayed(h: float, polynomial: np.polynomial.Polynomial) -> float:
    """Integral over the step, s from 0 to h, of 2 exp(-2 (h - s)) times a polynomial in s."""
    nodes, weights = np.polynomial.legendre.leggauss(24)
    s = h / 2 * (1 + nodes)
    return float(h / 2 * weights @ (2 * np.exp(-2 * (h - s)) * polynomial(s)))


EXPLODING: dict[str, Callable[..., list[Tensor]]] = {
    "heun": _exploding_heun,
    "dpmpp-2m": _exploding_2m,
    "dpmpp-2m-sde": _exploding_2m_sde,
    "dpmpp-3m-sde": _exploding_3m,
}
