"""A trained LoRA as a file: the format of Stable Audio 3's trainer, which `--lora` and the official code read.

Beside what a player needs, its header says what it was trained on. Knows nothing of training.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from engine.checkpoints import save_weights
from engine.errors import CheckpointError
from engine.latent_diffusion import LatentDiffusion
from engine.lora_list import LoraFile
from engine.public.lora import check_loras
from engine.public.lora_formats import placed, read_lora
from engine.training.finetuning.adapters import (
    LoraPlan,
    adapter_tensors,
    adapters,
    layers,
    published,
)

ABOUT = "longtake"
"""In the header: what is said of the training, as JSON."""


def write_lora(
    path: Path, model: LatentDiffusion, plan: LoraPlan, about: Mapping[str, Any]
) -> None:
    """Writes a model's adapters, matrices in half precision and lengths in single, with a header of two entries.

    `lora_config` is what the official code reads: rank, alpha, kind, and which layers; `longtake` is `about`.

    Raises:
        CheckpointError: if a value is not finite, or the file cannot be written.
    """
    config = {
        "rank": plan.rank,
        "alpha": plan.alpha or plan.rank,
        "adapter_type": plan.kind,
        "dropout": 0.0,
        "include": list(plan.include) or None,
        "exclude": list(plan.exclude) or None,
    }
    facts = {"lora_config": json.dumps(config), ABOUT: json.dumps(about, ensure_ascii=False)}
    save_weights(adapter_tensors(model), path, facts)


def begin_from(model: LatentDiffusion, path: Path, plan: LoraPlan) -> None:
    """Has a model's new adapters begin as those of a file.

    Raises:
        CheckpointError: if it is missing, damaged, of another model, or of another rank, kind or choice of layers.
    """
    ours = adapters(model)
    weights = dict(layers(model))
    parts = read_lora(path)
    whole = {f"{part}.{name}": weight for part, name, weight in _weights(model)}
    check_loras(whole, [LoraFile(path)])
    places = placed(parts, whole)
    names = {
        published(place.removesuffix(".weight")): name for name, place in places.items() if place
    }
    if set(names) != set(ours):
        raise CheckpointError(
            f"{path} changes {len(names)} layers and this training {len(ours)} of {len(weights)}; give --include and "
            "--exclude as it was trained with."
        )
    for name, adapter in ours.items():
        part = parts[names[name]]
        if (part.kind, part.rank, part.scale) != (plan.kind, plan.rank, plan.scale):
            raise CheckpointError(
                f"{path} is of the kind {part.kind}, rank {part.rank} and alpha {part.scale * part.rank:g}; give "
                f"--kind {part.kind} --rank {part.rank} --alpha {part.scale * part.rank:g}."
            )
        with torch.no_grad():
            for own, parameter in adapter.named_parameters():
                parameter.copy_(part.tensors[own].float().reshape(parameter.shape))


def _weights(model: LatentDiffusion) -> list[tuple[str, str, torch.Size]]:
    """Part, name and shape of all weights that a LoRA may change."""
    found: list[tuple[str, str, torch.Size]] = []
    for part in ("dit", "conditioner"):
        for name, module in getattr(model, part).named_modules():
            if isinstance(module, (torch.nn.Linear, torch.nn.Conv1d)):
                found.append((part, f"{name}.weight", module.weight.shape))
    return found
