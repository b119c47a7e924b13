"""Classifier-free guidance (§3): combines a network and two conditionings into one denoiser for a solver.

Guidance is computed on the estimates of the clean latents: for plain guidance this equals the usual combination of
outputs, and APG works alike for every objective. Only rescale looks at outputs, as the public code does. Both passes
run as one batch of two; where guidance is off, only the conditional pass runs. Knows nothing of the contents of a
conditioning.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

import torch
from torch import Tensor

from engine.samplers.objectives import Objective
from engine.samplers.solvers import Denoiser


class Joinable(Protocol):
    """A conditioning that can be concatenated with another into one batch."""

    def joined(self, other: Self) -> Self:
        """This one's items, then the other's."""
        ...


@dataclass(frozen=True, slots=True)
class Guidance:
    """How strongly the prompt is followed.

    Attributes:
        scale: 1 is the conditional estimate, more amplifies the prompt, 0 is the unconditional estimate.
        rescale: in [0, 1], how far the guided output is rescaled to the conditional one's deviation, frame by frame.
        interval: the noise levels sigma between which guidance is applied, inclusive; elsewhere the scale is 1.
        apg: in [0, 1], how much of the component parallel to the conditional estimate is removed from the guidance
            (adaptive projected guidance): it adds level rather than content.
        unguided: [K, D], orthonormal directions of a latent frame that guidance leaves unchanged: properties that
            prompts do not describe and guidance would only exaggerate.
    """

    scale: float = 1.0
    rescale: float = 0.0
    interval: tuple[float, float] = (0.0, 1.0)
    apg: float = 0.0
    unguided: Tensor | None = None

    def acts_at(self, sigma: float) -> bool:
        """Whether guidance is applied, and the unconditional pass needed, at a noise level."""
        return self.scale != 1.0 and self.interval[0] <= sigma <= self.interval[1]

    def mixed(self, conditional: Tensor, unconditional: Tensor) -> Tensor:
        """The guided estimate from the two estimates of the clean latents, all [B, D, T]."""
        push = conditional - unconditional
        if self.apg > 0:
            push = push - self.apg * _along(push, conditional)
        if self.unguided is not None:
            directions = self.unguided.to(push)
            push = push - directions.T @ (directions @ push)
        return conditional + (self.scale - 1) * push

    def rescaled(self, guided: Tensor, conditional: Tensor) -> Tensor:
        """The guided output with its deviation over the channels moved to the conditional one's, all [B, D, T]."""
        deviation = guided.std(dim=1, keepdim=True).clamp_min(1e-8)
        level = conditional.std(dim=1, keepdim=True) / deviation
        return guided * (1 + self.rescale * (level - 1))


C = TypeVar("C", bound=Joinable)


def guided_denoiser(
    network: Callable[[Tensor, Tensor, C], Tensor],
    objective: Objective,
    conditional: C,
    unconditional: C,
    guidance: Guidance,
) -> Denoiser:
    """Builds the denoiser of a guided network.

    Args:
        network: (x [B, D, T], t [B], conditioning of B items) -> output [B, D, T].
        objective: what the output means.
        conditional: the prompt's conditioning.
        unconditional: the same without the prompt, or with the negative prompt instead.
        guidance: how the two are combined.
    """
    both = conditional.joined(unconditional)

    def estimate(x: Tensor, t: Tensor, conditioning: C) -> Tensor:
        times = t.expand(len(x))
        return objective.denoised(x, times, network(x, times, conditioning))

    def denoiser(x: Tensor, t: Tensor) -> Tensor:
        acts = guidance.acts_at(objective.sigma(t).item())
        # In this order: not every device has double precision.
        t = t.to(x.dtype).to(x.device)
        if not acts:
            return estimate(x, t, conditional)
        prompted, free = estimate(torch.cat([x, x]), t, both).chunk(2)
        guided = guidance.mixed(prompted, free)
        if guidance.rescale == 0:
            return guided
        outputs = (objective.output(x, t, denoised) for denoised in (guided, prompted))
        return objective.denoised(x, t, guidance.rescaled(*outputs))

    return denoiser


def _along(push: Tensor, direction: Tensor) -> Tensor:
    """The projection of `push` onto `direction`, with each item flattened to a vector."""
    dot = (push * direction).sum(dim=(1, 2), keepdim=True)
    return dot / direction.square().sum(dim=(1, 2), keepdim=True).clamp_min(1e-12) * direction
