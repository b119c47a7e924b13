"""The processes that train together, one a device: each takes its part of every batch (§3).

Torch's own distribution does the work: gloo between CPUs, and for flags; NCCL between GPUs. Every rank weighs what it
finds by its share of the batch, so that the mean over ranks is what one process finds with the whole of it. Alone,
every call gives back what it was given. Knows nothing of networks.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor

from engine.errors import LongtakeError, SpecError
from engine.parsing import BAD_INPUT
from engine.precision import device_named, resolved_precision

BUCKET = 2**24
"""Gradients that are averaged in one message: so many numbers, 64 MB."""
PATIENCE = timedelta(minutes=60)
"""After which a rank gives up on another: writing a large checkpoint or rendering takes while others wait for it."""
COUNT, RANK, LOCAL_RANK = "WORLD_SIZE", "RANK", "LOCAL_RANK"
"""What torchrun tells each process, with where they meet."""


@dataclass(frozen=True, slots=True)
class Group:
    """This process among those that train together.

    Attributes:
        rank: its number, from 0; 0 writes what is written once.
        size: how many there are.
        device: where this one computes.
        precision: in which format networks compute, "bfloat16" or "float32"; weights stay in float32.
    """

    rank: int = 0
    size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    precision: str = "float32"

    @classmethod
    def alone(cls, device: str | torch.device = "cpu", precision: str = "auto") -> Group:
        """One process that trains by itself; "auto" is bfloat16 where the device has it in hardware.

        Emulated on a processor, a step of `sketch` took 12 times as long as in float32.

        Raises:
            SpecError: if the device does not support it.
        """
        place = torch.device(device)
        return cls(device=place, precision=resolved_precision(precision, place))

    def log(self) -> None:
        """Has the first say what all would: the others say what went wrong alone."""
        level = logging.INFO if self.first else logging.WARNING
        logging.basicConfig(level=level, format="%(message)s")

    @property
    def first(self) -> bool:
        """Whether this is the one that writes logs and files."""
        return self.rank == 0

    def part(self, count: int) -> slice:
        """This rank's part of a batch of so many; the parts of all ranks are the whole, in order."""
        return slice(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    def weight(self, part: int, whole: int) -> float:
        """What a mean over a part of so many items counts, so that the mean over ranks is that over the whole."""
        return self.size * part / whole

    def computing(self) -> AbstractContextManager[object]:
        """Networks compute in this rank's precision within it."""
        return torch.autocast(
            self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"
        )

    def mean(self, value: Tensor) -> Tensor:
        """The mean of a figure over all ranks."""
        if self.size == 1:
            return value
        summed = value.detach().clone()
        dist.all_reduce(summed)
        return summed / self.size

    def agreed(self, wish: bool) -> bool:
        """Whether any rank wishes it: so that all stop at the same step. Never waits for a GPU."""
        if self.size == 1:
            return wish
        wishes = torch.tensor(int(wish), dtype=torch.int32)
        dist.all_reduce(wishes, dist.ReduceOp.MAX)
        return bool(wishes)

    def barrier(self) -> None:
        """Waits until every rank is here."""
        self.agreed(False)

    @torch.no_grad()
    def average(self, parameters: Iterable[Tensor]) -> None:
        """Replaces gradients by their means over ranks, many in one message; where a rank has none, it is zero.

        A parameter that has no gradient on any rank keeps none.
        """
        if self.size == 1:
            return
        learning = list(parameters)
        found = torch.tensor([p.grad is not None for p in learning], dtype=torch.int32)
        dist.all_reduce(found, dist.ReduceOp.MAX)
        moved = [p for p, there in zip(learning, found.tolist(), strict=True) if there]
        for bucket in _buckets(moved):
            gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in bucket]
            message = torch.cat([gradient.flatten() for gradient in gradients])
            dist.all_reduce(message)
            parts = (message / self.size).split([p.numel() for p in bucket])
            for parameter, part in zip(bucket, parts, strict=True):
                parameter.grad = part.view_as(parameter)

    @torch.no_grad()
    def same(self, tensors: Iterable[Tensor]) -> None:
        """Gives every rank the first one's values."""
        if self.size > 1:
            for tensor in tensors:
                dist.broadcast(tensor, 0)

    def summed(self, part: Tensor) -> Tensor:
        """The sum over ranks, with gradient; every rank has to go on to its gradient as well."""
        return part if self.size == 1 else _Summed.apply(part)

    def gathered(self, part: Tensor, whole: int) -> Tensor:
        """This rank's part [n, ...] of a batch of so many items among those of the others, with gradient."""
        if self.size == 1:
            return part
        before = self.part(whole).start
        zeros = [part.new_zeros(n, *part.shape[1:]) for n in (before, whole - before - len(part))]
        return self.summed(torch.cat((zeros[0], part, zeros[1])))


class _Summed(torch.autograd.Function):
    """A sum over ranks; the gradient with respect to what any of them gave is the sum of theirs."""

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, part: Tensor) -> Tensor:
        total = part.detach().clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total


def _buckets(parameters: Iterable[Tensor]) -> Iterator[list[Tensor]]:
    """Parameters in their order, as many together as fit into a message of one format."""
    bucket: list[Tensor] = []
    numbers = 0
    for parameter in parameters:
        if bucket and (numbers >= BUCKET or bucket[0].dtype != parameter.dtype):
            yield bucket
            bucket, numbers = [], 0
        bucket.append(parameter)
        numbers += parameter.numel()
    if bucket:
        yield bucket


@contextmanager
def joined(device: str = "cpu", precision: str = "auto") -> Iterator[Group]:
    """This process's group: alone, or among those that torchrun started, until the end of the block.

    Args:
        device: cpu, cuda, or auto for the fastest; among several processes each takes the card of its local rank.
        precision: in which format networks compute, as in `Group.alone`.

    Raises:
        SpecError: if there is no such device, it lacks the precision, or there are more processes than cards.
        SystemExit: if the block failed, and that of another process before.
    """
    place = _place(device)
    alone = Group.alone(place, precision)
    if int(os.environ.get(COUNT, "1")) == 1:
        yield alone
        return
    on_gpu = place.type == "cuda"
    if on_gpu:
        torch.cuda.set_device(place)
    dist.init_process_group("cpu:gloo,cuda:nccl" if on_gpu else "gloo", timeout=PATIENCE)
    try:
        yield replace(alone, rank=dist.get_rank(), size=dist.get_world_size())
    except Exception as error:
        if (ending := last_words(error)) is not error:
            raise ending from None
        raise
    finally:
        dist.destroy_process_group()


def last_words(error: Exception) -> BaseException:
    """What a rank that failed ends with: the first that did says why, and the others, which it took along, nothing."""
    with suppress(RuntimeError):  # What counts them may have ended too.
        if dist.distributed_c10d._get_default_store().add("failed", 1) > 1:
            return SystemExit(BAD_INPUT)
    if isinstance(error, dist.DistError) or "gloo/transport" in str(error):
        return LongtakeError(
            "A process of this training has ended; the same line goes on from the last checkpoint."
        )
    return error


def _place(device: str) -> torch.device:
    local = int(os.environ.get(LOCAL_RANK, "0"))
    name, _, number = device.partition(":")
    place = device_named(name)
    if place.type != "cuda":
        return place
    index = int(number) if number.isdigit() else local
    count = torch.cuda.device_count()
    if index >= count:
        raise SpecError(f"There are {count} CUDA devices here, and no cuda:{index}.")
    return torch.device("cuda", index)
