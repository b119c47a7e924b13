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

from engine.errors import LongtakeError
from engine.model_files import find_weights
from engine.registry import SKETCH
from engine.training.parcel.command import add_flags, parcel, travelling
from engine.training.recipes import RECIPES
from engine.training.slot import Begun, Slot, train_sketch
from engine.whole_files import remove_parts, write_whole

GPU_BATCH = 8
"""How many times as large batches are on a GPU, unless the run was begun with others."""


def main(argv: Sequence[str]) -> int:
    """Runs one slot; `argv` are the arguments after the command's name."""
    arguments = _parser().parse_args(list(argv))
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if arguments.parcel:
        logging.info("%s", parcel(arguments))
        return 0
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    on_gpu = arguments.device.startswith("cuda")
    asked = Begun(
        config=arguments.config,
        seed=arguments.seed,
        batch=arguments.batch or (GPU_BATCH if on_gpu else 1),
    )
    slot = Slot(
        run=arguments.run,
        minutes=arguments.minutes,
        steps=arguments.steps,
        device=arguments.device,
        workers=arguments.workers,
        most_bytes=round(arguments.disk * 1e9),
        autoencoder=arguments.autoencoder or find_weights(SKETCH),
        report=arguments.report,
    )
    slot.run.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(slot.run / "lock", timeout=0):
            remove_parts(slot.run)
            with travelling(slot.run, arguments.parts, arguments.parts_mib):
                train_sketch(slot, begun(slot.run, asked))
    except Timeout:
        raise LongtakeError(f"Another slot is at work in {slot.run}; wait for its end.") from None
    return 0


def begun(run: Path, asked: Begun) -> Begun:
    """How the run was begun, or is begun now.

    Raises:
        LongtakeError: if that was with another configuration.
    """
    path = run / "run.json"
    if not path.exists():
        write_whole(path, json.dumps(asdict(asked), indent=1) + "\n")
    found = Begun(**json.loads(path.read_text(encoding="utf-8")))
    if found.config != asked.config:
        raise LongtakeError(
            f"{run} was begun with --config {found.config}; go on with that, or use another folder."
        )
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="longtake train sketch", description=__doc__)
    flag = parser.add_argument
    offered = sorted(name for name, recipe in RECIPES.items() if recipe.slot is not None)
    flag("--config", default="sketch", choices=offered)
    flag("--run", type=Path, required=True, help="folder of the run; go on with it by naming it")
    flag("--minutes", type=float, default=float("inf"), help="of this slot, everything included")
    flag("--steps", type=int, help="stop the transformer at this step of the run")
    flag("--device", default="cpu", help="cpu or cuda")
    flag("--seed", type=int, default=0)
    flag("--batch", type=int, help=f"times the batch (default: 1, on a GPU {GPU_BATCH})")
    flag("--threads", type=int, help="CPU threads of the training")
    flag("--workers", type=int, default=os.cpu_count() or 1, help="processes that compose")
    flag("--disk", type=float, default=2.0, help="GB of pieces after which composing ends")
    flag("--autoencoder", type=Path, help="folder of its weights (default: those of sketch)")
    flag("--no-report", dest="report", action="store_false", help="evaluate later, train longer")
    add_flags(parser)
    return parser
