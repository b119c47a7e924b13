"""One step of the weights (§3): gradients added up, averaged over ranks, checked, clipped, applied, and averaged.

What every stage does after its losses are known. Knows nothing of what they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.optim import AdamW

from engine.training.group import Group
from engine.training.optim import Ema

MOST_NORM = 1.0
"""Norm of all gradients above which they are scaled down."""


class Update:
    """Gradients and optimiser of one network.

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
        self.optimizer = AdamW(
            self.learning,
            1.0,
            betas,
            weight_decay=weight_decay,
            fused=group.device.type == "cuda",
        )
        self.ema = None if ema_decay is None else Ema(network, ema_decay)

    def begin(self) -> None:
        """Forgets the gradients of the last step."""
        self.optimizer.zero_grad(set_to_none=True)

    def add(self, loss: Tensor, share: float = 1.0) -> None:
        """Adds the gradients of a loss, the mean over this rank's part; shares of a step add up to 1."""
        (share * loss).backward()

    def apply(self, rate: float) -> Mapping[str, float | Tensor]:
        """Moves the weights at a learning rate; what to log of it, on the device."""
        norm = clip_grad_norm_(self.learning, MOST_NORM)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        if self.ema is not None:
            self.ema.update(self.network)
        return {"learning_rate": rate, "gradient_norm": torch.as_tensor(norm).detach()}

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to resume, but for the network's own state."""
        state: dict[str, Any] = {"optimizer": self.optimizer.state_dict()}
        return state if self.ema is None else {**state, "ema": self.ema.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resumes from `state_dict`."""
        self.optimizer.load_state_dict(state["optimizer"])
        if self.ema is not None:
            self.ema.load_state_dict(state["ema"])
