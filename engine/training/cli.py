"""`longtake train STAGE`: one command per stage, resumable, with a budget in minutes, in one process or in several.

Builds stages from recipes and folders and hands them to the loop; knows nothing of how a stage learns.
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from engine.parsing import Parser
from engine.registry import ModelSpec
from engine.training.flags import add_flags, budget, check, chosen_recipe, demos
from engine.training.launching import launched, started
from engine.training.recipes import RECIPES, recipe

if TYPE_CHECKING:
    from engine.conditioning import TextEncoder


SETTINGS = "stage.json"
"""How a run of a stage was begun."""
COMMANDS = {
    "sketch": "engine.training.sketch",
    "lora": "engine.training.finetuning.lora",
    "finetune": "engine.training.finetuning.whole",
    "corpus": "engine.training.corpus.__main__",
    "recordings": "engine.training.corpus.real",
    "freedoom": "engine.training.corpus.freedoom",
    "hearing": "engine.training.hearing",
    "latents": "engine.training.material.encode_command",
    "shards": "engine.training.material.tar_command",
}
"""The whole training in one, what makes training material, and listening; each has its own flags."""


def main(argv: Sequence[str]) -> int:
    """Runs a stage; `argv` begins with its name."""
    if argv and argv[0] in COMMANDS:
        import_module(COMMANDS[argv[0]]).main(list(argv[1:]))
        return 0
    arguments = _parser().parse_args(list(argv))
    check(arguments)
    if arguments.processes > 1 and not started():
        return launched(argv, arguments.processes)
    _threads(arguments.threads)
    from engine.training.group import joined
    from engine.training.run_folder import at_work

    with joined(arguments.device, arguments.precision) as group:
        group.log()
        arguments.group = group
        stage: Callable[[argparse.Namespace], None] = arguments.stage
        if stage is _export:
            stage(arguments)
            return 0
        with at_work(arguments.run, group):
            if group.first:
                _keep_settings(arguments)
            stage(arguments)
    return 0


def _keep_settings(arguments: argparse.Namespace) -> None:
    """Notes what decides the steps of a run, or checks that it goes on with the same."""
    from engine.training.run_folder import keep_settings

    run, path = arguments.run, arguments.run / SETTINGS
    settings = {name: getattr(arguments, name) for name in ("config", "seed", "batch")}
    if arguments.stage is _dit:
        settings |= {"optimizer": arguments.optimizer, "latents": _from(run, arguments.latents)}
    else:
        settings["data"] = [_from(run, folder) for folder in arguments.data]
    keep_settings(path, {"stage": arguments.stage.__name__.removeprefix("_"), **settings})


def _from(run: Path, place: object) -> str:
    """A path as seen from the run, so that both may move together; an address as it is."""
    if "://" in str(place):
        return str(place)
    try:
        return Path(os.path.relpath(str(place), run)).as_posix()
    except ValueError:  # On another drive.
        return str(place)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="longtake train",
        description="Trains a model's networks, stage by stage.",
        epilog="All of it in one command: 'sketch'. To make training material: 'corpus' composes it, 'recordings' and "
        "'freedoom' download free music; 'shards' packs it, and 'latents' encodes it once for the dit stage. For "
        "listening to recordings: 'hearing'.",
    )
    stages = parser.add_subparsers(required=True, metavar="STAGE")
    for name, run, help in (
        ("autoencoder", _autoencoder, "waveform to latents and back (section 2.1)"),
        ("dit", _dit, "the diffusion transformer (sections 2.2, 3)"),
        ("clap", _clap, "a text and an audio tower, contrastively (section 2.4)"),
        ("export", _export, "export a run's averaged weights as safetensors"),
    ):
        stage = stages.add_parser(name, help=help, description=help)
        stage.add_argument("--config", default="sketch", choices=sorted(RECIPES))
        stage.add_argument(
            "--run", type=Path, required=True, help="folder of the run: checkpoints and logs"
        )
        stage.add_argument("--data", type=Path, nargs="+", default=[], help="folders of material")
        stage.add_argument(
            "--minutes", type=float, default=float("inf"), help="stop after so many minutes"
        )
        stage.add_argument("--steps", type=int, help="stop at this step")
        stage.add_argument("--threads", type=int, help="CPU threads")
        stage.add_argument("--device", default="cpu", help="cpu, cuda, or auto for the fastest")
        stage.add_argument("--seed", type=int, default=0)
        stage.add_argument(
            "--freeze-encoder", action="store_true", help="autoencoder: train the decoder alone"
        )
        stage.add_argument("--latents", help="folder of latents, or tar shards of them (dit)")
        stage.add_argument("--out", type=Path, help="where to write weights (export)")
        add_flags(stage)
        stage.add_argument(
            "--format",
            default="longtake",
            choices=("longtake", "stable-audio-tools"),
            help="export: of the files; the other is for runs of 'lora' and 'finetune'",
        )
        stage.set_defaults(stage=run)
    return parser


def _autoencoder(arguments: argparse.Namespace) -> None:
    from engine.training.loop import train
    from engine.training.material.dataset import items
    from engine.training.train_autoencoder import AutoencoderStage

    stage = AutoencoderStage(
        chosen_recipe(arguments),
        items(arguments.data, held_out=False),
        seed=arguments.seed,
        group=arguments.group,
        freeze_encoder=arguments.freeze_encoder,
    )
    train(stage, arguments.run, budget(arguments))


def _dit(arguments: argparse.Namespace) -> None:
    from engine.training.loop import train
    from engine.training.material.stream import held_out_of, open_shelf, statistics_of
    from engine.training.needs import advice
    from engine.training.train_dit import DiTStage, Material

    chosen = chosen_recipe(arguments)
    logging.info("%s", advice(chosen, arguments.group))
    material = Material(
        shelf=open_shelf(arguments.latents, arguments.seed),
        held_out=held_out_of(arguments.latents),
        statistics=statistics_of(arguments.latents),
    )
    stage = DiTStage(
        chosen,
        material,
        _text_encoder(chosen.model),
        seed=arguments.seed,
        group=arguments.group,
    )
    kept = budget(arguments, keep_at=chosen.dit.milestones)
    train(stage, arguments.run, kept, demos=demos(arguments, stage))


def _clap(arguments: argparse.Namespace) -> None:
    from engine.training.material.dataset import all_items, is_held_out, items
    from engine.training.material.spectra import Spectra
    from engine.training.train_clap import (
        PAPER,
        SMOKE,
        ClapRecipe,
        ClapStage,
        Pieces,
        against_locked_text,
        from_scratch,
        train_clap,
    )

    paper = recipe(arguments.config).model.conditioning.text.encoder == "clap"
    numbers = PAPER if paper else SMOKE if arguments.config == "sketch-smoke" else ClapRecipe()
    seed, material = arguments.seed, items(arguments.data, held_out=False)
    held_out = [item for item in all_items(arguments.data) if is_held_out(item.metadata)]
    clap = from_scratch(material, numbers, seed) if paper else against_locked_text(seed)
    pieces = Pieces(material, held_out, Spectra(clap.listener, arguments.run / "spectra"))
    numbers = numbers.multiplied(arguments.batch)
    stage = ClapStage(numbers, clap, pieces, seed=seed, group=arguments.group)
    train_clap(stage, arguments.run, budget(arguments))


def _export(arguments: argparse.Namespace) -> None:
    from engine.model_files import seal
    from engine.training.export import export

    if arguments.format == "stable-audio-tools":
        from engine.training.finetuning.run import export_published

        return export_published(arguments.run, arguments.out)
    spec = recipe(arguments.config).model
    export(spec, arguments.run, lambda: _text_encoder(spec), arguments.out)
    seal(arguments.out)


def _text_encoder(spec: ModelSpec) -> TextEncoder:
    from engine.model_files import find_weights
    from engine.networks import open_text_encoder

    # The embedded model's encoder comes with a package; others are with the model's weights.
    embedded = spec.conditioning.text.encoder == "minilm"
    return open_text_encoder(spec.conditioning.text, Path() if embedded else find_weights(spec))


def _threads(count: int | None) -> None:
    if count:
        import torch

        torch.set_num_threads(count)
