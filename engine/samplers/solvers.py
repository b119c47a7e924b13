"""The solvers (§3): generators that go from noise to clean latents and yield after every step.

A solver knows no network: a `Denoiser` estimates the clean latents from x at time t. Every step is written in terms of
the objective's alpha and sigma, with coefficients in double precision, so that one set of solvers serves the v and the
flow models. All are finite at t = 1 (alpha = 0, log-SNR = -inf) and exact at t = 0, where the last step returns the
denoised estimate itself. Below, lambda = log(alpha / sigma), and h is a step in lambda.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from engine.samplers.objectives import Objective

Denoiser = Callable[[Tensor, Tensor], Tensor]
"""(x [B, D, T], t scalar float32) -> the expected clean latents, [B, D, T]."""


class StepNoise(Protocol):
    """The noise of a stochastic solver: that of step i does not depend on what was drawn before."""

    def step(self, index: int, like: Tensor) -> Tensor:
        """Standard normal noise for step `index`, in the shape and on the device of `like`."""
        ...


@dataclass(frozen=True, slots=True)
class SolverStep:
    """The state after one step.

    Attributes:
        index: number of steps done, 1..total.
        total: number of steps in all.
        x: [B, D, T], the latents after the step; clean after the last one.
    """

    index: int
    total: int
    x: Tensor


Solver = Callable[[Denoiser, Tensor, Tensor, Objective, StepNoise], Iterator[SolverStep]]
"""(denoiser, x [B, D, T] noised to times[0], times [steps + 1] falling to 0, objective, noise) -> the steps."""


@dataclass(frozen=True, slots=True)
class _Interval:
    """A step from t to t_next, with its coefficients as Python floats."""

    index: int
    t: Tensor
    alpha: float
    sigma: float
    alpha_next: float
    sigma_next: float

    @property
    def h(self) -> float:
        """The step in log-SNR; infinite when it starts at t = 1 or ends at t = 0."""
        return _log_ratio(self.alpha_next, self.sigma_next) - _log_ratio(self.alpha, self.sigma)

    def moved(self, x: Tensor, denoised: Tensor) -> Tensor:
        """The exact solution for a constant estimate: the noise in x is scaled, not replaced."""
        if self.sigma_next == 0:
            return denoised
        shrink = self.sigma_next / self.sigma
        return shrink * x + (self.alpha_next - self.alpha * shrink) * denoised


def euler(
    denoiser: Denoiser, x: Tensor, times: Tensor, objective: Objective, noise: StepNoise
) -> Iterator[SolverStep]:
    """First order: the estimate is constant over the step. Equals DDIM, and Euler's method for rectified flow."""
    steps = _intervals(times, objective)
    for step in steps:
        denoised = denoiser(x, step.t)
        x = step.moved(x, denoised)
        yield SolverStep(step.index, len(steps), x)


def heun(
    denoiser: Denoiser, x: Tensor, times: Tensor, objective: Objective, noise: StepNoise
) -> Iterator[SolverStep]:
    """Heun's method on x / alpha over sigma / alpha, two evaluations per step (Karras et al. 2022, algorithm 2).

    From t = 1, where that ratio is infinite, the trapezoid rule for d(x / sigma) = denoised d(alpha / sigma) instead.
    """
    steps = _intervals(times, objective)
    for step, after in itertools.zip_longest(steps, steps[1:]):
        denoised = denoiser(x, step.t)
        if after is not None:
            weight = math.exp(step.h) / 2 if math.isfinite(step.h) else 0.5
            there = denoiser(step.moved(x, denoised), after.t)
            denoised = denoised + weight * (there - denoised)
        x = step.moved(x, denoised)
        yield SolverStep(step.index, len(steps), x)


def dpmpp_2m(
    denoiser: Denoiser, x: Tensor, times: Tensor, objective: Objective, noise: StepNoise
) -> Iterator[SolverStep]:
    """DPM-Solver++(2M), Lu et al. (2022), the paper's sampler: second order from the last two estimates."""
    steps = _intervals(times, objective)
    previous: Tensor | None = None
    h_previous = math.inf
    for step in steps:
        denoised = denoiser(x, step.t)
        held = denoised
        if previous is not None and h_previous and math.isfinite(h_previous) and step.sigma_next:
            held = denoised + step.h / (2 * h_previous) * (denoised - previous)
        x = step.moved(x, held)
        previous, h_previous = denoised, step.h
        yield SolverStep(step.index, len(steps), x)


def dpmpp_2m_sde(
    denoiser: Denoiser, x: Tensor, times: Tensor, objective: Objective, noise: StepNoise
) -> Iterator[SolverStep]:
    """DPM-Solver++(2M) SDE, midpoint: a line through two estimates, and fresh noise in every step."""
    return _stochastic(denoiser, x, _intervals(times, objective), noise, _midpoint)


