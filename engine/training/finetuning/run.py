"""A run of fine-tuning in its folder: how it was begun, its latents, the model in training, and what it saves.

Reads no flags: the command (command.py) does. Knows nothing of what is learnt in a step.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from engine.composing.score import score_in
from engine.disks import need
from engine.errors import CheckpointError, SpecError
from engine.held_model import load_model
from engine.latent_diffusion import LatentDiffusion
from engine.lora_list import LoraFile
from engine.model_files import find_weights
from engine.precision import autocasts, resolved_precision, to_bfloat16
from engine.public.lora import adapt
from engine.registry import ModelSpec, model_spec, require_public
from engine.stable_audio.t5 import T5Text, text_place
from engine.text import MiniLM
from engine.training.checkpointing import begun as has_checkpoint
from engine.training.export import averaged
from engine.training.finetuning.adapters import LoraPlan, add_adapters
from engine.training.finetuning.families import Asking, recipe_for, sight_of
from engine.training.finetuning.lora_file import begin_from, write_lora
from engine.training.finetuning.model_files import write_model, write_published
from engine.training.finetuning.seen import Pieces
from engine.training.finetuning.stage import FineTuning
from engine.training.group import Group
from engine.training.loop import Budget, Files, Stopping, train
from engine.training.material.dataset import Item, items
from engine.training.material.latents import Encoding, encode_material, read_statistics
from engine.training.material.shelf import Shelf, Span
from engine.training.run_folder import keep_settings

log = logging.getLogger(__name__)
SETTINGS = "run.json"
LATENTS = "latents"
OWN = (LATENTS, "kept", "demos", "sharded", "lock")
"""Names in a run's folder, which what is made cannot have."""
EXAMPLES = 8
"""How many captions of the material stand in a LoRA's header, to be tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What a run was begun with, and goes on with.

    Attributes:
        model: a registered model's name, or that of one of the user's own.
        plan: of the adapters; None to train all weights.
        asking: rate, lengths and batch.
        seed: of adapters, crops, noise and times.
    """

    model: str
    plan: LoraPlan | None
    asking: Asking
    seed: int = 0

    @property
    def spec(self) -> ModelSpec:
        """The model."""
        return model_spec(self.model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """What is read and what is saved, where and when.

    Attributes:
        data: folders of material.
        run: the run's folder.
        name: of the file or folder with the newest of what is learnt.
        every: steps between numbered ones.
        start: a LoRA file that a new run begins with; None for adapters that change nothing.
    """

    data: Sequence[Path]
    run: Path
    name: str
    every: int = 500
    start: Path | None = None


def encode_once(
    model: LatentDiffusion, data: Sequence[Path], folder: Path, group: Group, stopping: Stopping
) -> bool:
    """Encodes the material with the model's own autoencoder, each rank its part; what is there already stays.

    Returns:
        Whether all of it is encoded; if not, the user stopped it.

    Raises:
        AudioError: if there is no material, or nothing of it can be read.
        DiskError: if there is no room for its latents.
    """
    found = items(data, held_out=False)
    need(folder / "latents.npz", _bytes_of(found, model.spec))
    log.info("encoding %d items into %s", len(found), folder)
    how = Encoding(rank=group.rank, size=group.size, stopped=lambda: stopping.requested)
    encode_material(model.autoencoder.to(group.device), found, folder, how)
    model.autoencoder.to("cpu")
    group.barrier()
    return not group.agreed(stopping.requested)


def finetune(
    begun: Begun,
    paths: Paths,
    budget: Budget,
    group: Group,
) -> Path | None:
    """Trains until the budget is used up, from where the run stands; what it has learnt is then on disk.

    Args:
        begun: model and settings.
        paths: what to read and where to save.
        budget: when to end.
        group: the processes that train together.

    Returns:
        The LoRA file, or the folder of the whole model; None if the user stopped before all was encoded.

    Raises:
        LongtakeError: in words, for whatever cannot be done.
    """
    settings = paths.run / SETTINGS
    if has_checkpoint(paths.run) and not settings.exists():
        raise CheckpointError(f"{paths.run} is the folder of another training; use another.")
    with Stopping() as stopping:
        model = load_model(begun.spec)
        if group.first:
            keep_settings(settings, asdict(begun))
        group.barrier()
        if not encode_once(model, paths.data, paths.run / LATENTS, group, stopping):
            return None
        return _trained(model, begun, paths, (budget, stopping), group)


def _trained(
    model: LatentDiffusion,
    begun: Begun,
    paths: Paths,
    until: tuple[Budget, Stopping],
    group: Group,
) -> Path:
    """Trains a model on what is encoded, and writes what it has learnt."""
    spec, run = begun.spec, paths.run
    recipe = recipe_for(spec, begun.asking)
    shelf = Shelf(run / LATENTS)
    # Pieces that `train corpus --scores` made have their scores among their facts.
    scored = [
        replace(i, score=i.score or score_in(i.metadata)) for i in shelf.items(shelf.grown(Span()))
    ]
    pieces = Pieces(scored, read_statistics(run / LATENTS).silence)
    place(model, group.device, lora=begun.plan is not None)
    if begun.plan is None:
        learn_all(model)
    else:
        names = add_adapters(model, begun.plan, begun.seed)
        log.info("%d layers have adapters, of rank %d", len(names), begun.plan.rank)
        if paths.start is not None:
            begin_from(model, paths.start, begun.plan)
    sight = sight_of(spec, pieces, recipe, group, begun.seed)
    stage = FineTuning(model, sight, recipe, group, averaged=begun.plan is None)
    write = _writer(stage, begun, paths, _captions(pieces))
    budget, stopping = until
    files = Files(paths.every, lambda step: write(step, True))
    done = train(stage, run, replace(budget, files=files), stopping)
    return write(done, False)


def check_name(name: str) -> None:
    """Whether what a run makes can be called so.

    Raises:
        SpecError: if not.
    """
    if name in OWN or Path(name).name != name:
        raise SpecError(
            f"What is made cannot be called {name!r}; give --name another, as my_music."
        )


def export_published(run: Path, out: Path) -> None:
    """Writes what a run has learnt as a whole model in the form of stable-audio-tools; a LoRA is merged in.

    Args:
        run: of a public model's fine-tuning.
        out: gets `model.safetensors`, `model_config.json` and the text encoder.

    Raises:
        LongtakeError: if the folder is of no such run, or of a model that stable-audio-tools does not know.
    """
    begun = _settings(run)
    if "asking" not in begun:
        raise CheckpointError(
            f"{run} is no run of 'train lora' or 'train finetune'; name its folder."
        )
    spec = require_public(model_spec(begun["model"]))
    source = find_weights(spec)
    if begun["plan"] is None:
        learnt = averaged(run)
    else:
        newest = max(run.glob("*.safetensors"), key=lambda file: file.stat().st_mtime_ns)
        model = load_model(spec)
        adapt(model, [LoraFile(newest)])
        parts = ("dit.", "conditioner.")
        learnt = {n: t for n, t in model.state_dict().items() if n.startswith(parts)}
    out.mkdir(parents=True, exist_ok=True)
    write_published(out, spec, source, learnt)


def _settings(run: Path) -> dict[str, Any]:
    """How a run was begun; nothing of a folder that is none."""
    try:
        return json.loads((run / SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def place(model: LatentDiffusion, device: torch.device, *, lora: bool) -> None:
    """Moves what trains to its device; weights that only adapters change are in half precision where hardware has it.

    The embedded model is small and stays in float32, and the autoencoder where it is.
    """
    for part in (model.dit, model.conditioner, model.latent_scale):
        part.to(device)
    precision = resolved_precision("auto", device)
    if lora and model.spec.weights != "embedded" and autocasts(precision, device):
        to_bfloat16(model.dit)
    encoder = model.conditioner.text_encoder
    if isinstance(encoder, T5Text):
        encoder.on(*text_place(device, "auto", encoder.official))
    elif isinstance(encoder, MiniLM) and device.type == "cuda":
        encoder.on(device)


def learn_all(model: LatentDiffusion) -> None:
    """Has transformer and conditioner learn, in memory of their own instead of the file's."""
    for part in (model.dit, model.conditioner):
        for parameter in part.parameters():
            parameter.data = parameter.data.clone()
            parameter.requires_grad_(True)


Writer = Callable[[int, bool], Path]


def _writer(stage: FineTuning, begun: Begun, paths: Paths, captions: list[str]) -> Writer:
    """Writes what has been learnt after so many steps, numbered too if asked for."""

    def write(step: int, numbered: bool) -> Path:
        names = [f"{paths.name}-{step:06d}", paths.name] if numbered else [paths.name]
        about: dict[str, Any] = {
            "model": begun.model,
            "steps": step,
            "captions": captions,
            "rate": stage.recipe.learning_rate.base,
            "seed": begun.seed,
        }
        target = Path()
        for name in names if stage.group.first else ():
            if begun.plan is None:
                target = paths.run / name
                write_model(target, stage, about)
            else:
                target = paths.run / f"{name}.safetensors"
                write_lora(target, stage.model, begun.plan, about)
        return target

    return write


def _captions(pieces: Pieces) -> list[str]:
    """Some prompts as the training says them, to try a LoRA with."""
    import numpy as np

    from engine.training.material.prompts import prompt

    chosen = pieces.items[:: max(len(pieces.items) // EXAMPLES, 1)][:EXAMPLES]
    said = [prompt(item.metadata, np.random.default_rng(0)) for item in chosen]
    return list(dict.fromkeys(filter(None, said)))


def _bytes_of(found: Sequence[Item], spec: ModelSpec) -> int:
    """Of latents in eight bits, at most."""
    frames = sum(item.frames for item in found) / spec.autoencoder.downsampling_ratio
    return round(frames * spec.autoencoder.latent_channels)
