"""Loads a public checkpoint (Stable Audio 3, Stable Audio Open): one file, renamed by table, every weight of it.

The networks are built without memory and the file's own pages become their weights. Knows nothing of the hub (hub.py
brings the files) or of sampling.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from engine.checkpoints import load_strictly, read_tensors
from engine.errors import CheckpointError
from engine.latent_diffusion import LatentDiffusion
from engine.networks import open_text_encoder
from engine.public.renames import (
    STABLE_AUDIO_3,
    STABLE_AUDIO_OPEN,
    Table,
    renamed,
    without_weight_norm,
)
from engine.registry import AdaptiveDiTConfig, ModelSpec

WEIGHTS = "model.safetensors"
CONFIG = "model_config.json"


def load_public(spec: ModelSpec, folder: Path) -> LatentDiffusion:
    """Builds a public model and loads its weights, for generation.

    Args:
        spec: the model.
        folder: with `model.safetensors`, `model_config.json` and the text encoder's own folder.

    Raises:
        CheckpointError: if a file is missing, damaged or of another network.
    """
    check_config(spec, folder / CONFIG)
    tensors = renamed(read_tensors(folder / WEIGHTS), table_of(spec), str(folder / WEIGHTS))
    text_encoder = open_text_encoder(spec.conditioning.text, folder)
    with torch.device("meta"):
        model = LatentDiffusion(spec, text_encoder)
    without_weight_norm(model.autoencoder)
    channels = spec.autoencoder.latent_channels
    # These latents are diffused as the autoencoder gives them.
    tensors["latent_scale.mean"] = torch.zeros(channels)
    tensors["latent_scale.std"] = torch.ones(channels)
    load_strictly(model, tensors, str(folder / WEIGHTS))
    return model.eval().requires_grad_(False)


def table_of(spec: ModelSpec) -> Table:
    """The rename table of a model's family."""
    return STABLE_AUDIO_3 if isinstance(spec.dit, AdaptiveDiTConfig) else STABLE_AUDIO_OPEN


def check_config(spec: ModelSpec, path: Path) -> None:
    """Compares what a published configuration says with what is registered here; one that is not there says nothing.

    Raises:
        CheckpointError: naming the first difference, since weights of the same shapes may still mean another model.
    """
    if not path.is_file():
        return
    try:
        config = json.loads(path.read_text(encoding="utf-8"))["model"]
        diffusion = config["diffusion"]
        there: dict[str, Any] = {
            "diffusion_objective": diffusion.get("diffusion_objective", "v"),
            "embed_dim": diffusion["config"]["embed_dim"],
            "depth": diffusion["config"]["depth"],
            "io_channels": diffusion["config"]["io_channels"],
            "conditioners": sorted(item["id"] for item in config["conditioning"]["configs"]),
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path} is no model configuration ({error!r}).") from error
    flows = ("rectified_flow", "rf_denoiser")
    here = {
        "diffusion_objective": ("v",) if spec.objective == "v" else flows,
        "embed_dim": (spec.dit.width,),
        "depth": (spec.dit.depth,),
        "io_channels": (spec.dit.latent_channels,),
        "conditioners": (sorted(["prompt", *(n.name for n in spec.conditioning.numbers)]),),
    }
    for name, value in there.items():
        if value not in here[name]:
            raise CheckpointError(
                f"{path} is of another model than {spec.name}: its {name} is {value}, not {here[name][0]}."
            )


def names_and_shapes(path: Path) -> dict[str, list[int]]:
    """What a safetensors file holds, from its header alone.

    Raises:
        CheckpointError: if it is no safetensors file, or cut short.
    """
    try:
        with safe_open(path, "pt") as file:
            return {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path} is damaged or no safetensors file ({str(error).splitlines()[0]})."
        ) from error


def check_fit(spec: ModelSpec, path: Path) -> None:
    """Whether a file has every weight of a model and no other, from its header alone.

    Raises:
        CheckpointError: naming the first that is missing, unknown or of another shape.
    """
    with torch.device("meta"):
        there = {name: torch.empty(shape) for name, shape in names_and_shapes(path).items()}
        model = LatentDiffusion(spec, NoText())
        tensors = renamed(there, table_of(spec), str(path))
    without_weight_norm(model.autoencoder)
    del model.latent_scale
    load_strictly(model, tensors, str(path))


class NoText:
    """Stands where a text encoder would be when only shapes are compared."""

    width = max_tokens = 0

    def encode(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Is never asked."""
        raise NotImplementedError
