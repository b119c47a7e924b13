"""The processes that train together, one a device: each takes its part of every batch (§3).

Torch's own distribution does the work. Alone, every call gives back what it was given. Knows nothing of networks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Group:
    """This process among those that train together.

    Attributes:
        rank: its number, from 0; 0 writes what is written once.
        size: how many there are.
        device: where this one computes.
    """

    rank: int = 0
    size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @classmethod
    def alone(cls, device: str | torch.device = "cpu") -> Group:
        """One process that trains by itself."""
        return cls(device=torch.device(device))

    @property
    def first(self) -> bool:
        """Whether this is the one that writes logs and files."""
        return self.rank == 0

    def part(self, count: int) -> slice:
        """This rank's part of a batch of so many; the parts of all ranks are the whole, in order."""
        return slice(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    def mean(self, value: Tensor) -> Tensor:
        """The mean of a figure over all ranks."""
        return value

    def agreed(self, wish: bool) -> bool:
        """Whether any rank wishes it: so that all stop at the same step."""
        return wish
