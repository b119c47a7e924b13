"""Loads a public checkpoint (Stable Audio 3, Stable Audio Open): one file, renamed by table, strictly.

The networks are built on the meta device, and the memory-mapped tensors become their weights. Knows nothing of the hub
or of sampling.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from engine.checkpoints import load_strictly, read_tensors
from engine.errors import CheckpointError
from engine.latent_diffusion import LatentDiffusion
from engine.model_files import CONFIG, SAFETENSORS
from engine.networks import open_text_encoder
from engine.public.fp8 import widened, without_scales
from engine.public.renames import (
    STABLE_AUDIO_3,
    STABLE_AUDIO_OPEN,
    Table,
    renamed,
    without_weight_norm,
)
from engine.public.wrappings import AUTOENCODER, CONDITIONER, TRANSFORMER
from engine.registry import AdaptiveDiTConfig, ModelSpec, TextConfig
from engine.stable_audio.t5 import check_encoder

PARTS = {"dit": TRANSFORMER, "conditioner": CONDITIONER, "autoencoder": AUTOENCODER}
"""The parts of a model, and how their published names begin."""


def load_public(spec: ModelSpec, folder: Path) -> LatentDiffusion:
    """Builds a public model for generation and loads its weights.

    Args:
        spec: the model.
        folder: contains `model.safetensors`, `model_config.json` and the text encoder's folder.

    Raises:
        CheckpointError: if a file is missing, damaged or of another network.
    """
    check_config(spec, folder / CONFIG)
    path = folder / SAFETENSORS
    tensors = renamed(widened(read_tensors(path), str(path)), table_of(spec), str(path))
    text_encoder = open_text_encoder(spec.conditioning.text, folder)
    with torch.device("meta"):
        model = LatentDiffusion(spec, text_encoder)
    without_weight_norm(model.autoencoder)
    channels = spec.autoencoder.latent_channels
    # These models diffuse the autoencoder's latents without normalisation.
    tensors["latent_scale.mean"] = torch.zeros(channels)
    tensors["latent_scale.std"] = torch.ones(channels)
    load_strictly(model, tensors, str(path))
    return model.eval().requires_grad_(False)


def table_of(spec: ModelSpec) -> Table:
    """The rename table of a model's family."""
    return STABLE_AUDIO_3 if isinstance(spec.dit, AdaptiveDiTConfig) else STABLE_AUDIO_OPEN


def check_config(spec: ModelSpec, path: Path) -> None:
    """Checks a published configuration, if it exists, against the registered model.

    Raises:
        CheckpointError: for the first difference: weights of the same shapes may still be of another model.
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
        raise CheckpointError(f"{path} is not a model configuration ({error!r}).") from error
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
    """Names and shapes of the tensors in a safetensors file, from its header.

    Raises:
        CheckpointError: if it is truncated or not a safetensors file.
    """
    try:
        with safe_open(path, "pt") as file:
            return {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path} is damaged or not a safetensors file ({str(error).splitlines()[0]})."
        ) from error


def check_fit(spec: ModelSpec, path: Path) -> dict[str, torch.Size]:
    """Checks that a file has exactly the weights of a model, from its header.

    Returns:
        Names and shapes of all weights, under this engine's names.

    Raises:
        CheckpointError: if a weight is missing, unknown or of the wrong shape; names the first.
    """
    return check_names(spec, names_and_shapes(path), str(path))


def check_names(
    spec: ModelSpec,
    shapes: Mapping[str, Sequence[int]],
    source: str,
    lacking: tuple[str, ...] = (),
) -> dict[str, torch.Size]:
    """As `check_fit`, with the names and shapes of a file, of which whole parts may be lacking.

    Args:
        spec: the model.
        shapes: by the published names.
        source: of the weights, for errors.
        lacking: how the published names begin that are not looked for.
    """
    with torch.device("meta"):
        there = {name: torch.empty(shape) for name, shape in without_scales(shapes).items()}
        model = LatentDiffusion(spec, NoText(spec.conditioning.text))
        tensors = renamed(there, table_of(spec), source)
    without_weight_norm(model.autoencoder)
    del model.latent_scale
    for part, begins in PARTS.items():
        if begins in lacking:
            delattr(model, part)
    load_strictly(model, tensors, source)
    return {name: tensor.shape for name, tensor in model.state_dict().items()}


def check_public(spec: ModelSpec, folder: Path) -> dict[str, torch.Size]:
    """Checks, without loading it, that a folder has all of a model: weights that fit, and a text encoder.

    Returns:
        Names and shapes of all weights, under this engine's names.

    Raises:
        CheckpointError: if a file is missing or of another model.
    """
    check_config(spec, folder / CONFIG)
    check_encoder(spec.conditioning.text, folder)
    return check_fit(spec, folder / SAFETENSORS)


class NoText:
    """Replaces the text encoder when only shapes are compared."""

    def __init__(self, config: TextConfig) -> None:
        self.width, self.max_tokens = config.width, config.max_tokens

    def encode(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Never called."""
        raise NotImplementedError

    def reach(self, text: str) -> int:
        """Never called."""
        raise NotImplementedError
