"""Schedules (§3): the noise levels that a solver visits. Times fall from t_start to exactly 0.

Every schedule is a sequence of log(alpha / sigma), converted to times by the objective. With t_start below 1, sampling
starts from a noised recording (audio-to-audio, §4.6): ours fall steadily from there, while those of the public code
first rise where the recording is cleaner than they begin or end. Knows nothing of networks or solvers.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from engine.errors import SpecError, choices
from engine.reference_level import FLOW_LAST, SA3_FIRST, SAT_FIRST, SIGMA_MAX, SIGMA_MIN
from engine.samplers.objectives import OBJECTIVES, Objective

# Chosen on Gaussian data: with 24 steps of DPM-Solver++(2M), standard deviations from 0.03 to 30 are reproduced within
# 10 %; uniform steps in t are off by up to 57 %, uniform log-SNR from -6 to 2 by up to 83 %. With the spectrum of the
# embedded model's latents, weighted by energy, the three are off by 0.6 %, 6 % and 3 %.
LOGISTIC_SCALE = 1.75
# The least range of log-SNR, for a start that is cleaner than the usual last level.
LEAST_RANGE = 1.0
# stable-audio-3 holds 1 - t above this in its log-SNR; the noise itself does not notice.
SA3_LEAST_ALPHA = 1e-10


def logistic(objective: Objective, steps: int, t_start: float) -> Tensor:
    """Log-SNR at the quantiles of a logistic distribution: dense in the middle, sparse at both ends.

    Unlike a schedule between two bounds, it has no bias that remains with many steps.
    """
    u_start = 1 / (1 + math.exp(_log_snr(objective, t_start) / LOGISTIC_SCALE))
    u = torch.linspace(u_start, 0, steps + 1, dtype=torch.float64)
    return _between(t_start, objective.time(LOGISTIC_SCALE * torch.log((1 - u) / u)))


def log_snr(objective: Objective, steps: int, t_start: float) -> Tensor:
    """Uniform in log-SNR from the start's own level, as in stable-audio-tools but falling from every start."""
    first = SAT_FIRST if t_start == 1 else max(SAT_FIRST, _log_snr(objective, t_start))
    last = max(FLOW_LAST, first + LEAST_RANGE)
    levels = torch.linspace(first, last, steps + 1, dtype=torch.float64)
    return _between(t_start, objective.time(levels))


def k_diffusion(objective: Objective, steps: int, t_start: float) -> Tensor:
    """The polyexponential levels (rho = 1) of k-diffusion for the public v models: uniform in log(sigma / alpha).

    From noise, they begin at SIGMA_MAX, not at t = 1. From a recording they begin at its own level, and rise from one
    that is cleaner than SIGMA_MIN, the last level before 0.
    """
    first = SIGMA_MAX if t_start == 1 else math.exp(-_log_snr(objective, t_start))
    levels = torch.linspace(math.log(first), math.log(SIGMA_MIN), steps, dtype=torch.float64)
    return torch.cat((objective.time(-levels), torch.zeros(1, dtype=torch.float64)))


def stable_audio_tools(objective: Objective, steps: int, t_start: float) -> Tensor:
    """The walk of stable-audio-tools for flow models: a start below 0.119 first rises."""
    first = math.log((1 - t_start) / t_start + 1e-6) if t_start < 1 else SAT_FIRST
    # In single precision, like the reference.
    return _between(t_start, objective.time(torch.linspace(first, FLOW_LAST, steps + 1)))


def stable_audio_3(objective: Objective, steps: int, t_start: float) -> Tensor:
    """The walk of stable-audio-3, which warps the start level like any other time: 0.4 rises to 0.705 at once."""
    # In single precision, like the reference: the time features go up to 10 000 periods in [0, 1], so the last bit
    # matters.
    u = torch.linspace(t_start, 0, steps + 1)
    times = objective.time(FLOW_LAST - u * (FLOW_LAST - SA3_FIRST))
    return _between(min(t_start, 1 - SA3_LEAST_ALPHA), times)


Schedule = Callable[[Objective, int, float], Tensor]
SCHEDULES: dict[str, Schedule] = {
    "logistic": logistic,
    "log-snr": log_snr,
    "k-diffusion": k_diffusion,
    "stable-audio-tools": stable_audio_tools,
    "stable-audio-3": stable_audio_3,
}


def schedule_times(schedule: str, objective: str, steps: int, t_start: float = 1.0) -> Tensor:
    """The times a solver visits, [steps + 1] float64 on the CPU, from t_start to exactly 0.

    From t_start = 0 there is nothing to do: the times are [0], and a solver takes no step.

    Args:
        schedule: one of `SCHEDULES`.
        objective: one of `OBJECTIVES`.
        steps: how many, from 1.
        t_start: the noise level to begin at, in [0, 1]; 1 is pure noise.

    Raises:
        SpecError: if there is no such schedule; names those there are.
    """
    if schedule not in SCHEDULES:
        raise SpecError(f"There is no schedule {schedule!r}; choose {choices(SCHEDULES)}.")
    if t_start == 0:
        return torch.zeros(1, dtype=torch.float64)
    return SCHEDULES[schedule](OBJECTIVES[objective], steps, t_start)


def _between(t_start: float, times: Tensor) -> Tensor:
    """In double precision, with both ends exact."""
    times = times.double()
    times[0], times[-1] = t_start, 0.0
    return times


def _log_snr(objective: Objective, t: float) -> float:
    """log(alpha / sigma) at t in (0, 1]; -inf at 1."""
    exact = torch.tensor(t, dtype=torch.float64)
    return torch.log(objective.alpha(exact) / objective.sigma(exact)).item()
