"""Exports runs as a model: averaged weights and latent statistics, as safetensors in half precision.

Reads the checkpoints of training, and knows nothing of training itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from engine.autoencoder import Autoencoder
from engine.checkpoints import load_strictly, save_weights
from engine.conditioning import TextEncoder
from engine.errors import CheckpointError
from engine.latent_diffusion import LatentDiffusion
from engine.networks import build_autoencoder
from engine.registry import ModelSpec
from engine.training.checkpointing import read


def averaged(run: Path) -> dict[str, Tensor]:
    """The moving average of a run's weights, and the scale of its latents if it has one, by name.

    Raises:
        CheckpointError: if the folder contains no checkpoint, or one without an average.
    """
    stage = checkpoint(run)["stage"]
    stage = stage.get("update", stage) | stage
    if "ema" not in stage:
        raise CheckpointError(
            f"{run} has no averaged weights, as a run of 'train lora'; what that learnt is in its .safetensors files, "
            "and 'train export --format stable-audio-tools' merges it into its model."
        )
    prefix = "weights."
    average = {
        name.removeprefix(prefix): value
        for name, value in stage["ema"].items()
        if name.startswith(prefix)
    }
    scale = {
        name: value
        for name, value in stage.get("networks", {}).items()
        if name.startswith("latent_scale.")
    }
    return average | scale


def checkpoint(run: Path) -> dict[str, Any]:
    """What training wrote: "index" and "stage".

    Raises:
        CheckpointError: if the folder contains no checkpoint.
    """
    return read(run)


def export(
    spec: ModelSpec, run: Path, text_encoder: Callable[[], TextEncoder], folder: Path
) -> None:
    """Writes the weights of a run, whichever of a model's networks it trained; a transformer's needs its encoder."""
    if "autoencoder" in checkpoint(run)["stage"]:
        export_autoencoder(spec, run, folder)
    else:
        export_dit(spec, averaged(run), text_encoder(), folder)


def trained_autoencoder(spec: ModelSpec, run: Path) -> Autoencoder:
    """The autoencoder of a run, ready to encode and decode."""
    autoencoder = build_autoencoder(spec.autoencoder)
    load_strictly(autoencoder, averaged(run), str(run))
    return autoencoder.eval().requires_grad_(False)


def export_autoencoder(spec: ModelSpec, run: Path, folder: Path) -> None:
    """Writes `autoencoder.safetensors`."""
    folder.mkdir(parents=True, exist_ok=True)
    save_weights(
        trained_autoencoder(spec, run), folder / "autoencoder.safetensors", {"model": spec.name}
    )


def export_dit(
    spec: ModelSpec, weights: Mapping[str, Tensor], text_encoder: TextEncoder, folder: Path
) -> None:
    """Writes `dit.safetensors`: transformer, number conditioners, and the normalisation of the latents."""
    folder.mkdir(parents=True, exist_ok=True)
    network = LatentDiffusion(spec, text_encoder).parts()["dit"]
    load_strictly(network, weights, "the checkpoint")
    save_weights(network, folder / "dit.safetensors", {"model": spec.name})
