"""Ranks for the tests: processes that train together over gloo, one spawn for several laws."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.multiprocessing.spawn import spawn

from engine.training.group import Group, joined

Work = Callable[[Group, Path], Any]


def together(size: int, work: Work, folder: Path) -> list[Any]:
    """What each of so many ranks made of a folder; work is a function of a module, and what it makes tensors."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    spawn(_rank, (size, port, work, folder), nprocs=size)
    return [torch.load(_answer(folder, rank), weights_only=True) for rank in range(size)]


def _rank(rank: int, size: int, port: int, work: Work, folder: Path) -> None:
    torch.set_num_threads(1)
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(size)}
    # Without rounding to 16 bits, which differs between a batch and its parts.
    with joined("cpu", "float32") as group:
        torch.save(work(group, folder), _answer(folder, rank))


def _answer(folder: Path, rank: int) -> Path:
    return folder / f"answer_{rank}.pt"
