"""Makes sa3.safetensors: what Stability AI's `stable_audio_3` computes with weights made from names.

Needs that package (MIT, github.com/Stability-AI/stable-audio-3 at 636f906) installed beside torch, einops and
torchaudio in an environment of its own; run there, from this folder: `python make_sa3.py`. It only calls the package
and contains none of its code. The tests need neither: they load our networks with the same names and compare.
"""

# pyright: reportMissingImports=false, reportImplicitRelativeImport=false
from __future__ import annotations

import json
from itertools import count
from typing import Any

import torch
from safetensors.torch import save_file
from stable_audio_3.factory import create_autoencoder_from_config
from stable_audio_3.inference.distribution_shift import LogSNRShift
from stable_audio_3.inference.sampling import sample_diffusion
from stable_audio_3.models.conditioners import NumberConditioner
from stable_audio_3.models.diffusion import DiTWrapper
from stable_audio_3.models.lora.model import LoRAParametrization
from torch import Tensor, nn
from values import thinned, values, weight

RATIO = 4096


def randomised(model: nn.Module, prefix: str) -> dict[str, list[int]]:
    """Gives every weight its value by name, zero-initialised ones too; returns the names and shapes of the state."""
    state = model.state_dict()
    fixed = ("inv_freq", "noise_scaling_factor")
    model.load_state_dict(
        {
            name: tensor if name.endswith(fixed) else weight(prefix + name, tuple(tensor.shape))
            for name, tensor in state.items()
        }
    )
    return {prefix + name: list(tensor.shape) for name, tensor in state.items()}


def same(folded: bool) -> nn.Module:
    """A small SAME-S or SAME-L."""
    common: dict[str, Any] = {
        "channels": 16,
        "c_mults": [4],
        "strides": [16],
        "latent_dim": 256,
        "transformer_depths": [4],
        "dim_heads": 64,
        "ff_mult": 3,
        "differential": True,
        "variable_stride": True,
    }
    if folded:
        common |= {"chunk_size": 32, "chunk_midpoint_shift": True}
        decoder = {"conv_mapping": True, "sinusoidal_blocks": [0], "mask_noise": 0.0}
    else:
        common |= {"sliding_window": [1, 1]}
        decoder = {"sinusoidal_blocks": [3], "mask_noise": 0.0}
    config = {
        "encoder": {"config": {"in_channels": 512, **common}},
        "decoder": {"config": {"out_channels": 512, **common, **decoder}},
        "bottleneck": {"config": {"dim": 256, "auto_scale": True, "noise_regularize": False}},
        "pretransform": {"config": {"channels": 2, "patch_size": 256}},
        "latent_dim": 256,
        "downsampling_ratio": RATIO,
        "io_channels": 2,
    }
    return create_autoencoder_from_config(config, 44100).eval()


def dit(differential: bool, objective: str = "rectified_flow") -> DiTWrapper:
    """A small DiT of SA3 small's or medium's kind."""
    return DiTWrapper(
        diffusion_objective=objective,
        io_channels=256,
        embed_dim=128,
        depth=2,
        num_heads=2,
        cond_token_dim=768,
        global_cond_dim=768,
        local_add_cond_dim=257,
        global_cond_type="adaLN",
        timestep_features_type="expo",
        num_memory_tokens=64,
        norm_type="rms_norm",
        norm_kwargs={"force_fp32": True},
        attn_kwargs={"qk_norm": "rms", "differential": differential},
    ).eval()


