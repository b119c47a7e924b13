"""Optimisation (§3): the learning rate with ramp-up, decay and cooldown, AdamW, and the moving average of the weights.

Knows nothing of models or data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from torch.optim import AdamW, Optimizer
from torch.optim.swa_utils import get_ema_multi_avg_fn

from engine.errors import SpecError, choices

Kind = Literal["adamw", "adamw8bit"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MOMENT_BYTES = {"adamw": 8.0, "adamw8bit": 2.03}
"""Bytes that both moments of a weight take; those of 8 bits have a scale of 4 bytes for 256 of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningRate:
    """base * (1 - ramp^(step + 1)) * (1 + (before + step) / gamma)^(-power): exponential ramp-up, then decay (§3)."""

    base: float
    ramp: float
    gamma: float
    power: float = 0.5
    before: int = 0
    """Steps that the weights had before the run began: the rate falls as if it had done them."""

    def at(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        decay = (1 + (self.before + step) / self.gamma) ** -self.power
        return self.base * (1 - self.ramp ** (step + 1)) * decay


@dataclass(frozen=True, slots=True)
class Cooldown:
    """The learning rate's fall to zero over the last steps: 1 - sqrt(share of them that is done).

    Of the shapes that Hägele et al. 2024 ("Scaling laws and compute-optimal training beyond fixed training durations")
    compare, this one; a model that was trained at one rate and cooled is as good as one whose schedule was cut to fit.
    """

    first: int
    steps: int

    def at(self, step: int) -> float:
        """The factor of a step from `first` on."""
        return 1 - ((step - self.first + 1) / (self.steps + 1)) ** 0.5


def optimizer_of(
    kind: str,
    parts: Sequence[Sequence[Tensor]],
    betas: tuple[float, float],
    *,
    weight_decay: float,
    device: torch.device,
) -> Optimizer:
    """AdamW of some parameters, each part a group of its own; its learning rate is set before each step.

    Raises:
        SpecError: if there is none of that name, its package is missing, or it cannot keep sharded parameters.
    """
    groups: list[dict[str, Any]] = [{"params": list(part)} for part in parts]
    if kind == "adamw":
        fused = device.type == "cuda"
        return AdamW(groups, 1.0, betas, weight_decay=weight_decay, fused=fused)
    if kind != "adamw8bit":
        raise SpecError(f"Unknown optimizer {kind!r}; choose {choices(KINDS)}.")
    if any(isinstance(parameter, DTensor) for part in parts for parameter in part):
        raise SpecError(
            "--optimizer adamw8bit keeps its state whole on every card, and --shard divides it; use one of them."
        )
    try:
        from bitsandbytes.optim import AdamW8bit  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise SpecError(
            "--optimizer adamw8bit needs the package bitsandbytes; install it with 'pip install bitsandbytes'."
        ) from None
    return AdamW8bit(groups, lr=1.0, betas=betas, weight_decay=weight_decay)


def local(tensor: Tensor) -> Tensor:
    """What this rank has of a sharded tensor; any other as it is."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


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
        current = [local(parameter.detach()) for parameter in module.parameters()]
        kept = [local(weight) for weight in self.weights.values()]
        get_ema_multi_avg_fn(decay)(kept, current, self.updates)

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

    @contextmanager
    def in_place_of(self, module: nn.Module) -> Iterator[None]:
        """Gives a module the averaged weights for a while."""
        own = [parameter.detach().clone() for parameter in module.parameters()]
        self.apply_to(module)
        try:
            yield
        finally:
            with torch.no_grad():
                for parameter, value in zip(module.parameters(), own, strict=True):
                    parameter.copy_(value)
