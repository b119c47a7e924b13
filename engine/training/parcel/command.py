"""The flags of `longtake train sketch` for training on another machine, and what they do around a slot."""

from __future__ import annotations

import argparse
import logging
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from engine.errors import CheckpointError
from engine.training.parcel.packages import PYTHON
from engine.training.parcel.parts import MOST, MOST_BYTES, PART_BYTES, arrive, has_checkpoint, leave

log = logging.getLogger(__name__)
LEAVES_EVERY = 120.0
"""Seconds between parts of a slot that goes on; packing takes a few."""

CARRIED = {"seed": 0, "batch": None, "disk": 2.0}
"""Flags of the command, with their defaults, that hold on the other machine too."""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds `--parcel`, `--packages` and `--parts`."""
    flags = parser.add_argument_group("on another machine, without a network")
    flags.add_argument(
        "--parcel",
        type=Path,
        metavar="FILE",
        help="train nothing here, but write what that takes to one file, with the run's last checkpoint",
    )
    flags.add_argument(
        "--packages",
        choices=("wheels", "here"),
        default="wheels",
        help=f"what the parcel holds: wheels for Python {PYTHON} (default), or the packages of this Python",
    )
    flags.add_argument(
        "--parts",
        type=Path,
        metavar="FOLDER",
        help=f"leave the run there as at most {MOST} files of {PART_BYTES >> 20} MiB, and go on with what is there",
    )
    flags.add_argument(
        "--parts-mib",
        type=float,
        default=MOST_BYTES / 2**20,
        help="MiB of all parts; where they are more, averages and moments stay behind (default: %(default)g)",
    )


def parcel(arguments: argparse.Namespace) -> str:
    """Packs the parcel that was asked for; gives what to type on the other machine.

    Raises:
        LongtakeError: if something is missing, or it is too large.
    """
    from engine.training.parcel.pack import Choices, pack

    choices = Choices(run=arguments.run, packages_here=arguments.packages == "here")
    made = pack(arguments.parcel, choices)
    return made.told(
        typed(arguments, Path(arguments.run.resolve().name or "run")),
        typed(arguments, arguments.run),
    )


def typed(arguments: argparse.Namespace, run: Path) -> str:
    """The flags of the training as they are typed, with this folder of the run."""
    words = ["--config", arguments.config, "--run", str(run), "--minutes", "8", "--no-report"]
    for name, default in CARRIED.items():
        given = getattr(arguments, name)
        if given != default:
            words += [f"--{name}", f"{given}"]
    return shlex.join(words)


@contextmanager
def travelling(
    run: Path, parts: Path | None, most_mib: float = MOST_BYTES / 2**20
) -> Iterator[None]:
    """Around a slot: joins the parts that came, and leaves new ones, every few minutes and however the slot ends.

    Raises:
        CheckpointError: if parts are missing, damaged or of another run, or the run is too large for them.
    """
    if parts is None:
        yield
        return
    # A parcel lays the run that came along beside the run's other files.
    for folder in (parts, run / "parts"):
        if arrive(folder, run):
            log.info("the run goes on from the parts in %s", folder)
    done = Event()
    most = round(most_mib * 2**20)
    leaving = Thread(target=_leave_often, args=(run, parts, most, done), daemon=True)
    leaving.start()
    try:
        yield
    finally:
        done.set()
        leaving.join()
        if has_checkpoint(run):
            made = leave(run, parts, most)
            size = sum(path.stat().st_size for path in made)
            log.info("%d parts in %s, %.1f MiB", len(made), parts, size / 2**20)


def _leave_often(run: Path, parts: Path, most: int, done: Event) -> None:
    """In a thread of its own, for a machine that is taken away without a word."""
    while not done.wait(LEAVES_EVERY):
        if has_checkpoint(run):
            try:
                leave(run, parts, most)
            except (CheckpointError, OSError) as error:
                log.warning("no parts this time: %s", error)
