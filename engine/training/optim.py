"""Optimisation (§3): the learning rate with exponential ramp-up and decay, and the moving average of the weights.

Knows nothing of models or data.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningRate:
    """base * (1 - ramp^(step + 1)) * (1 + step / gamma)^(-power): exponential ramp-up, then decay (§3)."""

    base: float
    ramp: float
    gamma: float
    power: float = 0.5

    def at(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        return self.base * (1 - self.ramp ** (step + 1)) * (1 + step / self.gamma) ** -self.power


class Ema:
    """An exponential moving average of a module's parameters, for inference (§3).

    The decay rises with the number of updates, min(decay, (1 + n) / (10 + n)), so that the initial weights do not
    dominate after short training.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self.weights = {name: p.detach().clone() for name, p in module.named_parameters()}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Moves the average towards the module's current weights."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        for name, parameter in module.named_parameters():
            self.weights[name].lerp_(parameter.detach(), 1 - decay)

    def state_dict(self) -> dict[str, Tensor | int]:
        """Everything needed to resume."""
        return {"updates": self.updates, **{f"weights.{k}": v for k, v in self.weights.items()}}

    def load_state_dict(self, state: dict[str, Tensor | int]) -> None:
        """Resumes from `state_dict`."""
        self.updates = int(state["updates"])
        for name in self.weights:
            self.weights[name].copy_(torch.as_tensor(state[f"weights.{name}"]))

    @torch.no_grad()
    def apply_to(self, module: nn.Module) -> None:
        """Copies the averaged weights into a module of the same shape."""
        for name, parameter in module.named_parameters():
            parameter.copy_(self.weights[name])
