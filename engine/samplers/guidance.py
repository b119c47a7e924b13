"""Classifier-free guidance (§3): a network and two conditionings become the one denoiser that a solver sees.

Guidance is worked out on the estimates of the clean latents: for plain guidance that equals the usual mix of outputs,
and rescale and APG mean the same for every objective. Both passes run as one batch of two; where guidance does not act,
only the conditional one runs. Knows nothing of what a conditioning holds.
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
    """A conditioning that can be stacked with another into one batch."""

    def joined(self, other: Self) -> Self:
        """This one's items and then the other's."""
        ...


@dataclass(frozen=True, slots=True)
class Guidance:
    """How strongly the prompt is followed.

    Attributes:
        scale: 1 follows the prompt as trained, more exaggerates it, 0 ignores it.
        rescale: in [0, 1], how far the guided estimate is pulled back to the conditional one's level, frame by frame.
        interval: the noise levels t between which guidance acts, both included; elsewhere the prompt alone counts.
        apg: in [0, 1], how much of the push along the conditional estimate is left out (adaptive projected guidance):
            that part makes everything louder rather than different.
        unguided: [K, D], orthonormal directions of a frame of latents in which the conditional estimate stays as it is:
            what the prompt says nothing of, and guidance would only overdo.
    """

    scale: float = 1.0
    rescale: float = 0.0
    interval: tuple[float, float] = (0.0, 1.0)
    apg: float = 0.0
    unguided: Tensor | None = None

    def acts_at(self, t: float) -> bool:
        """Whether the unconditional pass is needed at noise level t."""
        return self.scale != 1.0 and self.interval[0] <= t <= self.interval[1]

    def mixed(self, conditional: Tensor, unconditional: Tensor) -> Tensor:
        """The guided estimate from the two estimates of the clean latents, all [B, D, T]."""
        push = conditional - unconditional
        if self.apg > 0:
            push = push - self.apg * _along(push, conditional)
        if self.unguided is not None:
            directions = self.unguided.to(push)
            push = push - directions.T @ (directions @ push)
        guided = conditional + (self.scale - 1) * push
        if self.rescale == 0:
            return guided
        level = conditional.std(dim=1, keepdim=True) / guided.std(dim=1, keepdim=True).clamp_min(
            1e-8
        )
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
        unconditional: the same without the prompt, or with the negative prompt in its place.
        guidance: how the two are mixed.
    """
    both = conditional.joined(unconditional)

    def estimate(x: Tensor, t: Tensor, conditioning: C) -> Tensor:
        times = t.to(x).expand(len(x))
        return objective.denoised(x, times, network(x, times, conditioning))

    def denoiser(x: Tensor, t: Tensor) -> Tensor:
        if not guidance.acts_at(float(t)):
            return estimate(x, t, conditional)
        return guidance.mixed(*estimate(torch.cat([x, x]), t, both).chunk(2))

    return denoiser


def _along(push: Tensor, direction: Tensor) -> Tensor:
    """The part of `push` parallel to `direction`, both seen as one vector an item."""
    dot = (push * direction).sum(dim=(1, 2), keepdim=True)
    return dot / direction.square().sum(dim=(1, 2), keepdim=True).clamp_min(1e-12) * direction
