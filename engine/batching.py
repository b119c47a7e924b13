"""Which takes fit into one batch: those of one model and one length that are denoised over the same noise levels.

Prompts, seeds, recordings, scores and kept parts are each take's own. Knows nothing of how takes are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.errors import SpecError, choices
from engine.spec import GenerationSpec

SHARED = (
    *("model", "lora", "seconds_total", "loop", "steps", "sampler", "schedule"),
    *("cfg_scale", "cfg_rescale", "cfg_interval", "init_noise_level"),
)
"""Parameters that all takes of a batch have in common."""


def differing(takes: Sequence[GenerationSpec]) -> list[str]:
    """The names of the parameters that keep resolved takes from sharing a batch; empty if they can."""
    return [name for name in SHARED if len({_shared(take, name) for take in takes}) > 1]


def check_batch(takes: Sequence[GenerationSpec]) -> None:
    """Checks that resolved takes can be made in one batch.

    Raises:
        SpecError: names what they would have to have in common.
    """
    if names := differing(takes):
        raise SpecError(
            f"Takes of one batch cannot differ in {choices(names)}; make these one by one, or in batches of their own."
        )


def _shared(take: GenerationSpec, name: str) -> Any:
    """A parameter as far as it matters: without a recording, all is made from noise."""
    if name == "init_noise_level" and take.init_audio is None:
        return 1.0
    return getattr(take, name)
