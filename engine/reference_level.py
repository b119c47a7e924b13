"""The public code's noise levels, and what a level of audio-to-audio means to it: its numbers and walks are its own.

Under the schedule "monotone" a level is what it says. Knows nothing of torch: the panel says it beside its slider, and
samplers/schedules.py walks these levels.
"""

from __future__ import annotations

import math

from engine.configs import ModelSpec

SIGMA_MAX, SIGMA_MIN = 500.0, 0.3
"""The first and last sigma / alpha of the v models, in k-diffusion."""
SA3_FIRST, SAT_FIRST, FLOW_LAST = -6.2, -6.0, 2.0
"""The first log-SNR of the flow models, in stable-audio-3 and in stable-audio-tools, and the last of both."""


def meaning(level: float, schedule: str, model: ModelSpec, steps: int) -> str:
    """A sentence on a level under the reference schedule; empty where there is nothing to say.

    Args:
        level: init_noise_level, in [0, 1].
        schedule: the spec's.
        model: whose public code is meant; the embedded one has none.
        steps: of denoising.
    """
    if schedule != "reference" or not 0 < level < 1 or model.weights == "embedded":
        return ""
    highest = _highest(level, model, steps)
    rises = highest > level
    if model.reference == "k-diffusion":
        ratio = math.tan(math.pi / 2 * level)
        if rises:
            return f"The public code calls this level {ratio:.3g}, and first adds noise, up to {highest:.2f}."
        return f"The public code calls this level {ratio:.3g}: noise over music."
    return f"The public code first adds noise here, up to {highest:.2f}." if rises else ""


def _highest(level: float, model: ModelSpec, steps: int) -> float:
    """The highest level after the start of a walk in so many steps; 0 if there is none."""
    if steps < 2:
        return 0.0
    if model.reference == "k-diffusion":
        return 2 / math.pi * math.atan(SIGMA_MIN)
    if model.reference == "stable-audio-3":
        return 1 / (1 + math.exp(FLOW_LAST - (FLOW_LAST - SA3_FIRST) * level * (1 - 1 / steps)))
    # From the start's own log-SNR evenly to the last, which is never reached: 0 stands in its place.
    first = math.log(1 / level - 1)
    return 1 / (1 + math.exp(first + (FLOW_LAST - first) * (steps - 1) / steps))
