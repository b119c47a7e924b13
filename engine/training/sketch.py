"""`longtake train sketch`: from nothing but a clone to weights, in one command and in slots of any length.

Reads the flags, and how the run was begun (`run.json`). Only one slot works in a folder at a time. Knows nothing of
what a slot does.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from engine.errors import LongtakeError, SpecError, choices
from engine.model_files import find_weights
from engine.parsing import Parser, check_counts
from engine.registry import SKETCH
from engine.training.parcel.command import add_flags, parcel, travelling
from engine.training.recipes import RECIPES
from engine.training.slot import Begun, Slot, train_sketch
from engine.whole_files import remove_parts, write_whole

GPU_BATCH = 8
"""How many times as large batches are on a GPU, unless the run was begun with others."""
DESCRIPTION = """
Trains the sketch model from nothing: composes music and trains on it at the same time, then writes RUN/weights and
evaluates them into RUN/report. The same line again goes on where the run stands. Ctrl-C ends after the current step,
and nothing is lost.
"""


def main(argv: Sequence[str]) -> int:
    """Runs one slot; `argv` are the arguments after the command's name."""
    arguments = _parser().parse_args(list(argv))
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if arguments.parcel:
        logging.info("%s", parcel(arguments))
        return 0
    _check(arguments)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    slot = Slot(
        run=arguments.run,
        minutes=arguments.minutes,
        steps=arguments.steps,
        device=arguments.device,
        workers=arguments.workers,
        most_bytes=round(arguments.disk * 1e9),
        autoencoder=arguments.autoencoder or find_weights(SKETCH),
        report=arguments.report,
        start=arguments.start,
    )
    slot.run.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(slot.run / "lock", timeout=0):
            remove_parts(slot.run)
            with travelling(slot.run, arguments.parts, arguments.parts_mib):
                how = begun(
                    slot.run,
                    arguments.config,
                    seed=arguments.seed or None,
                    batch=arguments.batch,
                    from_step=arguments.from_step,
                    usual_batch=GPU_BATCH if slot.device == "cuda" else 1,
                )
                logging.info("seed %d, %d times the batch", how.seed, how.batch)
                train_sketch(slot, how)
    except Timeout:
        raise LongtakeError(f"Another slot is at work in {slot.run}; wait for its end.") from None
    return 0


def begun(run: Path, config: str, *, usual_batch: int = 1, **given: int | None) -> Begun:
    """How the run was begun, or is begun now.

    Args:
        run: its folder.
        config: name of its recipe.
        usual_batch: times the batch of a run that is begun without a number of its own.
        given: seed, batch and from_step; None for whatever it was begun with.

    Raises:
        LongtakeError: if that was with another configuration or number.
    """
    path, asked = run / "run.json", {name: n for name, n in given.items() if n is not None}
    if not path.exists():
        first = Begun(config=config, **{"seed": 0, "batch": usual_batch, **asked})
        write_whole(path, json.dumps(asdict(first), indent=1) + "\n")
    found = Begun(**json.loads(path.read_text(encoding="utf-8")))
    for name, wanted in {"config": config, **asked}.items():
        kept = getattr(found, name)
        if wanted != kept:
            flag = f"--{name.replace('_', '-')}"
            raise LongtakeError(
                f"{run} was begun with {flag} {kept}; go on with that, or use another folder."
            )
    return found


def _check(arguments: argparse.Namespace) -> None:
    """Says what cannot be done before anything is composed.

    Raises:
        SpecError: with what can.
    """
    there = ["cuda", "cpu"] if torch.cuda.is_available() else ["cpu"]
    if arguments.device not in there:
        raise SpecError(f"There is no device {arguments.device!r} here; choose {choices(there)}.")
    # A number that is none is not above zero either.
    if not arguments.minutes > 0:
        raise SpecError(f"--minutes is {arguments.minutes:g}; a slot needs more than 0.")
    check_counts(arguments, "steps", "batch")
    check_counts(arguments, "from_step", least=0)
    if arguments.from_step and arguments.start is None:
        raise SpecError("--from-step counts the steps of weights; name them with --from FOLDER.")


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="longtake train sketch", description=DESCRIPTION)
    flag = parser.add_argument
    offered = sorted(name for name, recipe in RECIPES.items() if recipe.slot is not None)
    flag("--config", default="sketch", choices=offered)
    flag("--run", type=Path, required=True, help="folder of the run; go on with it by naming it")
    flag("--minutes", type=float, default=float("inf"), help="of this slot, everything included")
    flag("--steps", type=int, help="stop the transformer at this step of the run")
    flag("--device", default="cpu", help="cpu or cuda")
    flag("--seed", type=int, default=0, help="of the run (0: what it was begun with)")
    flag(
        "--batch",
        type=int,
        help=f"times the batch (default: 1, on a GPU {GPU_BATCH}, or what the run was begun with)",
    )
    flag("--threads", type=int, help="CPU threads of the training")
    flag("--workers", type=int, default=os.cpu_count() or 1, help="processes that compose")
    flag("--disk", type=float, default=2.0, help="GB of pieces after which composing ends")
    flag("--autoencoder", type=Path, help="folder of its weights (default: those of sketch)")
    flag("--from", dest="start", type=Path, help="folder of weights that a new run begins with")
    flag("--from-step", type=int, help="steps that these weights had: the rate goes on from there")
    flag("--no-report", dest="report", action="store_false", help="evaluate later, train longer")
    add_flags(parser)
    return parser
