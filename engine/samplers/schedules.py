"""Schedules (§3): the noise levels a solver visits, as data. Times fall from t_start to exactly 0.

Every schedule is a walk in log(alpha / sigma), turned into times by the objective. With t_start below 1 the walk starts
in a noised recording (audio-to-audio, §4.6); "monotone" falls steadily from there, "reference" repeats what the public
code of each family does, detours included, for those who want its takes. Knows nothing of networks or solvers.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from engine.errors import SpecError, choices
from engine.samplers.objectives import OBJECTIVES, Objective

# Chosen on Gaussian data: at 24 steps of DPM-Solver++(2M) deviations from 0.03 to 30 all come out within 10 %; even
# steps in t miss by up to 57 %, a walk from -6 to 2 by up to 83 %. With the spectrum of the embedded model's latents,
# weighted by energy, the three miss by 0.6 %, 6 % and 3 %.
LOGISTIC_SCALE = 1.75
# The public flow models: stable-audio-3 warps as if its walk began at -6.2, stable-audio-tools at -6.
SA3_FIRST, SAT_FIRST, FLOW_LAST = -6.2, -6.0, 2.0
# The public v models: sigma / alpha from 500 to 0.3, evenly in the logarithm.
V_FIRST, V_LAST = -math.log(500.0), -math.log(0.3)
# A start that is cleaner than the usual last level still needs somewhere to fall to.
LEAST_WALK = 1.0


def logistic(objective: Objective, steps: int, t_start: float) -> Tensor:
    """Levels spread over log-SNR like a logistic distribution: dense in the middle, wide at both ends.

    Unlike a walk between two bounds it has no bias that more steps could not remove.
    """
    u_start = 1 / (1 + math.exp(_log_snr(objective, t_start) / LOGISTIC_SCALE))
    u = torch.linspace(u_start, 0, steps + 1, dtype=torch.float64)
    return objective.time(LOGISTIC_SCALE * torch.log((1 - u) / u))


def flow(objective: Objective, steps: int, t_start: float) -> Tensor:
    """Evenly in log-SNR from the start's own level (stable-audio-tools): falls steadily from every start."""
    first = SAT_FIRST if t_start == 1 else max(SAT_FIRST, _log_snr(objective, t_start))
    return _even(objective, steps, first, max(FLOW_LAST, first + LEAST_WALK))


def v_reference(objective: Objective, steps: int, t_start: float) -> Tensor:
    """Evenly in log-SNR from the start's level down to sigma = 0.3 alpha, as public v models are sampled."""
    first = max(V_FIRST, _log_snr(objective, t_start))
    return _even(objective, steps, first, max(V_LAST, first + LEAST_WALK))


def flow_reference(objective: Objective, steps: int, t_start: float) -> Tensor:
    """Stable-audio-3's walk: the start level is warped as if it were a position, so that level 0.4 rises to 0.705.

    Kept because published advice on init_noise_level is on this scale.
    """
    # In single precision, as there: the last bit of t is audible to features that turn 10 000 times in [0, 1].
    u = torch.linspace(t_start, 0, steps + 1)
    return objective.time(FLOW_LAST - u * (FLOW_LAST - SA3_FIRST))


def flow_reference_start(peak: float, steps: int) -> float:
    """The start level from which stable-audio-3's walk rises to `peak`: what musicians hear is the highest level."""
    if steps < 2 or not 0 < peak < 1:
        return peak
    log_snr = math.log((1 - peak) / peak)
    start = (FLOW_LAST - log_snr) / (FLOW_LAST - SA3_FIRST) * steps / (steps - 1)
    # Below a hundredth the models are undefined; a peak that few steps cannot rise to is where the walk begins.
    return min(max(start, 0.01), peak)


Schedule = Callable[[Objective, int, float], Tensor]
SCHEDULES: dict[tuple[str, str], Schedule] = {
    ("monotone", "v"): logistic,
    ("monotone", "rectified-flow"): flow,
    ("reference", "v"): v_reference,
    ("reference", "rectified-flow"): flow_reference,
}
"""(schedule of the spec, objective of the model) -> the walk."""


def schedule_times(schedule: str, objective: str, steps: int, t_start: float = 1.0) -> Tensor:
    """The times a solver visits, [steps + 1] float32 on the CPU: t_start exactly, ..., 0 exactly.

    A start at t = 0 has nowhere to go: its times are just [0], and a solver takes no step.

    Raises:
        SpecError: naming the known schedules and objectives.
    """
    walk = SCHEDULES.get((schedule, objective))
    if walk is None:
        known = (f"{name} for {family}" for name, family in SCHEDULES)
        raise SpecError(f"No schedule {schedule!r} for {objective!r}; known are {choices(known)}.")
    if t_start == 0:
        return torch.zeros(1)
    times = walk(OBJECTIVES[objective], steps, t_start).float()
    times[0], times[-1] = t_start, 0.0
    return times


def _even(objective: Objective, steps: int, first: float, last: float) -> Tensor:
    return objective.time(torch.linspace(first, last, steps + 1, dtype=torch.float64))


def _log_snr(objective: Objective, t: float) -> float:
    """log(alpha / sigma) at t in (0, 1]; -inf at 1."""
    exact = torch.tensor(t, dtype=torch.float64)
    return torch.log(objective.alpha(exact) / objective.sigma(exact)).item()