def kept(frames: int) -> Tensor:
    """Local conditioning for a batch of two: the first keeps its second half, the other its first frame."""
    mask = torch.zeros(2, 1, frames)
    mask[0, :, frames // 2 :] = 1
    mask[1, :, :1] = 1
    return torch.cat((mask, mask * values(f"kept.{frames}", (2, 256, frames))), dim=1)


def autoencoders(found: dict[str, Tensor], shapes: dict[str, Any]) -> None:
    """Whole encodes and decodes of even and odd lengths, and one in the reference's chunks."""
    for kind in ("folded", "banded"):
        model = same(kind == "folded")
        shapes[kind] = randomised(model, "pretransform.model.")
        for frames in (3, 4, 150):
            name = f"{kind}.latents.{frames}"
            latents = values(name, (2 if frames < 100 else 1, 256, frames))
            audio = model.decode_audio(latents, chunked=True)[..., : frames * RATIO]
            found[f"{kind}.decode.{frames}"] = audio
        for frames in (3, 4):
            audio = 0.3 * values(f"{kind}.audio.{frames}", (1, 2, frames * RATIO - 1000))
            padded = nn.functional.pad(audio, (0, 1000))
            found[f"{kind}.encode.{frames}"] = model.encode_audio(padded)[..., :frames]


def transformers(found: dict[str, Tensor], shapes: dict[str, Any]) -> None:
    """Forward passes with and without kept spans, guidance of every kind, and single blocks."""
    for kind in ("plain", "differential"):
        model = dit(kind == "differential")
        shapes[kind] = randomised(model, "model.")
        cross, negative = values("cross", (2, 9, 768)), values("negative", (2, 9, 768))
        shared = {"cross_attn_cond": cross, "global_embed": values("global", (2, 768))}
        for frames in (5, 8):
            x, t = values(f"x.{frames}", (2, 256, frames)), torch.tensor([0.9, 0.25])
            free = torch.zeros(2, 257, frames)
            found[f"{kind}.free.{frames}"] = model.model(x, t, local_add_cond=free, **shared)
            local = kept(frames)
            found[f"{kind}.kept.{frames}"] = model.model(x, t, local_add_cond=local, **shared)
        x, t = values("x.8", (1, 256, 8)), torch.tensor([0.6])
        one = {name: value[:1] for name, value in shared.items()}
        one["local_add_cond"] = kept(8)[:1]
        for apg in (0.0, 0.5, 1.0):
            found[f"{kind}.guided.{apg}"] = model.model(x, t, cfg_scale=7.0, apg_scale=apg, **one)
        mask = torch.arange(9)[None] < 4
        found[f"{kind}.negative"] = model.model(
            x,
            t,
            cfg_scale=7.0,
            apg_scale=1.0,
            negative_cross_attn_cond=negative[:1],
            negative_cross_attn_mask=mask,
            **one,
        )
        block = model.model.transformer.layers[1]
        rotary = model.model.transformer.rotary_pos_emb.forward_from_seq_len(70)
        found[f"{kind}.block"] = block(
            values("tokens", (2, 70, 128)),
            context=values("context", (2, 9, 128)),
            global_cond=values("modulation", (2, 768)),
            local_add_cond=kept(6).mT,
            rotary_pos_emb=rotary,
        )


def renders(found: dict[str, Tensor]) -> None:
    """Whole walks from noise to latents; fresh noise comes by name, in the order in which it is drawn."""
    drawn = count()
    torch.randn_like = lambda x, **_: values(f"draw.{next(drawn)}", tuple(x.shape))
    shift = LogSNRShift(rate=0.0, anchor_logsnr=-6.2, logsnr_end=2.0)
    for sampler, steps, cfg, level in (
        ("pingpong", 8, 1.0, 1.0),
        ("pingpong", 8, 1.0, 0.4),
        ("euler", 10, 7.0, 1.0),
    ):
        drawn = count()
        model = dit(True, "rf_denoiser" if sampler == "pingpong" else "rectified_flow")
        randomised(model, "model.")
        conditioning = {
            "cross_attn_cond": values("cross", (2, 9, 768))[:1],
            "global_cond": values("global", (2, 768))[:1],
            "local_add_cond": torch.zeros(1, 257, 8),
        }
        found[f"render.{sampler}.{level}"] = sample_diffusion(
            model=model,
            noise=values("noise", (1, 256, 8)),
            cond_inputs=conditioning,
            diffusion_objective=model.diffusion_objective,
            steps=steps,
            cfg_scale=cfg,
            apg_scale=1.0,
            dist_shift=shift,
            sampler_type=sampler,
            init_data=values("init", (1, 256, 8)) if level < 1 else None,
            init_noise_level=level,
            decode=False,
        )


def numbers(found: dict[str, Tensor], shapes: dict[str, Any]) -> None:
    """The embedding of seconds_total."""
    model = NumberConditioner(768, 0, 384, "expo")
    shapes["numbers"] = randomised(model, "conditioner.conditioners.seconds_total.")
    found["numbers"] = model([0.0, 30.5, 400.0], "cpu")[0]


def loras(found: dict[str, Tensor]) -> None:
    """A map with each kind of LoRA at strength 0.7, and with two files stacked."""
    kinds = [kind + xs for kind in ("lora", "dora-rows", "dora-cols", "bora") for xs in ("", "-xs")]
    original = weight("lora.original", (12, 10))
    for kind in kinds:
        linear = nn.Linear(10, 12, bias=False)
        linear.weight.copy_(original)
        changed = original
        for file in ("first", "second"):
            lora = LoRAParametrization.from_linear(linear, rank=4, lora_alpha=6, adapter_type=kind)
            for name, parameter in lora.named_parameters():
                drawn = values(f"lora.{file}.{name}", tuple(parameter.shape))
                parameter.copy_(drawn.abs() if "magnitude" in name else 0.3 * drawn)
            lora.lora_strength.fill_(0.7)
            changed = lora(changed)
            found[f"lora.{kind}.{file}"] = changed


@torch.no_grad()
def main() -> None:
    """Writes the file beside this script."""
    found: dict[str, Tensor] = {}
    shapes: dict[str, Any] = {}
    autoencoders(found, shapes)
    transformers(found, shapes)
    renders(found)
    numbers(found, shapes)
    loras(found)
    tensors = {name: thinned(tensor) for name, tensor in found.items()}
    save_file(tensors, "sa3.safetensors", metadata={"shapes": json.dumps(shapes)})


if __name__ == "__main__":
    main()
