"""Exports runs as a model: averaged weights and latent statistics, as safetensors in half precision.

Reads the checkpoints that `loop.save` wrote, and knows nothing of training itself.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from engine.autoencoder import Autoencoder
from engine.checkpoints import load_strictly, save_weights
from engine.conditioning import TextEncoder
from engine.errors import CheckpointError
from engine.latent_diffusion import LatentDiffusion
from engine.networks import build_autoencoder
from engine.registry import ModelSpec
from engine.training.latents import read_statistics


def averaged(run: Path) -> dict[str, Tensor]:
    """The moving average of a run's weights, by parameter name.

    Raises:
        CheckpointError: if the folder contains no checkpoint.
    """
    path = run / "checkpoint.pt"
    if not path.exists():
        raise CheckpointError(f"{path} is missing: {run} is not the folder of a training run.")
    state = torch.load(path, weights_only=True, map_location="cpu")["stage"]["ema"]
    prefix = "weights."
    return {
        name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)
    }


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
    spec: ModelSpec, run: Path, latents: Path, text_encoder: TextEncoder, folder: Path
) -> None:
    """Writes `dit.safetensors`: transformer, number conditioners, and the normalisation of the latents."""
    folder.mkdir(parents=True, exist_ok=True)
    model = LatentDiffusion(spec, text_encoder)
    load_strictly(
        nn.ModuleDict({"dit": model.dit, "conditioner": model.conditioner}), averaged(run), str(run)
    )
    statistics = read_statistics(latents)
    model.latent_scale.mean.copy_(torch.from_numpy(statistics.mean))
    model.latent_scale.std.copy_(torch.from_numpy(statistics.std))
    save_weights(model.parts()["dit"], folder / "dit.safetensors", {"model": spec.name})
