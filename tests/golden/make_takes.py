"""Makes takes.safetensors: whole takes of Stability AI's `stable_audio_3`, from words to sound, with tiny networks.

Needs what make_sa3.py needs, and transformers; run from this folder: `python make_takes.py`. It only calls the package
and contains none of its code. Weights, noise and recordings are made from names, so that the tests need none of it.
"""

# pyright: reportMissingImports=false, reportImplicitRelativeImport=false
from __future__ import annotations

import json
import tempfile
from itertools import count
from pathlib import Path
from typing import Any

import torch
from make_sa3 import randomised
from safetensors.torch import save_file
from stable_audio_3.factory import create_diffusion_cond_from_config
from stable_audio_3.model import StableAudioModel
from text import t5gemma_folder
from torch import Tensor
from values import quiet, thinned, values

SECONDS, RATE = 2.9, 44_100
"""A length at which the official window has no frame of padding: 96 latent frames."""


def config(kind: str, objective: str, text: Path) -> dict[str, Any]:
    """A configuration as the hub has it, of small's or medium's kind."""
    same: dict[str, Any] = {
        "channels": 16,
        "c_mults": [4],
        "strides": [16],
        "latent_dim": 256,
        "transformer_depths": [2],
        "dim_heads": 64,
        "ff_mult": 3,
        "differential": True,
        "variable_stride": True,
    }
    if kind == "small":
        same |= {"chunk_size": 32, "chunk_midpoint_shift": True}
        decoder: dict[str, Any] = {"conv_mapping": True, "sinusoidal_blocks": [0]}
    else:
        same |= {"sliding_window": [1, 1]}
        decoder = {"sinusoidal_blocks": [2]}
    autoencoder = {
        "encoder": {"config": {"in_channels": 512, **same}},
        "decoder": {"config": {"out_channels": 512, "mask_noise": 0.0, **same, **decoder}},
        "bottleneck": {"config": {"dim": 256, "auto_scale": True, "noise_regularize": False}},
        "pretransform": {"config": {"channels": 2, "patch_size": 256}},
        "latent_dim": 256,
        "downsampling_ratio": 4096,
        "io_channels": 2,
    }
    prompt = {"max_length": 6, "padding_mode": "learned", "model_path": str(text)}
    seconds = {"min_val": 0, "max_val": 384, "fourier_features_type": "expo"}
    transformer = {
        "io_channels": 256,
        "embed_dim": 64,
        "depth": 2,
        "num_heads": 1,
        "cond_token_dim": 768,
        "global_cond_dim": 768,
        "local_add_cond_dim": 257,
        "global_cond_type": "adaLN",
        "timestep_features_type": "expo",
        "num_memory_tokens": 64,
        "norm_type": "rms_norm",
        "norm_kwargs": {"force_fp32": True},
        "attn_kwargs": {"qk_norm": "rms", "differential": kind == "medium"},
    }
    return {
        "sample_size": 16_777_216,
        "sample_rate": RATE,
        "model": {
            "io_channels": 256,
            "pretransform": {"config": autoencoder, "chunked": True},
            "conditioning": {
                "cond_dim": 768,
                "configs": [
                    {"id": "prompt", "type": "t5gemma", "config": prompt},
                    {"id": "seconds_total", "type": "number", "config": seconds},
                ],
            },
            "diffusion": {
                "diffusion_objective": objective,
                "cross_attention_cond_ids": ["prompt", "seconds_total"],
                "global_cond_ids": ["seconds_total"],
                "local_add_cond_ids": ["inpaint_mask", "inpaint_masked_input"],
                "config": transformer,
            },
        },
    }


def recording() -> Tensor:
    """As long as the take, [2, N]."""
    return 0.1 * values("recording", (2, round(SECONDS * RATE)))


CASES: dict[str, dict[str, Any]] = {
    "few steps": {"prompt": "warm tape", "steps": 4},
    "guided": {
        "prompt": "warm tape",
        "negative_prompt": "house drums",
        "steps": 5,
        "cfg_scale": 7.0,
        "sampler_type": "euler",
    },
    "audio": {"prompt": "house", "steps": 4, "init_noise_level": 0.4},
    # Two spans are kept: 0 to 0.7 s and 1.9 s to the end.
    "kept": {
        "prompt": "house",
        "steps": 4,
        "inpaint_mask_start_seconds": [0.7],
        "inpaint_mask_end_seconds": [1.9],
    },
}


@torch.no_grad()
def main() -> None:
    """Writes the file beside this script."""
    found: dict[str, Tensor] = {}
    shapes: dict[str, Any] = {}
    drawing = torch.randn
    for kind in ("small", "medium"):
        for case, arguments in CASES.items():
            objective = "rectified_flow" if case == "guided" else "rf_denoiser"
            drawn = count()
            with tempfile.TemporaryDirectory() as folder:
                text = t5gemma_folder(Path(folder), 768) / "t5gemma-b-b-ul2"
                whole = config(kind, objective, text)
                network = create_diffusion_cond_from_config(whole)
            shapes[kind] = randomised(network, "")
            network.load_state_dict(quiet(network.state_dict()))
            model = StableAudioModel(network.eval().requires_grad_(False), whole, "cpu", False)
            torch.randn_like = lambda x, drawn=drawn, **_: values(
                f"draw.{next(drawn)}", tuple(x.shape)
            )
            own = dict(arguments)
            if case in ("audio", "kept"):
                own["init_audio" if case == "audio" else "inpaint_audio"] = (RATE, recording())
            torch.randn = lambda shape, **_: values("noise", tuple(shape))
            found[f"{kind}.{case}"] = model.generate(duration=SECONDS, seed=0, **own).contiguous()
            torch.randn = drawing
    tensors = {name: thinned(tensor) for name, tensor in found.items()}
    save_file(tensors, "takes.safetensors", metadata={"shapes": json.dumps(shapes)})


if __name__ == "__main__":
    main()
