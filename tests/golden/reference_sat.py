"""Stable Audio Open 1.0, Open Small and Stable Audio 2 by the official code: `generate_diffusion_cond`, tiny networks.

It only calls `stable_audio_tools` and `k_diffusion`, and contains none of their code.
"""

# pyright: reportMissingImports=false, reportImplicitRelativeImport=false
from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from cases import NEGATIVE, PROMPT, RATE, SAT_FRAMES, SAT_RATIO, Case, Family
from stand_ins import NamedSteps, named_noise, unused_imports
from text import clap_features, t5_folder
from torch import Tensor
from transformers import T5EncoderModel
from values import recording

with unused_imports():
    import k_diffusion
    import k_diffusion.external
    import k_diffusion.sampling
    import stable_audio_tools.models.adp
    import stable_audio_tools.models.autoencoders
    import stable_audio_tools.models.pretransforms  # noqa: F401
    from stable_audio_tools import create_model_from_config
    from stable_audio_tools.inference.generation import generate_diffusion_cond
    from stable_audio_tools.models.conditioners import T5Conditioner

FIXED = ("inv_freq", "norm.beta")
"""How the names end of what is in a file but not trained."""
SAMPLERS = {"heun": "k-heun", "ping-pong": "pingpong"}
LATENTS, WIDTH, TOKENS = 8, 64, 6


def config(kind: str, text: str) -> dict[str, Any]:
    """A configuration as the hub has it, with one of the text encoder's folder in place of its name."""
    shared = {"channels": 4, "c_mults": [1, 2, 2, 2, 2], "strides": [2, 4, 4, 8, 8]}
    encoder = {"in_channels": 2, "latent_dim": 2 * LATENTS, "use_snake": True, **shared}
    decoder = {
        "out_channels": 2,
        "latent_dim": LATENTS,
        "use_snake": True,
        "final_tanh": False,
        **shared,
    }
    autoencoder = {
        "encoder": {"type": "oobleck", "config": encoder},
        "decoder": {"type": "oobleck", "config": decoder},
        "bottleneck": {"type": "vae"},
        "latent_dim": LATENTS,
        "downsampling_ratio": SAT_RATIO,
        "io_channels": 2,
    }
    small = kind == "open small"
    names = ["seconds_total"] if small else ["seconds_start", "seconds_total"]
    span = {"min_val": 0, "max_val": 256 if small else 512}
    conditioners = [{"id": name, "type": "number", "config": span} for name in names]
    if kind != "paper":
        t5 = {"t5_model_name": text, "max_length": TOKENS}
        conditioners.insert(0, {"id": "prompt", "type": "t5", "config": t5})
    transformer = {
        "io_channels": LATENTS,
        "embed_dim": 128,
        "depth": 2,
        "num_heads": 1 if small else 2,
        "cond_token_dim": WIDTH,
        "global_cond_dim": WIDTH * len(names),
        "project_cond_tokens": small,
        "transformer_type": "continuous_transformer",
        **({"attn_kwargs": {"qk_norm": "ln"}} if small else {}),
    }
    diffusion: dict[str, Any] = {
        "type": "dit",
        "diffusion_objective": "rf_denoiser" if small else "v",
        "cross_attention_cond_ids": ["prompt", *names],
        "global_cond_ids": names,
        "config": transformer,
    }
    if small:
        diffusion["distribution_shift_options"] = {"min_length": 256, "max_length": 4096}
    pretransform = {"type": "autoencoder", "iterate_batch": True, "config": autoencoder}
    return {
        "model_type": "diffusion_cond",
        "sample_size": SAT_FRAMES * SAT_RATIO,
        "sample_rate": RATE,
        "audio_channels": 2,
        "model": {
            "pretransform": pretransform,
            "conditioning": {"configs": conditioners, "cond_dim": WIDTH},
            "diffusion": diffusion,
            "io_channels": LATENTS,
        },
    }


def built(family: Family, folder: Path) -> Any:
    """The official model, with its own initial weights."""
    text = str(folder / "text_encoder")
    if family.network != "paper":
        t5_folder(folder, WIDTH)
        for path in (folder / "tokenizer").iterdir():
            path.rename(folder / "text_encoder" / path.name)
        T5Conditioner.T5_MODELS = [text]
        T5Conditioner.T5_MODEL_DIMS = {text: WIDTH}
    return create_model_from_config(config(family.network, text))


def taken(model: Any, case: Case, level: float = 1.0) -> Tensor:
    """What the official function makes of a case with noise of a level, [1, 2, N], the window's beginning."""
    k_diffusion.sampling.BrownianTreeNoiseSampler = NamedSteps
    length = round(case.seconds * RATE)
    v = model.diffusion_objective == "v"
    settings: dict[str, Any] = {"sigma_min": 0.3, "sigma_max": 500} if v else {}
    if case.recording is not None:
        settings |= {
            "init_audio": (RATE, recording(case.recording)),
            "init_noise_level": case.level,
        }
    flow_sampler = "dpmpp" if case.sampler == "dpmpp-2m" and not v else case.sampler
    with named_noise(level, posterior=case.recording is not None):
        whole = generate_diffusion_cond(
            model,
            steps=case.steps,
            cfg_scale=case.cfg_scale,
            sample_size=SAT_FRAMES * SAT_RATIO,
            seed=0,
            device="cpu",
            sampler_type=SAMPLERS.get(case.sampler, flow_sampler),
            scale_phi=case.cfg_rescale,
            cfg_interval=case.cfg_interval,
            **_asked(model, case),
            **settings,
        )
    return whole[..., :length]


def _asked(model: Any, case: Case) -> dict[str, Any]:
    """The words and lengths, as one says them; to Stable Audio 2, with CLAP's features of the words."""
    times = {"seconds_start": 0, "seconds_total": case.seconds}
    asked: dict[str, Any] = {}
    for key, words in (("conditioning", PROMPT), ("negative_conditioning", NEGATIVE)):
        if key == "negative_conditioning" and not case.negative:
            continue
        if "prompt" in model.conditioner.conditioners:
            _read_words(model.conditioner.conditioners["prompt"], case.way)
            asked[key] = [{"prompt": words, **times}]
        else:
            tensors = model.conditioner([times], "cpu")
            asked[f"{key}_tensors"] = {"prompt": clap_features(words, WIDTH), **tensors}
    return asked


def _read_words(conditioner: Any, way: str) -> None:
    """Loads the text encoder as it is, or in half precision as the official code does."""
    precision = torch.float16 if way == "text in half precision" else torch.float32
    encoder: Any = T5EncoderModel.from_pretrained(conditioner.tokenizer.name_or_path)
    conditioner.__dict__["model"] = encoder.to(precision).requires_grad_(False)