def dpmpp_3m_sde(
    denoiser: Denoiser, x: Tensor, times: Tensor, objective: Objective, noise: StepNoise
) -> Iterator[SolverStep]:
    """DPM-Solver++(3M) SDE: a quadratic through three estimates, and fresh noise in every step."""
    return _stochastic(denoiser, x, _intervals(times, objective), noise, _curvature)


def _stochastic(
    denoiser: Denoiser,
    x: Tensor,
    steps: list[_Interval],
    noise: StepNoise,
    correction: Callable[[list[Tensor], list[float]], Tensor],
) -> Iterator[SolverStep]:
    """A stochastic multistep solver; the correction is what its past estimates add to the constant one."""
    estimates: list[Tensor] = []
    widths: list[float] = []
    for step in steps:
        fresh = noise.step(step.index, x)
        if step.sigma_next > 0 and step.h <= 0:
            # Reference schedules of audio-to-audio may rise: add the noise that is missing, and begin anew.
            shrink = step.alpha_next / step.alpha
            missing = math.sqrt(max(step.sigma_next**2 - (shrink * step.sigma) ** 2, 0.0))
            x = shrink * x + missing * fresh
            estimates, widths = [], []
        else:
            denoised = denoiser(x, step.t)
            estimates, widths = [denoised, *estimates[:2]], [step.h, *widths[:2]]
            if step.sigma_next == 0:
                x = denoised
            else:
                drift = denoised, correction(estimates, widths)
                x = _drifted(step, x, drift, fresh)
        yield SolverStep(step.index, len(steps), x)


def _drifted(step: _Interval, x: Tensor, drift: tuple[Tensor, Tensor], fresh: Tensor) -> Tensor:
    """The exact solution of a stochastic step for a constant estimate, and its correction."""
    denoised, correction = drift
    fade = math.exp(-step.h)
    x = step.sigma_next / step.sigma * fade * x + step.alpha_next * (1 - fade**2) * denoised
    return x + step.alpha_next * correction + step.sigma_next * math.sqrt(1 - fade**2) * fresh


def ping_pong(
    denoiser: Denoiser, x: Tensor, times: Tensor, objective: Objective, noise: StepNoise
) -> Iterator[SolverStep]:
    """Denoises fully, then adds fresh noise up to the next level: the sampler of distilled few-step models."""
    steps = _intervals(times, objective)
    for step in steps:
        denoised = denoiser(x, step.t)
        fresh = noise.step(step.index, x)
        x = (
            step.alpha_next * denoised + step.sigma_next * fresh
            if step.sigma_next > 0
            else denoised
        )
        yield SolverStep(step.index, len(steps), x)


SOLVERS: dict[str, Solver] = {
    "dpmpp-2m": dpmpp_2m,
    "dpmpp-2m-sde": dpmpp_2m_sde,
    "dpmpp-3m-sde": dpmpp_3m_sde,
    "euler": euler,
    "heun": heun,
    "ping-pong": ping_pong,
}


def _intervals(times: Tensor, objective: Objective) -> list[_Interval]:
    """The steps between neighbouring times, their coefficients in double precision."""
    exact = times.detach().cpu().double()
    levels = list(
        zip(objective.alpha(exact).tolist(), objective.sigma(exact).tolist(), strict=True)
    )
    pairs = enumerate(itertools.pairwise(levels))
    return [_Interval(i + 1, times[i], *now, *following) for i, (now, following) in pairs]


def _log_ratio(alpha: float, sigma: float) -> float:
    if alpha == 0:
        return -math.inf
    return math.inf if sigma == 0 else math.log(alpha / sigma)


def _midpoint(estimates: list[Tensor], widths: list[float]) -> Tensor:
    """The slope from the estimates now and one step ago (newest first), held at the middle of the step."""
    now, h = estimates[0], widths[0]
    if len(estimates) < 2 or not math.isfinite(widths[1]):
        return torch.zeros_like(now)
    return -math.expm1(-2 * h) * h / (2 * widths[1]) * (now - estimates[1])


def _curvature(estimates: list[Tensor], widths: list[float]) -> Tensor:
    """First and second derivative terms of 3M-SDE from the estimates now, one and two steps ago (newest first).

    The second has half the weight of a full quadratic, as in the published solver. A step that began at t = 1 is
    infinitely wide in lambda, so that differences across it vanish.
    """
    now = estimates[0]
    h = widths[0]
    if len(estimates) < 2 or not math.isfinite(widths[1]):
        return torch.zeros_like(now)
    phi_1 = 1 + math.expm1(-2 * h) / (2 * h)
    r0 = widths[1] / h
    slope = (now - estimates[1]) / r0
    if len(estimates) < 3:
        return phi_1 * slope
    phi_2 = phi_1 / (2 * h) - 0.5
    r1 = widths[2] / h
    bend = (slope - (estimates[1] - estimates[2]) / r1) / (r0 + r1)
    return phi_1 * (slope + r0 * bend) - phi_2 * bend
