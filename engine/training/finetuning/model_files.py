"""A fine-tuned model as files: of a public one as its authors publish it, of `sketch` as a folder of its weights.

Only transformer and conditioner are ours; all else is copied from the model that the training began with. Knows nothing
of how they were trained.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from engine.checkpoints import read_tensors, save_weights
from engine.errors import CheckpointError
from engine.model_files import ORIGIN, SAFETENSORS, find_weights, seal
from engine.public.fp8 import widened
from engine.public.loading import table_of
from engine.public.renames import rename
from engine.public.weight_files import save
from engine.registry import ModelSpec

if TYPE_CHECKING:
    from engine.training.finetuning.stage import FineTuning

ABOUT = "training.json"


def write_model(folder: Path, stage: FineTuning, about: Mapping[str, Any]) -> None:
    """Writes a whole model with the averaged weights of a stage into a folder; older files are replaced.

    Raises:
        CheckpointError: if a value is not finite, or files cannot be read or written.
    """
    assert stage.update.ema is not None
    spec, source = stage.model.spec, find_weights(stage.model.spec)
    folder.mkdir(parents=True, exist_ok=True)
    if spec.weights == "public":
        write_published(folder, spec, source, stage.update.ema.weights)
    else:
        scale = stage.model.latent_scale.state_dict(prefix="latent_scale.")
        parts = {**stage.update.ema.weights, **scale}
        save_weights(parts, folder / "dit.safetensors", {"model": spec.name})
        shutil.copyfile(source / "autoencoder.safetensors", folder / "autoencoder.safetensors")
        seal(folder)
    (folder / ABOUT).write_text(
        json.dumps(dict(about), ensure_ascii=False, indent=1) + "\n", "utf-8"
    )


def write_published(
    folder: Path, spec: ModelSpec, source: Path, learnt: Mapping[str, Tensor]
) -> None:
    """Writes a public model with other weights: the folder is read by stable-audio-tools and `longtake models add`.

    Args:
        folder: gets `model.safetensors`, `model_config.json` and the text encoder.
        spec: the model.
        source: the folder of the model that it was made from.
        learnt: transformer and conditioner, by this engine's names.

    Raises:
        CheckpointError: if the model's files cannot be read, or are not all of what was learnt.
    """
    path = source / SAFETENSORS
    tensors = widened(read_tensors(path), str(path))
    table = table_of(spec)
    places = {theirs: rename(theirs, table)[1] for theirs in tensors}
    missing = set(learnt) - set(places.values())
    if missing:
        raise CheckpointError(f"{path} has no place for {sorted(missing)[0]}.")
    made = {
        theirs: learnt[ours].detach().cpu().to(tensors[theirs].dtype)
        if ours is not None and ours in learnt
        else tensors[theirs]
        for theirs, ours in places.items()
    }
    save(made, folder / SAFETENSORS)
    for part in sorted(source.iterdir()):
        if part.is_dir():
            shutil.copytree(part, folder / part.name, dirs_exist_ok=True)
        elif part.name not in (SAFETENSORS, ORIGIN) and part.suffix != ".safetensors":
            shutil.copyfile(part, folder / part.name)
