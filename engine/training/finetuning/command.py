"""`longtake train lora` and `longtake train finetune`: one's own model from any other and a folder of music.

Reads the flags, says what the training will take, and starts or goes on. Knows nothing of how it learns.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from engine.parsing import Parser, check_counts
from engine.registry import ModelSpec, model_spec
from engine.training.batches import check_batches
from engine.training.finetuning.adapters import KINDS, LoraPlan
from engine.training.finetuning.estimate import check_room, estimated, seconds_per_step
from engine.training.finetuning.families import Asking, recipe_for
from engine.training.finetuning.run import Begun, Paths, check_name, finetune
from engine.training.flags import check_run
from engine.training.group import Group, joined
from engine.training.launching import launched, started
from engine.training.loop import Budget
from engine.training.run_folder import at_work

log = logging.getLogger(__name__)
STEPS = 1000
LORA = """
Trains a LoRA: a small file that changes how a model plays, by listening to a folder of music. The model itself stays as
it is. Encodes the music once, into RUN/latents. The same line again goes on where the run stands; Ctrl-C ends after the
current step, and nothing is lost.
"""
ALL = """
Trains all weights of a model's transformer on a folder of music, from where they stand; needs far more memory and
music than 'longtake train lora'. Encodes the music once, into RUN/latents. The same line again goes on where the run
stands; Ctrl-C ends after the current step, and nothing is lost.
"""


def lora(argv: Sequence[str]) -> int:
    """Runs `longtake train lora`; `argv` are the arguments after the name."""
    parser = _parser("longtake train lora", LORA)
    flag = parser.add_argument
    flag("--rank", type=int, default=16, help="of the change (default: 16)")
    flag("--alpha", type=float, help="it counts alpha / rank (default: the rank)")
    flag("--kind", default="dora-rows", choices=KINDS, help="default: dora-rows")
    flag("--include", nargs="+", default=[], help="only layers with one of these in their names")
    flag("--exclude", nargs="+", default=[], help="not layers with one of these in their names")
    flag("--from", dest="start", type=Path, help="a LoRA file that a new run begins with")
    return _run(["lora", *argv], parser.parse_args(list(argv)), _plan)


def finetune_all(argv: Sequence[str]) -> int:
    """Runs `longtake train finetune`; `argv` are the arguments after the name."""
    parser = _parser("longtake train finetune", ALL)
    parser.set_defaults(start=None)
    return _run(["finetune", *argv], parser.parse_args(list(argv)), lambda _: None)


def _plan(arguments: argparse.Namespace) -> LoraPlan:
    return LoraPlan(
        rank=arguments.rank,
        alpha=arguments.alpha,
        kind=arguments.kind,
        include=tuple(arguments.include),
        exclude=tuple(arguments.exclude),
    )


def _run(
    line: Sequence[str],
    arguments: argparse.Namespace,
    plan_of: Callable[[argparse.Namespace], LoraPlan | None],
) -> int:
    check_counts(arguments, "steps", "save_every", "processes", "threads")
    check_run(arguments)
    if arguments.processes > 1 and not (arguments.dry_run or started()):
        return launched(line, arguments.processes)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    with joined(arguments.device) as group:
        group.log()
        return _trained(arguments, plan_of(arguments), group)


def _trained(arguments: argparse.Namespace, plan: LoraPlan | None, group: Group) -> int:
    spec = model_spec(arguments.model)
    asking = Asking(
        lora=plan is not None,
        rate=arguments.rate,
        seconds=arguments.seconds,
        times=arguments.batch,
    )
    processes = arguments.processes if arguments.dry_run else group.size
    _announce(spec, plan, asking, arguments.steps, (group.device, processes))
    if arguments.dry_run:
        return 0
    run, name = arguments.run, arguments.name or arguments.run.resolve().name
    check_name(name)
    begun = Begun(model=spec.name, plan=plan, asking=asking, seed=arguments.seed)
    paths = Paths(
        data=arguments.data,
        run=run,
        name=name,
        every=arguments.save_every,
        start=arguments.start,
    )
    budget = Budget(minutes=arguments.minutes, steps=arguments.steps)
    with at_work(run, group):
        made = finetune(begun, paths, budget, group)
    if made is None:
        log.info("stopped before all was encoded; the same command goes on where this one ended")
    else:
        log.info("%s", _what_now(spec, plan, made, name))
    return 0


def _announce(
    spec: ModelSpec,
    plan: LoraPlan | None,
    asking: Asking,
    steps: int,
    where: tuple[torch.device, int],
) -> None:
    """Says what the training takes on a device in so many processes, and refuses what cannot be."""
    recipe = recipe_for(spec, asking)
    check_batches(recipe, where[1])
    estimate = estimated(spec, plan, recipe, *where)
    log.info("%s", estimate.words(spec, steps, seconds_per_step(estimate)))
    if spec.reference == "stable-audio-3" and spec.defaults.cfg_scale == 1:
        log.info(
            "%s is distilled to few steps; its authors train on %s-base, whose LoRAs play here too.",
            spec.name,
            spec.name,
        )
    check_room(estimate)


def _what_now(spec: ModelSpec, plan: LoraPlan | None, made: Path, name: str) -> str:
    if plan is not None:
        return f"Play it: longtake render --model {spec.name} --lora {made} --prompt ..."
    if spec.weights == "public":
        return f"Play it: longtake models add {made} --as {spec.name} --name {name}"
    return f"Its weights are in {made}: longtake evaluate --model {spec.name} --weights {made}"


def _parser(prog: str, description: str) -> Parser:
    parser = Parser(prog=prog, description=description)
    flag = parser.add_argument
    flag("--model", required=True, help="any that 'longtake models' lists, or sketch")
    flag("--data", type=Path, nargs="+", required=True, help="folders of music")
    flag("--run", type=Path, required=True, help="folder of the run; go on with it by naming it")
    flag("--name", help="of what is made (default: the run's)")
    flag("--steps", type=int, default=STEPS, help=f"stop at this step (default: {STEPS})")
    flag("--minutes", type=float, default=float("inf"), help="stop after so many minutes")
    flag("--rate", type=float, help="learning rate (default: 1e-4 for LoRA, 5e-5 for all weights)")
    flag("--seconds", type=float, help="longest crop (default: the model's)")
    flag("--batch", type=int, default=1, help="times the crops in a step")
    flag("--processes", type=int, default=1, help="train in so many processes, one a card")
    flag("--save-every", type=int, default=500, help="steps between numbered files (default: 500)")
    flag("--device", default="auto", help="auto, cpu, cuda or mps")
    flag("--threads", type=int, help="CPU threads")
    flag("--seed", type=int, default=0, help="of crops, noise and adapters")
    flag("--dry-run", action="store_true", help="say what it takes, and do nothing")
    return parser
