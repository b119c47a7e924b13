"""A step of training, by the stage that trains the model: alone, and with weights divided as among several cards.

On one card, dividing divides nothing; what is measured is what gathering and giving back costs beside it. Knows nothing
of tables.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch.distributed as dist

from benchmarks._part import Part
from benchmarks._random_models import RandomText
from engine.training.group import Group
from engine.training.material.latents import Encoded, Statistics, write_item
from engine.training.material.shelf import Shelf
from engine.training.recipes import RECIPES, Phase, Recipe
from engine.training.sketch import GPU_BATCH
from engine.training.speed import forward_flops
from engine.training.train_dit import DiTStage, Material


def training(part: Part, name: str) -> None:
    """A step of training."""
    part.tried("training", name, lambda: _training(part, name))


def sharded(part: Part, name: str) -> None:
    """The same by FSDP2 on one rank."""
    with _joined(part):
        part.tried("sharded", name, lambda: _training(part, name, sharded=True))


@contextmanager
def _joined(part: Part) -> Iterator[None]:
    """A group of one."""
    kind = "nccl" if part.device.type == "cuda" else "gloo"
    with tempfile.TemporaryDirectory() as folder:
        meeting = (Path(folder) / "meeting").as_uri()
        dist.init_process_group(kind, init_method=meeting, rank=0, world_size=1)
        try:
            yield
        finally:
            dist.destroy_process_group()


def _training(part: Part, name: str, *, sharded: bool = False) -> dict[str, Any]:
    recipe = RECIPES["sketch-smoke" if part.smoke else name]
    if part.smoke:
        recipe = replace(recipe, model=part.spec(name))
    dit = recipe.dit
    if part.device.type == "cuda" and recipe.slot is not None:
        dit = dit.multiplied(GPU_BATCH)  # As `longtake train sketch` does.
    window = dit.phases[-1].windows[0]
    dit = replace(dit, phases=(Phase(from_step=0, windows=(window,)),))
    recipe = replace(recipe, dit=dit, sharded=sharded)
    index = iter(range(10**6))
    with tempfile.TemporaryDirectory() as folder:
        stage = _stage(recipe, Group.alone(part.device), Path(folder))
        spent = part.timed(lambda: stage.step(next(index)), warm=3)
        stage.close()
    return {
        "frames": window.frames,
        "batch": window.batch,
        "step_s": spent,
        "checkpointing": recipe.dit.gradient_checkpointing,
        "flops_per_s": 3 * forward_flops(recipe.model, window.batch, window.frames) / spent,
        "peak_gb": part.peak_gb(),
    }


def _stage(recipe: Recipe, group: Group, folder: Path) -> DiTStage:
    """The stage that trains the model, on two pieces of noise as long as its window."""
    channels, frames = recipe.model.autoencoder.latent_channels, recipe.model.latent_frames
    rng = np.random.default_rng(0)
    nothing = np.zeros(channels, np.float32)
    for number in (1, 2):
        noise = rng.standard_normal((channels, frames)).astype(np.float32)
        facts = {"seed": number, "kind": "song", "tempo": 120.0, "genres": ["House"]}
        write_item(folder / f"{number}.npz", Encoded(noise, np.ones_like(noise), facts))
    statistics = Statistics(nothing, nothing + 1, nothing)
    material = Material(shelf=Shelf(folder), held_out=[], statistics=statistics)
    text_encoder = RandomText(recipe.model.conditioning.text)
    return DiTStage(recipe, material, text_encoder, group=group)
