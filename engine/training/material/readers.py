"""Material read by other processes, ahead of who needs it. Knows nothing of what is read."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any, TypeVar

from torch.utils.data import DataLoader, Dataset

from engine.errors import LongtakeError

T = TypeVar("T")


def read_by(processes: int, source: Dataset[T], **options: Any) -> Iterator[T]:
    """What a source has, one after the other, read by so many processes; by this one, when asked for, if that is 0.

    Args:
        processes: how many.
        source: where it comes from; sent to each of them.
        options: of torch's loader.

    Raises:
        LongtakeError: what the source raises, whoever read it.
    """
    loader = DataLoader(
        source,
        batch_size=None,
        num_workers=processes,
        # A fork of a process with a GPU's context and other threads may hang.
        multiprocessing_context="spawn" if processes else None,
        worker_init_fn=_deaf,
        **options,
    )
    with _unheard():
        found = iter(loader)
    try:
        yield from found
    except LongtakeError as error:
        # Torch puts what another process said at the end of its traceback.
        kind = type(error)
        sentence = str(error).rpartition(f"{kind.__module__}.{kind.__qualname__}: ")[2]
        raise kind(sentence.strip()) from error


@contextmanager
def _unheard() -> Iterator[None]:
    """Ctrl-C in a terminal reaches every process: those begun within it never hear it, and this one does afterwards."""
    if os.name == "nt":
        yield
        return
    resource_tracker.ensure_running()  # As it starts, it would have the signal heard again.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _deaf(number: int) -> None:
    """Where processes inherit no such thing, they ignore it from when they have started."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
