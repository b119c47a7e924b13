"""Stable Audio 3 by the official code: `StableAudioModel.generate` with tiny networks, as it runs on a GPU.

It only calls `stable_audio_3` and contains none of its code.
"""

# pyright: reportMissingImports=false, reportImplicitRelativeImport=false
from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

from cases import NEGATIVE, PROMPT, RATE, Case, Family
from stand_ins import named_noise, packed_attention, unused_imports
from text import t5gemma_folder
from torch import Tensor
from values import recording

with unused_imports():
    from stable_audio_3.factory import create_diffusion_cond_from_config
    from stable_audio_3.model import StableAudioModel
    from stable_audio_3.models import transformer

FIXED = ("inv_freq", "noise_scaling_factor")
"""How the names end of what is in a file but not trained."""
SAMPLERS = {"dpmpp-2m": "dpmpp", "ping-pong": "pingpong"}
MASK_NOISE = {"small": 0.01, "medium": 0.1}


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
        "decoder": {"config": {"out_channels": 512, **same, **decoder}},
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


def built(family: Family, folder: Path) -> Any:
    """The official model, with its own initial weights."""
    text = t5gemma_folder(folder, 768) / "t5gemma-b-b-ul2"
    whole = config(family.network, family.objective, text)
    network = create_diffusion_cond_from_config(whole)
    network.eval().requires_grad_(False)
    network.whole_config = whole
    for block in network.pretransform.model.decoder.modules():
        if hasattr(block, "mask_noise"):
            block.published_noise = MASK_NOISE[family.network]
    return network


def set_decoding_noise(network: Any, on: bool) -> None:
    """Lets the autoencoder add the noise that it adds as published, or none."""
    autoencoder = network.pretransform.model
    autoencoder.bottleneck.noise_regularize = on
    for block in autoencoder.decoder.modules():
        if hasattr(block, "published_noise"):
            block.mask_noise = block.published_noise if on else 0.0


def taken(network: Any, case: Case, level: float = 1.0) -> Tensor:
    """What the official function makes of a case with noise of a level, [1, 2, N]."""
    model = StableAudioModel(network, network.whole_config, "cpu", False)
    settings: dict[str, Any] = {}
    if case.redrawn is not None:
        assert case.recording is not None
        settings |= {
            "inpaint_audio": (RATE, recording(case.recording)),
            "inpaint_mask_start_seconds": case.redrawn[0],
            "inpaint_mask_end_seconds": case.redrawn[1],
        }
    if case.recording is not None and (case.redrawn is None or case.level < 1):
        settings |= {
            "init_audio": (RATE, recording(case.recording)),
            "init_noise_level": case.level,
        }
    packed = case.way != "attention without packing"
    set_decoding_noise(network, case.way == "decoding noise")
    with (
        named_noise(level, posterior=False),
        packed_attention(transformer) if packed else nullcontext(),
    ):
        return model.generate(
            prompt=PROMPT,
            negative_prompt=NEGATIVE if case.negative else None,
            duration=case.seconds,
            steps=case.steps,
            cfg_scale=case.cfg_scale,
            seed=0,
            sampler_type=SAMPLERS.get(case.sampler, case.sampler),
            scale_phi=case.cfg_rescale,
            cfg_interval=case.cfg_interval,
            **settings,
        )
