"""What the stages' commands have in common: how many processes, how large batches, what is kept, logged and heard.

Knows nothing of how a stage learns.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import SpecError
from engine.parsing import check_counts
from engine.training.launching import started
from engine.training.optim import KINDS
from engine.training.recipes import Recipe, recipe

if TYPE_CHECKING:
    from engine.training.demos import TransformerDemos
    from engine.training.loop import Budget
    from engine.training.train_dit import DiTStage


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds them."""
    flag = parser.add_argument
    flag("--processes", type=int, default=1, help="train in so many processes, one a card")
    flag("--batch", type=int, default=1, help="times the batch, which all processes share")
    flag("--accumulate", type=int, default=1, help="cut each part of a batch so often (dit)")
    flag(
        "--shard",
        action=argparse.BooleanOptionalAction,
        help="divide the weights among processes (dit; default: only the paper's)",
    )
    flag("--optimizer", choices=KINDS, default="adamw", help="adamw8bit: moments of 8 bits (dit)")
    flag(
        "--precision",
        choices=("auto", "bfloat16", "float32"),
        default="auto",
        help="default: bfloat16 where the device has it in hardware",
    )
    flag("--keep-every", type=int, help="steps between checkpoints that stay, in RUN/kept")
    flag("--demo-every", type=int, help="steps between takes in RUN/demos (dit)")
    flag("--demo-prompts", type=Path, help="file of their prompts, one on a line")
    flag("--demo-seconds", type=float, default=30.0, help="length of such a take")
    flag("--demo-steps", type=int, help="steps of denoising of such a take")
    flag("--autoencoder", type=Path, help="folder of the weights that decode such takes")
    flag("--wandb", action="store_true", help="log to Weights & Biases too")


def check(arguments: argparse.Namespace) -> None:
    """Says what cannot be done before anything is begun.

    Raises:
        SpecError: with what can.
    """
    name = arguments.stage.__name__.removeprefix("_")
    counted = (
        *("processes", "batch", "accumulate", "keep_every", "demo_every", "demo_steps"),
        *("steps", "threads"),
    )
    check_counts(arguments, *counted)
    check_run(arguments)
    only = {
        "--accumulate": arguments.accumulate > 1,
        "--shard": bool(arguments.shard),
        "--optimizer": arguments.optimizer != "adamw",
        "--demo-every": arguments.demo_every is not None,
    }
    if name != "dit" and (wrong := next((flag for flag, given in only.items() if given), None)):
        raise SpecError(f"{wrong} is for the dit stage only.")
    if arguments.shard and arguments.processes == 1 and not started():
        raise SpecError(
            "--shard divides weights among processes; start some with --processes N or torchrun."
        )
    if arguments.demo_every and not (arguments.demo_prompts and arguments.autoencoder):
        raise SpecError(
            "--demo-every needs prompts and weights that decode: --demo-prompts FILE --autoencoder FOLDER."
        )
    needed = {"dit": "latents", "export": "out", "autoencoder": "data", "clap": "data"}[name]
    if not getattr(arguments, needed):
        raise SpecError(f"'longtake train {name}' needs --{needed}; see its --help.")


def check_run(arguments: argparse.Namespace) -> None:
    """Says whether minutes and seed can be a run's.

    Raises:
        SpecError: if not.
    """
    if not arguments.minutes > 0:
        raise SpecError(f"--minutes is {arguments.minutes:g}; it has to be above 0.")
    check_counts(arguments, "seed", least=0)


def chosen_recipe(arguments: argparse.Namespace) -> Recipe:
    """The recipe with what the flags change."""
    found = recipe(arguments.config).with_batches(arguments.batch)
    dit = replace(found.dit, pieces=arguments.accumulate, optimizer=arguments.optimizer)
    sharded = found.sharded if arguments.shard is None else arguments.shard
    return replace(found, dit=dit, sharded=sharded and started())


def budget(arguments: argparse.Namespace, keep_at: tuple[int, ...] = ()) -> Budget:
    """When a stage ends, and what of it is kept and logged."""
    from engine.training.loop import Budget
    from engine.training.speed import peak_flops

    return Budget(
        minutes=arguments.minutes,
        steps=arguments.steps,
        peak_flops=peak_flops(arguments.group.device),
        keep_every=arguments.keep_every,
        keep_at=keep_at,
        wandb=arguments.wandb,
    )


def demos(arguments: argparse.Namespace, stage: DiTStage) -> TransformerDemos | None:
    """The takes that the stage plays now and then, if asked for."""
    from engine.training.demos import TransformerDemos, prompts_of

    if arguments.demo_every is None:
        return None
    return TransformerDemos(
        stage=stage,
        autoencoder=arguments.autoencoder,
        prompts=prompts_of(arguments.demo_prompts),
        every=arguments.demo_every,
        seconds=arguments.demo_seconds,
        steps=arguments.demo_steps,
    )
