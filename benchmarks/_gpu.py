"""One part of `longtake bench gpu`, in a process of its own: prints a line of JSON for every figure once it is found.

`python -m benchmarks._gpu PART [MODEL ...] --device DEVICE [--smoke]`. A part that fails prints what failed; what was
found before stands. Knows nothing of tables or of the time that is left.
"""

from __future__ import annotations

import argparse
import copy
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from benchmarks._gpu_fleet import fleet
from benchmarks._gpu_judges import judges
from benchmarks._gpu_takes import batches, compiled, take
from benchmarks._gpu_training import sharded, training
from benchmarks._part import Part
from benchmarks._random_models import parameters, random_model
from engine.conditioning import Conditioning, Prompt
from engine.latent_diffusion import LatentDiffusion
from engine.layers import flash_attention
from engine.training.speed import forward_flops

COMPARED_FRAMES, SMOKE_FRAMES = 512, 32
"""Latent frames of the forward pass that is compared with the CPU's: its float32 has to end in seconds."""


def machine(part: Part, _: str) -> None:
    """The card, and what it reaches at best: bare matrix products and copies."""
    cuda = part.device.type == "cuda"
    figures: dict[str, Any] = {
        "device": torch.cuda.get_device_name() if cuda else "CPU",
        "torch": torch.__version__,
        "cuda": torch.version.cuda if cuda else None,
        "memory_gb": torch.cuda.get_device_properties(0).total_memory / 1e9 if cuda else None,
        "threads": torch.get_num_threads(),
    }
    for name, kind in (("bfloat16", torch.bfloat16), ("float32", torch.float32)):
        figures[f"{name}_tflops"] = _matmul_rate(part, kind) / 1e12
    x = torch.empty(2**22 if part.smoke else 2**28, device=part.device)
    y = torch.empty_like(x).fill_(1.0)
    figures["copied_gb_per_s"] = 8 * len(x) / part.timed(lambda: x.copy_(y)) / 1e9
    part.found("machine", **figures)


def _matmul_rate(part: Part, kind: torch.dtype) -> float:
    """Operations per second of a chain of square products on random data."""
    side, chain = (256, 2) if part.smoke else (8192, 4)
    matrix = torch.randn(side, side, device=part.device, dtype=torch.float32).to(kind) / side**0.5

    def run() -> Tensor:
        x = matrix
        for _ in range(chain):
            x = x @ matrix
        return x

    return chain * 2 * side**3 / part.timed(run)


def forward(part: Part, name: str) -> None:
    """The transformer on the device against float32 on the CPU, its speed at full length, and what its attention is."""
    part.tried("forward", name, lambda: _forward(part, name))


@torch.inference_mode()
def _forward(part: Part, name: str) -> dict[str, Any]:
    spec = part.spec(name)
    model = random_model(spec, part.device)
    compared = SMOKE_FRAMES if part.smoke else COMPARED_FRAMES
    x, t, conditioning = _inputs(model, compared)
    exact = model.placed(part.device, "float32").network(x, t, conditioning).cpu()
    reference = _on_cpu(model, x, t, conditioning)
    figures: dict[str, Any] = {
        "parameters": parameters(model.dit),
        "compared_frames": compared,
        "float32_error": _distance(exact, reference),
    }
    model.placed(part.device, "bfloat16")
    figures["bfloat16_error"] = _distance(model.network(x, t, conditioning).cpu(), reference)
    frames = SMOKE_FRAMES if part.smoke else spec.latent_frames
    x, t, conditioning = _inputs(model, frames)
    figures["attention"] = attention_kinds(lambda: model.network(x, t, conditioning))
    spent = part.timed(lambda: model.network(x, t, conditioning))
    figures |= {"frames": frames, "forward_s": spent}
    figures["flops_per_s"] = forward_flops(spec, 1, frames) / spent
    return figures | {"peak_gb": part.peak_gb()}


def _inputs(model: LatentDiffusion, frames: int) -> tuple[Tensor, Tensor, Conditioning]:
    device = model.latent_scale.mean.device
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, model.spec.dit.latent_channels, frames, generator=generator)
    prompt = Prompt(text="warm house", seconds_total=frames / model.spec.latent_rate, tempo=124.0)
    return x.to(device), torch.tensor([0.7], device=device), model.conditioner([prompt], frames)


def _on_cpu(model: LatentDiffusion, x: Tensor, t: Tensor, conditioning: Conditioning) -> Tensor:
    """The float32 transformer's output on the CPU."""
    moved = {
        name: value.cpu() if isinstance(value, Tensor) else value
        for name in ("cross", "cross_mask", "global_", "grid")
        for value in [getattr(conditioning, name)]
    }
    dit = copy.deepcopy(model.dit).cpu()
    return dit(x.cpu(), t.cpu(), replace(conditioning, **moved))


def _distance(x: Tensor, reference: Tensor) -> float:
    return ((x - reference).norm() / reference.norm()).item()


def attention_kinds(call: Callable[[], Any]) -> list[str]:
    """Which of torch's attentions a call uses, by the names of its operators; flash-attn by its module's name."""
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        call()
    prefix = "aten::_scaled_dot_product_"
    found = {row.key.removeprefix(prefix) for row in seen.key_averages() if prefix in row.key}
    if torch.cuda.is_available() and (
        kernel := flash_attention(torch.cuda.get_device_capability())
    ):
        found.add(getattr(kernel, "args", [kernel])[0].__module__)
    return sorted(found)


PARTS: dict[str, Callable[[Part, str], None]] = {
    "machine": machine,
    "take": take,
    "forward": forward,
    "training": training,
    "sharded": sharded,
    "batches": batches,
    "judges": judges,
    "fleet": fleet,
    "compiled": compiled,
}
"""Part -> what measures one of its models, or of its items, and prints a row; `gpu.PLAN` says which those are."""


def main(argv: Sequence[str]) -> int:
    """Runs one part."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks._gpu", description=__doc__)
    parser.add_argument("part", choices=list(PARTS))
    parser.add_argument("models", nargs="*")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args(list(argv))
    part = Part(options.device, options.smoke)
    for model in options.models or [""]:
        PARTS[options.part](part, model)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
