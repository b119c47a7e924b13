"""What the network predicts (§3): the v-objective and rectified flow, with one interface for training and solvers.

Noised latents are x = alpha(t) * clean + sigma(t) * noise, with t = 1 pure noise and t = 0 clean. Both ends are exact:
alpha(1) = sigma(0) = 0 and alpha(0) = sigma(1) = 1 in any precision, so a solver may start and end on them. Knows
nothing of networks, schedules or solvers.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor


class Objective(Protocol):
    """How noise is added, and what the network's output means. Times t are scalars or [B]; latents [B, D, T]."""

    def alpha(self, t: Tensor) -> Tensor:
        """Weight of the clean latents at t, in t's shape."""
        ...

    def sigma(self, t: Tensor) -> Tensor:
        """Weight of the noise at t, in t's shape."""
        ...

    def time(self, log_snr: Tensor) -> Tensor:
        """The t at which log(alpha / sigma), which falls with t, has the given value."""
        ...

    def denoised(self, x: Tensor, t: Tensor, output: Tensor) -> Tensor:
        """The clean latents that the network's output at (x, t) implies, [B, D, T]."""
        ...

    def output(self, x: Tensor, t: Tensor, denoised: Tensor) -> Tensor:
        """The network's output at (x, t > 0) that implies these clean latents: the inverse of `denoised`."""
        ...

    def target(self, clean: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """The training target for latents noised to t, [B, D, T]."""
        ...


class V:
    """The paper's v-objective: x moves from clean to noise along a quarter circle."""

    def alpha(self, t: Tensor) -> Tensor:
        """cos(pi t / 2), written as a sine so that alpha is 0 at t = 1, not 6e-17."""
        return torch.sin(torch.pi / 2 * (1 - t))

    def sigma(self, t: Tensor) -> Tensor:
        """sin(pi t / 2)."""
        return torch.sin(torch.pi / 2 * t)

    def time(self, log_snr: Tensor) -> Tensor:
        """Inverse of log(alpha / sigma)."""
        return 2 / torch.pi * torch.atan(torch.exp(-log_snr))

    def denoised(self, x: Tensor, t: Tensor, output: Tensor) -> Tensor:
        """Clean = alpha x - sigma v."""
        t = _per_item(t)
        return self.alpha(t) * x - self.sigma(t) * output

    def output(self, x: Tensor, t: Tensor, denoised: Tensor) -> Tensor:
        """V = (alpha x - clean) / sigma."""
        t = _per_item(t)
        return (self.alpha(t) * x - denoised) / self.sigma(t)

    def target(self, clean: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """The velocity along the circle: v = alpha noise - sigma clean."""
        t = _per_item(t)
        return self.alpha(t) * noise - self.sigma(t) * clean


class RectifiedFlow:
    """Rectified flow: a straight line from clean to noise, x = (1 - t) clean + t noise."""

    def alpha(self, t: Tensor) -> Tensor:
        """1 - t."""
        return 1 - t

    def sigma(self, t: Tensor) -> Tensor:
        """T."""
        return t

    def time(self, log_snr: Tensor) -> Tensor:
        """Inverse of log(alpha / sigma)."""
        return torch.sigmoid(-log_snr)

    def denoised(self, x: Tensor, t: Tensor, output: Tensor) -> Tensor:
        """Clean = x - t v."""
        return x - _per_item(t) * output

    def output(self, x: Tensor, t: Tensor, denoised: Tensor) -> Tensor:
        """V = (x - clean) / t."""
        return (x - denoised) / _per_item(t)

    def target(self, clean: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """The velocity along the line, the same at every t: v = noise - clean."""
        return noise - clean


def noised(objective: Objective, clean: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """Clean latents noised to time t, [B, D, T]; t is a scalar or [B]."""
    t = _per_item(t)
    return objective.alpha(t) * clean + objective.sigma(t) * noise


def _per_item(t: Tensor) -> Tensor:
    """Times [B] in a shape that broadcasts with latents [B, D, T]; scalars stay scalars."""
    return t[:, None, None] if t.ndim == 1 else t


V_OBJECTIVE = V()
RECTIFIED_FLOW = RectifiedFlow()
OBJECTIVES: dict[str, Objective] = {"v": V_OBJECTIVE, "rectified-flow": RECTIFIED_FLOW}
