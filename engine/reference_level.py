"""What a level of audio-to-audio means to the public code, whose numbers and walks are of its own.

Under the schedule "monotone" a level is what it says. Knows nothing of torch: the panel says it beside its slider.
"""

from __future__ import annotations

import math

from engine.registry import ModelSpec


def meaning(level: float, schedule: str, model: ModelSpec, steps: int) -> str:
    """A sentence on a level under the reference schedule; empty where there is nothing to say.

    Args:
        level: init_noise_level, in [0, 1].
        schedule: the spec's.
        model: whose public code is meant.
        steps: of denoising.
    """
    if schedule != "reference" or not 0 < level < 1:
        return ""
    if model.reference == "k-diffusion":
        ratio = math.tan(math.pi / 2 * level)
        return f"As in the public code, where this level is an init_noise_level of {ratio:.3g}: noise over music."
    if model.reference == "stable-audio-3" and (risen := _second(level, steps)) > level:
        return f"As in the public code: it starts at {level:.3g}, and the first step adds noise up to {risen:.2f}."
    return f"As in the public code, where this level is an init_noise_level of {level:.3g}."


def _second(level: float, steps: int) -> float:
    """The second level of Stable Audio 3's walk; 0 if there is none."""
    return 1 / (1 + math.exp(2.0 - 8.2 * level * (1 - 1 / steps))) if steps > 1 else 0.0
