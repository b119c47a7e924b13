"""`longtake train latents`: encodes material once, on any device, by one process or several, and can be cut off.

Several processes are begun by torchrun, or by hand with RANK and WORLD_SIZE. Reads the flags and finds the encoder;
knows nothing of how sound is encoded.
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Sequence
from pathlib import Path

import torch

from engine.autoencoder import Autoencoder
from engine.checkpoints import load_weights
from engine.errors import SpecError
from engine.model_files import find_weights
from engine.networks import build_autoencoder
from engine.parsing import Parser, check_counts
from engine.public.loading import load_public
from engine.registry import all_models, model_spec
from engine.training.export import trained_autoencoder
from engine.training.group import COUNT, LOCAL_RANK, RANK
from engine.training.loop import Stopping
from engine.training.material.dataset import all_items
from engine.training.material.latents import Encoding, encode_material, encode_sounds
from engine.training.material.tar_reading import sounds_of
from engine.training.material.tars import is_tar, tars_in
from engine.training.recipes import RECIPES, recipe

DESCRIPTION = """
Encodes sound once, so that training the transformer needs none. Ctrl-C ends after some minutes of sound; the same line
goes on. With torchrun each process takes its part: torchrun --nproc-per-node 8 longtake.py train latents ... --device
cuda.
"""


def main(argv: Sequence[str]) -> int:
    """Encodes what is not there yet; `argv` are the arguments after the command's name."""
    arguments = _parser().parse_args(list(argv))
    _check(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    autoencoder = _autoencoder(arguments).to(_device(arguments.device))
    with Stopping() as stopping:
        how = Encoding(
            rank=_number(RANK, 0),
            size=_number(COUNT, 1),
            workers=arguments.workers,
            batch=arguments.batch,
            stopped=lambda: stopping.requested,
        )
        tars = [one for one in arguments.data if is_tar(one)]
        folders = [Path(one) for one in arguments.data if not is_tar(one)]
        if tars and folders:
            raise SpecError(
                "Give folders of sounds or tar shards; for both, call it once for each."
            )
        if tars:
            sounds = sounds_of(tars_in(tars), arguments.latents, how)
            encode_sounds(autoencoder, sounds, arguments.latents, how)
        else:
            encode_material(autoencoder, all_items(folders), arguments.latents, how)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="longtake train latents", description=DESCRIPTION)
    parser.add_argument(
        "--data",
        nargs="+",
        required=True,
        help="folders of sounds, or tar shards: shard-{0000..0099}.tar, on disk, http(s) or s3 and the like",
    )
    parser.add_argument(
        "--latents",
        type=Path,
        required=True,
        help="folder for the latents, also of an earlier call",
    )
    parser.add_argument("--run", type=Path, help="folder of the run that trained the autoencoder")
    parser.add_argument(
        "--config", default="sketch", choices=sorted(RECIPES), help="the run's configuration"
    )
    parser.add_argument(
        "--model", choices=sorted(all_models()), help="a model's autoencoder instead of a run's"
    )
    parser.add_argument("--weights", type=Path, help="folder of the model's weights")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1, mps")
    parser.add_argument("--batch", type=int, default=8, help="chunks of 6 to 12 s at once")
    parser.add_argument("--workers", type=int, default=0, help="processes that read sound")
    parser.add_argument("--threads", type=int, help="CPU threads")
    return parser


def _check(arguments: argparse.Namespace) -> None:
    """Says what cannot be done before anything is read."""
    check_counts(arguments, "workers", least=0)
    check_counts(arguments, "batch", "threads")
    if arguments.latents.exists() and not arguments.latents.is_dir():
        raise SpecError(f"--latents names a file, {arguments.latents}; give a folder.")


def _autoencoder(arguments: argparse.Namespace) -> Autoencoder:
    if (arguments.run is None) == (arguments.model is None):
        raise SpecError("Give the encoder: --run with the folder of its training, or --model.")
    if arguments.run is not None:
        return trained_autoencoder(recipe(arguments.config).model, arguments.run)
    spec = model_spec(arguments.model)
    folder = find_weights(spec, arguments.weights)
    if spec.weights == "public":
        return load_public(spec, folder).autoencoder
    autoencoder = build_autoencoder(spec.autoencoder)
    load_weights(autoencoder, folder / "autoencoder.safetensors")
    return autoencoder.eval().requires_grad_(False)


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
        if device.type == "cuda" and device.index is None:
            device = torch.device("cuda", _number(LOCAL_RANK, 0))
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise SpecError(f"There is no device {name!r} here; give cpu, cuda or mps.") from error
    return device


def _number(name: str, otherwise: int) -> int:
    """A number that torchrun says in the environment."""
    return int(os.environ.get(name, otherwise))
