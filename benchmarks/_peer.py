"""One run of another implementation, in an interpreter that has it installed: started by `benchmarks/peers.py`.

`python _peer.py draw|official|diffusers sa3-small|sao-small FRAMES STEPS THREADS WIDTH_DIVISOR FOLDER`. The official
code's random weights are written to FOLDER once, and both implementations load them from there. Prints one line of
JSON. It only calls `stable_audio_3`, `stable_audio_tools` and `diffusers`, and contains none of their code.
"""

# pyright: reportMissingImports=false
from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

WEIGHTS, RESULT = "model.safetensors", "official.safetensors"


def official(kind: str, divisor: int) -> Any:
    """The two networks, in modules named as in a checkpoint."""
    if kind == "sa3-small":
        from stable_audio_3.factory import create_autoencoder_from_config
        from stable_audio_3.models.diffusion import DiTWrapper

        dit = DiTWrapper(
            diffusion_objective="rf_denoiser",
            io_channels=256,
            embed_dim=1024 // divisor,
            depth=20,
            num_heads=16 // divisor,
            cond_token_dim=768,
            global_cond_dim=768,
            local_add_cond_dim=257,
            global_cond_type="adaLN",
            timestep_features_type="expo",
            num_memory_tokens=64,
            norm_type="rms_norm",
            norm_kwargs={"force_fp32": True},
            attn_kwargs={"qk_norm": "rms"},
        )
        same: dict[str, Any] = {
            "channels": 128 // divisor,
            "c_mults": [6],
            "strides": [16],
            "latent_dim": 256,
            "transformer_depths": [6],
            "dim_heads": 64,
            "ff_mult": 3,
            "differential": True,
            "variable_stride": True,
            "chunk_size": 32,
            "chunk_midpoint_shift": True,
        }
        config: dict[str, Any] = {
            "encoder": {"config": {"in_channels": 512, **same}},
            "decoder": {"config": {"out_channels": 512, **same, "conv_mapping": True}},
            "bottleneck": {"config": {"dim": 256, "auto_scale": True, "noise_regularize": False}},
            "pretransform": {"config": {"channels": 2, "patch_size": 256}},
            "latent_dim": 256,
            "downsampling_ratio": 4096,
            "io_channels": 2,
        }
        autoencoder = create_autoencoder_from_config(config, 44100)
    else:
        sys.modules.setdefault("k_diffusion", ModuleType("k_diffusion"))
        import stable_audio_tools
        from stable_audio_tools.models.autoencoders import create_autoencoder_from_config
        from stable_audio_tools.models.diffusion import DiTWrapper

        root = Path(str(stable_audio_tools.__file__)).parent / "configs/model_configs/txt2audio"
        config = json.loads((root / "stable_audio_2_0.json").read_text())["model"]
        own = config["diffusion"]["config"]
        own |= {"embed_dim": 1024 // divisor, "depth": 16, "num_heads": 8 // divisor}
        own |= {"project_cond_tokens": True, "global_cond_dim": 768}
        own |= {"attn_kwargs": {"qk_norm": "ln"}}
        dit = DiTWrapper(diffusion_objective="rf_denoiser", **own)
        pretransform = {"sample_rate": 44100, "model": config["pretransform"]["config"]}
        autoencoder = create_autoencoder_from_config(pretransform)
    return nn.ModuleDict({"model": dit, "pretransform": nn.ModuleDict({"model": autoencoder})})


def diffusers(divisor: int) -> tuple[Any, Any]:
    """The same shapes in diffusers, with its own weights; its small autoencoder has banded attention."""
    import diffusers as library

    width, heads = 1024 // divisor, 16 // divisor
    dit = library.StableAudio3DiTModel(
        embed_dim=width, depth=20, num_heads=heads, use_differential_attention=False
    )
    return dit, library.AutoencoderSAME(encoder_channels=128 // divisor)


def timed(steps: int, step: Callable[[], Any], decode: Callable[[], Tensor]) -> dict[str, Any]:
    """Times of a step and of decoding, s, and peak memory."""
    step()
    start, start_cpu = time.perf_counter(), time.process_time()
    for _ in range(steps):
        step()
    walked, walked_cpu = time.perf_counter(), time.process_time()
    decode()
    done, done_cpu = time.perf_counter(), time.process_time()
    return {
        "step_s": (walked - start) / steps,
        "decode_s": done - walked,
        # No audio before everything is decoded.
        "first_block_s": done - walked,
        "step_cpu_s": (walked_cpu - start_cpu) / steps,
        "decode_cpu_s": done_cpu - walked_cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


@torch.inference_mode()
def main() -> None:
    """One run."""
    implementation, kind, *rest = sys.argv[1:]
    frames, steps, threads, divisor = map(int, rest[:4])
    folder = Path(rest[4])
    torch.set_num_threads(threads)
    channels = 256 if kind == "sa3-small" else 64
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, channels, frames, generator=generator)
    tokens = 257 if kind == "sa3-small" else 65
    cross = torch.randn(1, tokens, 768, generator=generator)
    global_ = torch.randn(1, 768, generator=generator)
    t = torch.tensor([0.7])
    if implementation == "draw":
        networks = official(kind, divisor)
        state = {n: w for n, w in networks.state_dict().items() if w.is_floating_point()}
        for name, weight in state.items():
            if weight.ndim > 1 and "inv_freq" not in name:
                weight.normal_(0, max(weight[0].numel(), 1) ** -0.5, generator=generator)
        save_file({n: w.contiguous() for n, w in state.items()}, folder / WEIGHTS)
        return
    if implementation == "official":
        networks = official(kind, divisor).eval()
        networks.load_state_dict(load_file(folder / WEIGHTS), strict=False)
        dit, autoencoder = networks["model"], networks["pretransform"]["model"]
        arguments = {"cross_attn_cond": cross, "global_cond": global_}
        if kind == "sa3-small":
            arguments["local_add_cond"] = torch.zeros(1, 257, frames)
        result = timed(
            steps,
            lambda: dit(x, t, **arguments),
            lambda: autoencoder.decode_audio(x, chunked=True),
        )
        save_file({"output": dit(x, t, **arguments).contiguous()}, folder / RESULT)
    else:
        dit, autoencoder = (network.eval() for network in diffusers(divisor))
        local = torch.zeros(1, 257, frames)
        result = timed(
            steps,
            lambda: dit(x, t, cross, global_, local_add_cond=local),
            lambda: autoencoder.decode(x).sample,
        )
    print(json.dumps(result))


if __name__ == "__main__":
    main()
