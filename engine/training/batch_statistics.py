"""Batch normalisation over all ranks: CLAP's audio tower normalises by its batch, so by the whole one (§2.4).

Like torch's `SyncBatchNorm`, which is for GPUs alone; and unlike torch's, a batch of a single number is no error: one
sound of a batch may be fused alone. Names of the weights stay. Knows nothing of the tower.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from engine.training.group import Group


class BatchStatistics(nn.BatchNorm2d):
    """`BatchNorm2d` by the mean and variance of every rank's items.

    Attributes:
        group: the ranks; all of them have to come by.
        beside: so many items at the end of a rank's batch do not count.
    """

    group: Group
    beside: int = 0

    def forward(self, input: Tensor) -> Tensor:
        """[B, C, H, W] to the same shape."""
        if not self.training:
            return super().forward(input)
        x = input.float()
        counted = x[: len(x) - self.beside]
        axes = (0, 2, 3)
        each = counted.numel() / counted.shape[1]
        count = self.group.summed(x.new_tensor(each)).detach()
        mean = self.group.summed(counted.sum(dim=axes)) / count
        centred = counted - mean[:, None, None]
        variance = self.group.summed(centred.square().sum(dim=axes)) / count
        self._keep(mean.detach(), variance.detach() * count / (count - 1).clamp(min=1))
        scaled = (x - mean[:, None, None]) * (variance + self.eps).rsqrt()[:, None, None]
        return (scaled * self.weight[:, None, None] + self.bias[:, None, None]).to(input.dtype)

    @torch.no_grad()
    def _keep(self, mean: Tensor, variance: Tensor) -> None:
        """Moves what is used once the tower is trained."""
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum or 0.1)
        self.running_var.lerp_(variance, self.momentum or 0.1)


def over_ranks(network: nn.Module, group: Group) -> list[BatchStatistics]:
    """Has a network's batch normalisation count every rank's items; gives those layers."""
    found = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for module in found:
        module.__class__ = BatchStatistics
        cast(BatchStatistics, module).group = group
    return cast("list[BatchStatistics]", found)
