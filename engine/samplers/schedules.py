"""Schedules (§3): the noise levels that a solver visits. Times fall from t_start to exactly 0.

Every schedule is a sequence of log(alpha / sigma), converted to times by the objective. With t_start below 1, sampling
starts from a noised recording (audio-to-audio, §4.6): "monotone" falls steadily from there, while "reference"
reproduces the public code of each family, which first rises. Knows nothing of networks or solvers.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from engine.errors import SpecError, choices
from engine.samplers.objectives import OBJECTIVES, Objective

# Chosen on Gaussian data: with 24 steps of DPM-Solver++(2M), standard deviations from 0.03 to 30 are reproduced within
# 10 %; uniform steps in t are off by up to 57 %, uniform log-SNR from -6 to 2 by up to 83 %. With the spectrum of the
# embedded model's latents, weighted by energy, the three are off by 0.6 %, 6 % and 3 %.
LOGISTIC_SCALE = 1.75
# The first log-SNR of the public flow models, in stable-audio-3 and in stable-audio-tools.
SA3_FIRST, SAT_FIRST, FLOW_LAST = -6.2, -6.0, 2.0
# The public v models: sigma / alpha from 500 to 0.3, uniform in the logarithm.
V_FIRST, V_LAST = -math.log(500.0), -math.log(0.3)
# The least range of log-SNR, for a start that is cleaner than the usual last level.
LEAST_RANGE = 1.0


def logistic(objective: Objective, steps: int, t_start: float) -> Tensor:
    """Log-SNR at the quantiles of a logistic distribution: dense in the middle, sparse at both ends.

    Unlike a schedule between two bounds, it has no bias that remains with many steps.
    """
    u_start = 1 / (1 + math.exp(_log_snr(objective, t_start) / LOGISTIC_SCALE))
    u = torch.linspace(u_start, 0, steps + 1, dtype=torch.float64)
    return objective.time(LOGISTIC_SCALE * torch.log((1 - u) / u))


def flow(objective: Objective, steps: int, t_start: float) -> Tensor:
    """Uniform in log-SNR from the start's own level (stable-audio-tools): falls steadily from every start."""
    first = SAT_FIRST if t_start == 1 else max(SAT_FIRST, _log_snr(objective, t_start))
    return _uniform(objective, steps, first, max(FLOW_LAST, first + LEAST_RANGE))


def v_reference(objective: Objective, steps: int, t_start: float) -> Tensor:
    """Uniform in log-SNR from the start's level down to sigma = 0.3 alpha, as for the public v models."""
    first = max(V_FIRST, _log_snr(objective, t_start))
    return _uniform(objective, steps, first, max(V_LAST, first + LEAST_RANGE))


def flow_reference(objective: Objective, steps: int, t_start: float) -> Tensor:
    """The schedule of stable-audio-3, which warps the start level like any other time: 0.4 then rises to 0.705.

    Supported because published advice on init_noise_level refers to this scale.
    """
    # In single precision, like the reference: the time features go up to 10 000 periods in [0, 1], so the last bit
    # matters.
    u = torch.linspace(t_start, 0, steps + 1)
    return objective.time(FLOW_LAST - u * (FLOW_LAST - SA3_FIRST))


def flow_reference_start(peak: float, steps: int) -> float:
    """The start level from which stable-audio-3's schedule rises to `peak`: what matters to the ear is the peak."""
    if steps < 2 or not 0 < peak < 1:
        return peak
    log_snr = math.log((1 - peak) / peak)
    start = (FLOW_LAST - log_snr) / (FLOW_LAST - SA3_FIRST) * steps / (steps - 1)
    # The models are undefined below 0.01; a peak that is out of reach with few steps is where sampling starts.
    return min(max(start, 0.01), peak)


Schedule = Callable[[Objective, int, float], Tensor]
SCHEDULES: dict[tuple[str, str], Schedule] = {
    ("monotone", "v"): logistic,
    ("monotone", "rectified-flow"): flow,
    ("reference", "v"): v_reference,
    ("reference", "rectified-flow"): flow_reference,
}
"""(schedule of the spec, objective of the model) -> the schedule."""


def schedule_times(schedule: str, objective: str, steps: int, t_start: float = 1.0) -> Tensor:
    """The times a solver visits, [steps + 1] float32 on the CPU: t_start exactly, ..., 0 exactly.

    From t_start = 0 there is nothing to do: the times are [0], and a solver takes no step.

    Raises:
        SpecError: if there is no such schedule; names those there are.
    """
    levels = SCHEDULES.get((schedule, objective))
    if levels is None:
        known = (f"{name} for {family}" for name, family in SCHEDULES)
        raise SpecError(
            f"There is no schedule {schedule!r} for {objective!r}; choose {choices(known)}."
        )
    if t_start == 0:
        return torch.zeros(1)
    times = levels(OBJECTIVES[objective], steps, t_start).float()
    times[0], times[-1] = t_start, 0.0
    return times


def _uniform(objective: Objective, steps: int, first: float, last: float) -> Tensor:
    return objective.time(torch.linspace(first, last, steps + 1, dtype=torch.float64))


def _log_snr(objective: Objective, t: float) -> float:
    """log(alpha / sigma) at t in (0, 1]; -inf at 1."""
    exact = torch.tensor(t, dtype=torch.float64)
    return torch.log(objective.alpha(exact) / objective.sigma(exact)).item()
