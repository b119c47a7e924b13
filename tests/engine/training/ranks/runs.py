"""Three tiny stages that are trained by one process and by several: the same seed, material and steps."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from torch import Tensor

from engine.locked_clap import LockedClap
from engine.training.finetuning.adapters import LoraPlan, add_adapters
from engine.training.finetuning.families import Asking, recipe_for, sight_of
from engine.training.finetuning.stage import FineTuning
from engine.training.group import Group
from engine.training.material.dataset import items
from engine.training.material.latents import Statistics, write_item
from engine.training.material.shelf import Shelf, Span
from engine.training.material.spectra import Spectra
from engine.training.optim import LearningRate
from engine.training.recipes import SMOKE, Recipe
from engine.training.sharding import entire
from engine.training.train_autoencoder import AutoencoderStage
from engine.training.train_clap import ClapRecipe, ClapStage, Pieces
from engine.training.train_dit import DiTStage, Material
from tests.engine.public.public_models import TINY_MEDIUM
from tests.engine.test_locked_clap import tiny_audio
from tests.engine.tiny_model import Words
from tests.engine.training.finetuning.little import little, pieces_for
from tests.engine.training.pieces import CHANNELS, SILENCE, piece_of

STEADY = LearningRate(base=1e-3, ramp=0.0, gamma=1e9)


def dit_recipe(*, sharded: bool = False) -> Recipe:
    """Batches of three, which two ranks share unequally, and of two; weights are measured in every other step."""
    windows = tuple(
        replace(window, batch=batch, frames=16 * batch)
        for window, batch in zip(SMOKE.dit.phases[0].windows, (3, 2), strict=True)
    )
    dit = replace(
        SMOKE.dit,
        phases=(replace(SMOKE.dit.phases[0], windows=windows),),
        learning_rate=STEADY,
        ema_decay=0.9,
        measure_every=2,
        gradient_checkpointing=True,
    )
    return replace(SMOKE, dit=dit, sharded=sharded)


def material_in(folder: Path) -> None:
    """Three pieces for the transformer, three tones for the autoencoder, three for CLAP: one longer than its window."""
    (folder / "latents").mkdir()
    for number in range(3):
        write_item(folder / "latents" / f"{number}.npz", piece_of(4.0 + number, number))
    for name, lengths in (("material", (2.0, 2.0, 2.0)), ("sounds", (3.0, 12.0, 3.0))):
        (folder / name).mkdir()
        for number, seconds in enumerate(lengths):
            time = np.arange(round(44_100 * seconds)) / 44_100
            tone = 0.3 * np.sin(2 * np.pi * 220 * (number + 1) * time)[:, None] * [1, 0.7]
            noise = 0.01 * np.random.default_rng(number).standard_normal((len(time), 2))
            soundfile.write(folder / name / f"{number}.wav", tone + noise, 44_100)
            facts = {"genres": ["House"], "instruments": [f"Bass {number}"], "seconds": seconds}
            (folder / name / f"{number}.json").write_text(json.dumps(facts))


def transformer(group: Group, folder: Path, recipe: Recipe | None = None) -> DiTStage:
    """A transformer at its beginning, with one of its pieces to be measured on."""
    shelf = Shelf(folder / "latents")
    one = np.ones(CHANNELS, np.float32)
    material = Material(
        shelf=shelf,
        held_out=shelf.items(Span(0, 1)),
        statistics=Statistics(0 * one, one, SILENCE),
    )
    return DiTStage(recipe or dit_recipe(), material, Words(), group=group)  # pyright: ignore[reportArgumentType]


def autoencoder(group: Group, folder: Path) -> AutoencoderStage:
    """An autoencoder that meets its judges in its second step; of three crops two are judged."""
    settings = replace(
        SMOKE.autoencoder,
        batch=3,
        adversarial_from=1,
        judged_crops=2,
        # Adam's first steps are of this size even where the gradient is nothing but rounding.
        discriminator_learning_rate=LearningRate(base=1e-5, ramp=0.0, gamma=1e9),
        ema_decay=0.9,
    )
    recipe = replace(SMOKE, autoencoder=settings)
    return AutoencoderStage(recipe, items([folder / "material"], held_out=False), group=group)


def clap(group: Group, folder: Path) -> ClapStage:
    """A CLAP of two windows a crop: one piece is longer than a window, so only one rank has to fuse."""
    recipe = ClapRecipe(batch=3, windows=(2.0,), prompts=2, learning_rate=STEADY, ema_decay=0.9)
    towers = LockedClap(tiny_audio(), Words())
    towers.initialize(torch.Generator().manual_seed(0))
    pieces = Pieces(
        items([folder / "sounds"], held_out=False), [], Spectra(towers.listener, folder / "spectra")
    )
    return ClapStage(recipe, towers, pieces, group=group)


def adapters(group: Group, folder: Path) -> FineTuning:
    """A LoRA of a small Stable Audio 3, whose ranks have two crops and one."""
    model = little(TINY_MEDIUM)
    add_adapters(model, LoraPlan(rank=4))
    recipe = recipe_for(TINY_MEDIUM, Asking(lora=True, rate=STEADY.base, seconds=4.0, times=3))
    sight = sight_of(TINY_MEDIUM, pieces_for(TINY_MEDIUM, 5.0, 9.0), recipe, group, 0)
    return FineTuning(model, sight, recipe, group)


def trained(stage: Any, steps: int) -> dict[str, Any]:
    """What a stage gives for some steps, the mean over ranks, and its averaged weights."""
    figures = [
        {
            name: float(stage.group.mean(torch.as_tensor(value, dtype=torch.float64)))
            for name, value in stage.step(index).items()
            if name not in ("waited", "flops")
        }
        for index in range(steps)
    ]
    return {"figures": figures, "ema": averaged(stage)}


def averaged(stage: Any) -> dict[str, Tensor]:
    """The averaged weights, all of them; of adapters the weights themselves."""
    if isinstance(stage, FineTuning):
        named = stage.networks.named_parameters()
        return {name: p.detach().clone() for name, p in named if p.requires_grad}
    return {name: entire(weight).clone() for name, weight in stage.ema.weights.items()}
