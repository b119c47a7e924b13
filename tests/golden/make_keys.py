"""Makes keys.tsv: the name and shape of every weight of the public models, at full size, on the meta device.

Needs `stable_audio_3` and `stable_audio_tools` (see make_sa3.py and make_sao.py) in one environment; run there, from
this folder: `python make_keys.py`. A line is model, name, shape, and how many layers have it: `{}` stands for 0, 1 ...
"""

# pyright: reportMissingImports=false, reportImplicitRelativeImport=false
from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

sys.modules.setdefault("k_diffusion", ModuleType("k_diffusion"))

import stable_audio_tools  # noqa: E402
from stable_audio_3.factory import create_autoencoder_from_config as create_same  # noqa: E402
from stable_audio_3.models.blocks import ExpoFourierFeatures  # noqa: E402
from stable_audio_3.models.diffusion import DiTWrapper  # noqa: E402
from stable_audio_tools.models.autoencoders import create_autoencoder_from_config  # noqa: E402
from stable_audio_tools.models.conditioners import NumberConditioner  # noqa: E402
from stable_audio_tools.models.diffusion import DiTWrapper as OpenWrapper  # noqa: E402


def named(module: nn.Module, prefix: str) -> dict[str, list[int]]:
    """The state of one part of a checkpoint."""
    return {prefix + name: list(tensor.shape) for name, tensor in module.state_dict().items()}


def stable_audio_3(medium: bool) -> dict[str, list[int]]:
    """SA3 small or medium."""
    size = {"embed_dim": 1536, "depth": 24, "num_heads": 24}
    if not medium:
        size = {"embed_dim": 1024, "depth": 20, "num_heads": 16}
    dit = DiTWrapper(
        diffusion_objective="rf_denoiser",
        io_channels=256,
        cond_token_dim=768,
        global_cond_dim=768,
        local_add_cond_dim=257,
        global_cond_type="adaLN",
        timestep_features_type="expo",
        num_memory_tokens=64,
        norm_type="rms_norm",
        norm_kwargs={"force_fp32": True},
        attn_kwargs={"qk_norm": "rms", "differential": medium},
        **size,
    )
    same: dict[str, Any] = {"c_mults": [6], "strides": [16], "dim_heads": 64, "ff_mult": 3}
    same |= {"latent_dim": 256, "differential": True, "variable_stride": True}
    if medium:
        same |= {"channels": 256, "transformer_depths": [12], "sliding_window": [1, 1]}
        decoder: dict[str, Any] = {"sinusoidal_blocks": [8], "mask_noise": 0.1}
    else:
        same |= {"channels": 128, "transformer_depths": [6], "chunk_size": 32}
        same |= {"chunk_midpoint_shift": True}
        decoder = {"conv_mapping": True, "mask_noise": 0.01}
    autoencoder = create_same(
        {
            "encoder": {"config": {"in_channels": 512, **same}},
            "decoder": {"config": {"out_channels": 512, **same, **decoder}},
            "bottleneck": {"config": {"dim": 256, "auto_scale": True, "noise_regularize": True}},
            "pretransform": {"config": {"channels": 2, "patch_size": 256}},
            "latent_dim": 256,
            "downsampling_ratio": 4096,
            "io_channels": 2,
        },
        44100,
    )
    seconds = nn.Sequential(ExpoFourierFeatures(256), nn.Linear(256, 768))
    return {
        **named(dit, "model."),
        **named(autoencoder, "pretransform.model."),
        **named(seconds, "conditioner.conditioners.seconds_total.embedder.embedding."),
        "conditioner.conditioners.prompt.padding_embedding": [768],
    }


def stable_audio_open(small: bool) -> dict[str, list[int]]:
    """Stable Audio Open 1.0, whose networks are those of the published Stable Audio 2 configuration, or Open Small."""
    root = Path(stable_audio_tools.__file__).parent
    config = json.loads(
        (root / "configs/model_configs/txt2audio/stable_audio_2_0.json").read_text()
    )["model"]
    own: dict[str, Any] = config["diffusion"]["config"]
    numbers = ["seconds_start", "seconds_total"]
    if small:
        own |= {"embed_dim": 1024, "depth": 16, "num_heads": 8, "project_cond_tokens": True}
        own |= {"global_cond_dim": 768, "attn_kwargs": {"qk_norm": "ln"}}
        numbers = ["seconds_total"]
    found = named(OpenWrapper(diffusion_objective="v", **own), "model.")
    autoencoder = create_autoencoder_from_config(
        {"sample_rate": 44100, "model": config["pretransform"]["config"]}
    )
    found |= named(autoencoder, "pretransform.model.")
    for number in numbers:
        found |= named(NumberConditioner(768, 0, 512), f"conditioner.conditioners.{number}.")
    return found


def main() -> None:
    """Writes the file beside this script."""
    with torch.device("meta"):
        models = {
            "stable-audio-3-medium": stable_audio_3(True),
            "stable-audio-3-small-music": stable_audio_3(False),
            "stable-audio-open-1.0": stable_audio_open(False),
            "stable-audio-open-small": stable_audio_open(True),
        }
    lines: dict[tuple[str, str, str], int] = {}
    for model, shapes in models.items():
        for name, shape in shapes.items():
            stem = re.sub(r"\b(transformer\.layers|transformers)\.\d+", r"\1.{}", name)
            line = model, stem, "x".join(map(str, shape))
            lines[line] = lines.get(line, 0) + 1
    text = "".join("\t".join((*line, str(count))) + "\n" for line, count in sorted(lines.items()))
    Path("keys.tsv").write_text(text)


if __name__ == "__main__":
    main()
