"""The transformer's weights divided among ranks by torch's FSDP2: each gathers a block's when it computes (§3).

Names stay as they are. Knows nothing of optimisers or losses.
"""

from __future__ import annotations

from torch import Tensor
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

from engine.dit import DiT
from engine.training.group import Group


def shard(dit: DiT, group: Group) -> None:
    """Divides each block's weights, and those around the blocks, among the ranks.

    They are given back after each forward pass, the outer ones as well: a pass that only measures is followed by no
    other that would do so, and then the next step computed with its weights.
    """
    mesh = init_device_mesh(group.device.type, (group.size,))
    for block in dit.transformer.layers:
        fully_shard(block, mesh=mesh)
    fully_shard(dit, mesh=mesh, reshard_after_forward=True)


def entire(tensor: Tensor) -> Tensor:
    """All of a sharded tensor, on every rank; any other as it is."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor
