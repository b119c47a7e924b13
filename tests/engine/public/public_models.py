"""Tiny models of the public families, and their checkpoints as the official code would write them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file

from engine.latent_diffusion import LatentDiffusion
from engine.registry import (
    MODELS,
    AdaptiveDiTConfig,
    ConditioningConfig,
    ModelSpec,
    OobleckConfig,
    SameConfig,
    TextConfig,
)
from tests.golden.text import t5_folder, t5gemma_folder
from tests.golden.values import weights

OPEN = MODELS["stable-audio-open-1.0"]
MEDIUM = MODELS["stable-audio-3-medium"]

TINY_MEDIUM = dataclasses.replace(
    MEDIUM,
    autoencoder=SameConfig(
        width=64, depth=2, folded=False, sine_layers=1, mapping_kernel=1, mask_noise=0.1
    ),
    dit=AdaptiveDiTConfig(width=64, depth=2, differential=True),
    conditioning=dataclasses.replace(
        MEDIUM.conditioning,
        text=TextConfig(encoder="t5gemma", max_tokens=6, width=768, learned_padding=True),
    ),
)
TINY_SMALL = dataclasses.replace(
    MODELS["stable-audio-3-small-music"],
    autoencoder=SameConfig(
        width=64, depth=2, folded=True, sine_layers=0, mapping_kernel=3, mask_noise=0.01
    ),
    dit=AdaptiveDiTConfig(width=64, depth=2, differential=False),
    conditioning=TINY_MEDIUM.conditioning,
)
TINY_OPEN = dataclasses.replace(
    OPEN,
    autoencoder=OobleckConfig(
        channels=4, multiples=(1, 2, 2, 2, 2), strides=(2, 4, 4, 8, 8), latent_channels=8
    ),
    dit=dataclasses.replace(
        OPEN.dit, latent_channels=8, width=128, depth=2, heads=2, cross_width=64
    ),
    conditioning=ConditioningConfig(
        text=TextConfig(encoder="t5", max_tokens=6, width=64), numbers=OPEN.conditioning.numbers
    ),
)


class Words:
    """A text encoder for networks that are only built."""

    width, max_tokens = 768, 4

    def encode(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        raise NotImplementedError

    def reach(self, text: str) -> int:
        return len(text)


def write_public(spec: ModelSpec, folder: Path) -> Path:
    """A checkpoint under its official names, its configuration and text encoder: a folder as the hub's."""
    folder = folder / spec.name
    folder.mkdir()
    shapes = official(spec)
    save_file(weights(shapes), folder / "model.safetensors")
    (folder / "shapes.json").write_text(json.dumps(shapes))
    numbers = [{"id": number.name} for number in spec.conditioning.numbers]
    config = {
        "conditioning": {"configs": [{"id": "prompt"}, *numbers]},
        "diffusion": {
            "diffusion_objective": "v" if spec.objective == "v" else "rectified_flow",
            "config": {
                "embed_dim": spec.dit.width,
                "depth": spec.dit.depth,
                "io_channels": spec.dit.latent_channels,
            },
        },
    }
    (folder / "model_config.json").write_text(json.dumps({"model": config}))
    maker = t5_folder if spec.conditioning.text.encoder == "t5" else t5gemma_folder
    maker(folder, spec.conditioning.text.width)
    return folder


def official(spec: ModelSpec) -> dict[str, list[int]]:
    """The names and shapes of a model's file: the rename tables backwards, weight norms taken apart again."""
    with torch.device("meta"):
        model = LatentDiffusion(spec, Words())
    shapes: dict[str, list[int]] = {}
    for name, tensor in model.state_dict().items():
        part, rest = name.split(".", 1)
        if part == "latent_scale":
            continue
        prefix = {"dit": "model.model.", "autoencoder": "pretransform.model."}.get(part, f"{part}.")
        if part == "autoencoder" and isinstance(spec.autoencoder, SameConfig):
            for ours, theirs in SAME_NAMES:
                if rest.startswith(ours):
                    rest = theirs + rest.removeprefix(ours)
                    break
        for ours, theirs in (
            ("parametrizations.weight.original0", "weight_g"),
            ("parametrizations.weight.original1", "weight_v"),
        ):
            rest = rest.replace(ours, theirs)
        if rest.endswith("mapping.weight"):
            shapes[f"{prefix}{rest}_g"] = [tensor.shape[0], 1, 1]
            rest += "_v"
        shapes[prefix + rest] = list(tensor.shape)
    # Names that a file has and no network needs.
    shapes["model.model.transformer.rotary_pos_emb.inv_freq"] = [16]
    return shapes


SAME_NAMES = (
    ("encoder.to_latents.", "encoder.layers.2."),
    ("decoder.from_latents.", "decoder.layers.1."),
    ("encoder.", "encoder.layers.0."),
    ("decoder.", "decoder.layers.3."),
)
