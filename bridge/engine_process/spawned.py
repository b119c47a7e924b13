"""What a process that we spawn does first: pipes for messages alone, no signal from a terminal, an end with its parent.

Besides, how it builds an object from a dotted path. Knows nothing of what it serves with them.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import logging
import os
import signal
import sys
from typing import IO, Any

from bridge.engine_process.wire import Wire


def begin(parent: int, nice: int) -> Wire:
    """Makes this process one that serves its parent; gives the wire to it.

    `nice` is by how much it gives way to others; less than 0 is tried and granted to few.
    """
    reader, writer = _quiet_pipes()
    # Ctrl-C in a terminal, and a service's stop, reach every process there; the bridge decides what ends when.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _die_with(parent)
    with contextlib.suppress(OSError, AttributeError):
        os.nice(nice)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    return Wire(reader, writer)


def build(factory: str) -> Any:
    """The object of a dotted path such as `engine.engine:Engine`; words after it are its arguments."""
    path, *arguments = factory.split()
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)(*arguments)


def _die_with(parent: int) -> None:
    """On Linux the kernel kills this process with its parent, even if it hangs and never reads the pipe."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(0)


def _quiet_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Standard input and output for messages alone: what a library prints goes to standard error."""
    reader, writer = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    return reader, writer
