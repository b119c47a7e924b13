"""`longtake train STAGE`: one command per stage, resumable, with a budget in minutes.

Builds stages from recipes and folders and hands them to the loop; knows nothing of how a stage learns.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.training.recipes import RECIPES


def main(argv: Sequence[str]) -> int:
    """Runs a stage; `argv` begins with its name."""
    arguments = _parser().parse_args(list(argv))
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    stage: Callable[[argparse.Namespace], None] = arguments.stage
    stage(arguments)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="longtake train", description="Trains the networks of a model, stage by stage."
    )
    stages = parser.add_subparsers(required=True, metavar="STAGE")
    for name, run, help in (
        ("autoencoder", _autoencoder, "waveform to latents and back (section 2.1)"),
        ("latents", _latents, "encode the material once, for the dit stage"),
        ("dit", _dit, "the diffusion transformer (sections 2.2, 3)"),
        ("export", _export, "write a run's averaged weights as safetensors"),
    ):
        stage = stages.add_parser(name, help=help, description=help)
        stage.add_argument("--config", default="sketch", choices=sorted(RECIPES))
        stage.add_argument(
            "--run", type=Path, required=True, help="folder of the run: checkpoints and logs"
        )
        stage.add_argument("--data", type=Path, nargs="+", default=[], help="folders of material")
        stage.add_argument("--minutes", type=float, default=float("inf"), help="stop after so long")
        stage.add_argument("--steps", type=int, help="stop at this step")
        stage.add_argument("--threads", type=int, help="CPU threads")
        stage.add_argument("--device", default="cpu")
        stage.add_argument("--seed", type=int, default=0)
        stage.add_argument(
            "--freeze-encoder", action="store_true", help="autoencoder: train the decoder alone"
        )
        stage.add_argument("--latents", type=Path, help="folder of latents (latents, dit)")
        stage.add_argument("--out", type=Path, help="where to write weights (export)")
        stage.set_defaults(stage=run)
    return parser


def _autoencoder(arguments: argparse.Namespace) -> None:
    _threads(arguments)
    from engine.training.dataset import items
    from engine.training.loop import train
    from engine.training.recipes import recipe
    from engine.training.train_autoencoder import AutoencoderStage

    stage = AutoencoderStage(
        recipe(arguments.config),
        items(arguments.data, held_out=False),
        seed=arguments.seed,
        device=arguments.device,
        freeze_encoder=arguments.freeze_encoder,
    )
    train(stage, arguments.run, _budget(arguments))


def _latents(arguments: argparse.Namespace) -> None:
    _threads(arguments)
    from engine.training.latents import encode_material

    encode_material(arguments)


def _dit(arguments: argparse.Namespace) -> None:
    _threads(arguments)
    from engine.training.loop import train
    from engine.training.recipes import recipe
    from engine.training.train_dit import DiTStage

    stage = DiTStage(
        recipe(arguments.config), arguments.latents, seed=arguments.seed, device=arguments.device
    )
    train(stage, arguments.run, _budget(arguments))


def _export(arguments: argparse.Namespace) -> None:
    from engine.training.export import export

    export(arguments)


def _budget(arguments: argparse.Namespace):  # noqa: ANN202
    from engine.training.loop import Budget

    return Budget(minutes=arguments.minutes, steps=arguments.steps)


def _threads(arguments: argparse.Namespace) -> None:
    if arguments.threads:
        import torch

        torch.set_num_threads(arguments.threads)
