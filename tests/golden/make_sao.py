"""Makes sao.safetensors: what Stability AI's `stable_audio_tools` computes with weights made from names.

Needs that package (MIT, github.com/Stability-AI/stable-audio-tools at 50049e3) importable beside torch, einops and
torchaudio in an environment of its own; run there, from this folder: `python make_sao.py`. Its k-diffusion, which no
network needs, is left out. The script only calls the package and contains none of its code.
"""

# pyright: reportMissingImports=false, reportImplicitRelativeImport=false
from __future__ import annotations

import json
import sys
from types import ModuleType
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from values import thinned, values, weight

sys.modules.setdefault("k_diffusion", ModuleType("k_diffusion"))

from stable_audio_tools.models.autoencoders import create_autoencoder_from_config  # noqa: E402
from stable_audio_tools.models.conditioners import NumberConditioner  # noqa: E402
from stable_audio_tools.models.diffusion import DiTWrapper  # noqa: E402


def randomised(model: nn.Module, prefix: str) -> dict[str, list[int]]:
    """Gives every weight its value by name, zero-initialised ones too; returns the names and shapes of the state."""
    state = model.state_dict()
    fixed = {name for name in state if name.endswith(("inv_freq", "norm.beta"))}
    model.load_state_dict(
        {
            name: tensor if name in fixed else weight(prefix + name, tuple(tensor.shape))
            for name, tensor in state.items()
        }
    )
    return {prefix + name: list(tensor.shape) for name, tensor in state.items()}


def dit(kind: str) -> DiTWrapper:
    """A small DiT of the kind of Stable Audio Open 1.0 (grouped keys, no norm) or Open Small (head 128, normed)."""
    common: dict[str, Any] = {
        "io_channels": 16,
        "depth": 2,
        "cond_token_dim": 128,
        "transformer_type": "continuous_transformer",
    }
    if kind == "open":
        own = {
            "embed_dim": 256,
            "num_heads": 4,
            "project_cond_tokens": False,
            "global_cond_dim": 256,
        }
        return DiTWrapper(diffusion_objective="v", **common, **own).eval()
    own = {"embed_dim": 256, "num_heads": 2, "project_cond_tokens": True, "global_cond_dim": 128}
    attention = {"attn_kwargs": {"qk_norm": "ln"}}
    return DiTWrapper(diffusion_objective="rf_denoiser", **common, **own, **attention).eval()


def transformers(found: dict[str, Tensor], shapes: dict[str, Any]) -> None:
    """Forward passes of a batch of two, and plain guidance with and without a negative prompt."""
    for kind in ("open", "small"):
        model = dit(kind)
        shapes[kind] = randomised(model, "model.")
        globals_ = 256 if kind == "open" else 128
        cross, negative = values("cross", (2, 9, 128)), values("negative", (2, 9, 128))
        shared = {"cross_attn_cond": cross, "global_embed": values("global", (2, globals_))}
        for frames in (5, 8):
            x, t = values(f"x.{frames}", (2, 16, frames)), torch.tensor([0.9, 0.25])
            found[f"{kind}.{frames}"] = model.model(x, t, **shared)
        x, t = values("x.8", (2, 16, 8)), torch.tensor([0.6, 0.6])
        found[f"{kind}.guided"] = model.model(x, t, cfg_scale=7.0, **shared)
        found[f"{kind}.negative"] = model.model(
            x, t, cfg_scale=7.0, negative_cross_attn_cond=negative, **shared
        )


def autoencoder(found: dict[str, Tensor], shapes: dict[str, Any]) -> None:
    """The encoder's moments and the decoder of a small Oobleck."""
    shared = {"channels": 8, "c_mults": [1, 2], "strides": [2, 4], "use_snake": True}
    model = create_autoencoder_from_config(
        {
            "sample_rate": 44100,
            "model": {
                "encoder": {
                    "type": "oobleck",
                    "config": {"in_channels": 2, "latent_dim": 8, **shared},
                },
                "decoder": {
                    "type": "oobleck",
                    "config": {"out_channels": 2, "latent_dim": 4, "final_tanh": False, **shared},
                },
                "bottleneck": {"type": "vae"},
                "latent_dim": 4,
                "downsampling_ratio": 8,
                "io_channels": 2,
            },
        }
    ).eval()
    shapes["oobleck"] = randomised(model, "pretransform.model.")
    found["oobleck.moments"] = model.encoder(values("audio", (2, 2, 8 * 50)))
    for frames in (31, 40):
        found[f"oobleck.decode.{frames}"] = model.decode(values("latents", (2, 4, frames)))


def numbers(found: dict[str, Tensor], shapes: dict[str, Any]) -> None:
    """The embedding of seconds_start."""
    model = NumberConditioner(768, 0, 512)
    shapes["numbers"] = randomised(model, "conditioner.conditioners.seconds_start.")
    found["numbers"] = model([0.0, 30.5, 600.0], "cpu")[0]


@torch.no_grad()
def main() -> None:
    """Writes the file beside this script."""
    found: dict[str, Tensor] = {}
    shapes: dict[str, Any] = {}
    transformers(found, shapes)
    autoencoder(found, shapes)
    numbers(found, shapes)
    tensors = {name: thinned(tensor) for name, tensor in found.items()}
    save_file(tensors, "sao.safetensors", metadata={"shapes": json.dumps(shapes)})


if __name__ == "__main__":
    main()
