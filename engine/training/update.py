"""One step of the weights (§3): gradients added up, averaged over ranks, checked, clipped, applied, and averaged.

What every stage does after its losses are known. Some of the weights may be sharded: torch averages the gradients of
those itself, and each rank moves its shards. Knows nothing of what the losses are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from torch.optim import Optimizer

from engine.training.group import Group
from engine.training.optim import Ema, Kind, local, optimizer_of

MOST_NORM = 1.0
"""Norm of all gradients above which they are scaled down."""


class Update:
    """Gradients, optimiser and average of one network.

    Args:
        network: what learns; parameters that need no gradient stay as they are.
        group: the processes that train it together.
        betas: of AdamW.
        weight_decay: of AdamW.
        ema_decay: of the moving average of the weights; None for no average.
    """

    def __init__(
        self,
        network: nn.Module,
        group: Group,
        *,
        betas: tuple[float, float],
        weight_decay: float,
        ema_decay: float | None = None,
    ) -> None:
        self.network, self.group = network, group
        self.learning = [p for p in network.parameters() if p.requires_grad]
        self.sharded = [p for p in self.learning if isinstance(p, DTensor)]
        self.copied = [p for p in self.learning if not isinstance(p, DTensor)]
        self.betas, self.weight_decay = betas, weight_decay
        self.use("adamw")
        self.ema = None if ema_decay is None else Ema(network, ema_decay)

    def use(self, kind: Kind) -> None:
        """Has another AdamW move the weights: "adamw8bit" keeps moments of 8 bits.

        Raises:
            SpecError: if its package is missing, or it cannot keep sharded weights.
        """
        # Torch moves many tensors in one call, which takes either all shards or none.
        parts = [part for part in (self.copied, self.sharded) if part]
        self.optimizer = optimizer_of(
            kind, parts, self.betas, weight_decay=self.weight_decay, device=self.group.device
        )
        self.moments = Moments(self.optimizer, self.network)
        if self.sharded:
            self.moments.begin()  # So that a checkpoint has shards to be read into.

    def begin(self) -> None:
        """Forgets the gradients of the last step."""
        self.optimizer.zero_grad(set_to_none=True)

    def add(self, loss: Tensor, weight: float = 1.0) -> None:
        """Adds the gradients of a loss; the mean over ranks of the weighed ones is the loss of the step.

        Args:
            loss: the mean over some of this rank's items.
            weight: `Group.weight` of these items among all of the step.
        """
        (weight * loss).backward()

    def apply(self, rate: float) -> Mapping[str, float | Tensor]:
        """Moves the weights at a learning rate; what to log of it, on the device.

        A norm that is no number shows a step that failed: the loop stops when it reads it.
        """
        self.group.average(self.copied)
        norm = self._clipped()
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        if self.ema is not None:
            self.ema.update(self.network)
        return {"learning_rate": rate, "gradient_norm": norm}

    @torch.no_grad()
    def _clipped(self) -> Tensor:
        """The norm of all gradients before they were scaled down to `MOST_NORM`."""
        whole, shards = _gradients(self.copied), _gradients(self.sharded)
        square = self.group.summed(_square(shards, self.group)) if self.sharded else 0.0
        norm = (_square(whole, self.group) + square).sqrt()
        scale = (MOST_NORM / (norm + 1e-6)).clamp(max=1.0)
        if found := [*whole, *shards]:
            torch._foreach_mul_(found, scale)  # pyright: ignore[reportPrivateImportUsage]
        return norm

    def parts(self) -> dict[str, Any]:
        """What has a state besides the network, by its name in a checkpoint."""
        found: dict[str, Any] = {"optimizer": self.moments}
        return found if self.ema is None else {"ema": self.ema, **found}

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to resume, but for the network's own state."""
        return {name: part.state_dict() for name, part in self.parts().items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resumes from `state_dict`."""
        for name, part in self.parts().items():
            part.load_state_dict(state[name])


class Moments:
    """What an optimiser remembers of each parameter, by its name: so it does not depend on how they are grouped."""

    def __init__(self, optimizer: Optimizer, network: nn.Module) -> None:
        self.optimizer = optimizer
        named = dict(network.named_parameters())
        self.parameters = {name: p for name, p in named.items() if p.requires_grad}
        self.frozen = named.keys() - self.parameters.keys()

    def state_dict(self) -> dict[str, Any]:
        """As torch's optimisers give it, by name; nothing of a parameter that never had a gradient."""
        known = self.optimizer.state
        state = {name: dict(known[p]) for name, p in self.parameters.items() if p in known}
        return {"state": state, "param_groups": []}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resumes from `state_dict`, or from what torch's optimisers give: parameters by their number.

        What is remembered of a parameter that learns no more is left out.
        """
        names = list(self.parameters)
        kept_by_name = {
            names[key] if isinstance(key, int) else key: kept
            for key, kept in state["state"].items()
        }
        groups = self.optimizer.state_dict()["param_groups"]
        order = [p for group in self.optimizer.param_groups for p in group["params"]]
        numbers = {id(p): number for number, p in enumerate(order)}
        by_number = {
            numbers[id(self.parameters[name])]: kept
            for name, kept in kept_by_name.items()
            if name not in self.frozen
        }
        self.optimizer.load_state_dict({"state": by_number, "param_groups": groups})

    def begin(self) -> None:
        """Has the optimiser remember of every parameter that nothing was yet."""
        for group in self.optimizer.param_groups:
            group["lr"] = 0.0
        for parameter in self.parameters.values():
            parameter.grad = torch.zeros_like(parameter)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        for kept in self.optimizer.state.values():
            kept["step"].zero_()


def _gradients(parameters: Sequence[Tensor]) -> list[Tensor]:
    return [local(p.grad) for p in parameters if p.grad is not None]


def _square(gradients: Sequence[Tensor], group: Group) -> Tensor:
    """The sum of all squares."""
    if not gradients:
        return torch.zeros((), device=group.device)
    norms = torch._foreach_norm(list(gradients), 2.0)  # pyright: ignore[reportPrivateImportUsage]
    return torch.stack([norm.float() for norm in norms]).square().sum()
