"""Starts a training once more in several processes of this machine, by torch's own launcher, which ends them together.

On several machines torchrun does the same: `torchrun ... -m longtake train ...`. Knows nothing of what they do.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import engine
from engine.errors import LongtakeError
from engine.training.group import COUNT

PATIENCE = 900
"""Seconds in which processes that were told to stop end their step and write their checkpoint."""


_PARENT = os.getppid()


def started() -> bool:
    """Whether this is one of several processes that were started to train together."""
    return int(os.environ.get(COUNT, "1")) > 1


def orphaned() -> bool:
    """Whether this is one of several processes, and what started them has ended before them, as when it is killed."""
    return started() and os.getppid() != _PARENT


def search_path() -> str:
    """PYTHONPATH of a process that is to find this Longtake."""
    root = str(Path(engine.__file__).parents[1])
    return os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])


def launched(argv: Sequence[str], processes: int) -> int:
    """Runs `longtake train ARGV` in so many processes, and waits for their end.

    SIGINT and SIGTERM reach all of them: they stop after the same step.

    Raises:
        LongtakeError: if one of them failed; the first that did has said why.
    """
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    os.environ["PYTHONPATH"] = search_path()
    share = max(1, (os.cpu_count() or 1) // processes)
    os.environ.setdefault("OMP_NUM_THREADS", str(share))
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        run_id=uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=0,
        shutdown_timeout=PATIENCE,
    )
    # What torch's launcher logs of processes that fail says nothing that these do not.
    logging.disable(logging.ERROR)
    try:
        elastic_launch(config, sys.executable)("-m", "longtake", "train", *argv)
    except SignalException as stopped:
        return 0 if stopped.sigval in (signal.SIGINT, signal.SIGTERM) else 128 + stopped.sigval
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        raise LongtakeError(
            f"Process {rank} of {processes} ended with {failure.exitcode}; what was said is above."
        ) from None
    finally:
        logging.disable(logging.NOTSET)
    return 0
