"""What a fine-tuning will take, before it starts: parameters, memory, operations, and how long they may last.

Counted on torch's meta device, where nothing is computed; only the device's speed is measured. Knows nothing of files.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import psutil
import torch
from torch import nn

from engine.errors import SpecError
from engine.latent_diffusion import LatentDiffusion
from engine.precision import autocasts, resolved_precision
from engine.public.loading import NoText
from engine.registry import AdaptiveDiTConfig, ModelSpec
from engine.training.finetuning.adapters import LoraPlan, add_adapters
from engine.training.recipes import DiTRecipe, Window
from engine.training.speed import empty_inputs, forward_flops, kept

GB = 1e9
REACHED = 0.4
"""Share of the speed of bare products of matrices that a step is taken to reach."""
SPARE = 0.6e9
"""Bytes for torch itself and what is allocated in passing."""
PRODUCT = {"cuda": 8192}
"""Rows of the matrices with which a device's speed is measured; a CPU's are fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Bytes, parameters and operations of a training.

    Attributes:
        parameters: of transformer and conditioner.
        learning: those that learn.
        weights: bytes of all weights.
        optimizer: bytes of gradients, AdamW's two moments, and the moving average.
        activations: bytes kept for the backward pass of the largest crop or batch.
        step_flops: operations of a step.
        processes: that share each step; all of the above is of one of them.
        device: where each computes; on a CPU they share its memory and its speed.
    """

    parameters: int
    learning: int
    weights: float
    optimizer: float
    activations: float
    step_flops: float
    processes: int
    device: torch.device

    @property
    def memory(self) -> float:
        """Bytes of one process."""
        return self.weights + self.optimizer + self.activations + SPARE

    @property
    def together(self) -> int:
        """How many of the processes share one device."""
        return self.processes if self.device.type == "cpu" else 1

    def words(self, spec: ModelSpec, steps: int | None, seconds_per_step: float) -> str:
        """What is said before a training starts."""
        lasts = f"about {seconds_per_step:.2g} s a step"
        if steps is not None:
            lasts += f", {_duration(steps * seconds_per_step)} for {steps} steps"
        each = f" in each of {self.processes} processes" if self.processes > 1 else ""
        return (
            f"{spec.name}: {self.learning / 1e6:.2f} of {self.parameters / 1e6:.1f} M parameters learn.\n"
            f"Memory: {self.memory / GB:.1f} GB{each} (weights {self.weights / GB:.1f}, gradients and optimiser "
            f"{self.optimizer / GB:.1f}, activations {self.activations / GB:.1f}).\n"
            f"Time: {self.step_flops / 1e12:.2f} Tflop{each}, {lasts}."
        )


def estimated(
    spec: ModelSpec,
    plan: LoraPlan | None,
    recipe: DiTRecipe,
    device: torch.device,
    processes: int = 1,
) -> Estimate:
    """Counts what a training takes.

    Args:
        spec: the model.
        plan: of its adapters; None if all weights learn.
        recipe: its windows.
        device: where it trains, which decides on number formats.
        processes: that share each step.

    Raises:
        SpecError: if the plan leaves no layer.
    """
    with torch.device("meta"):
        model = LatentDiffusion(spec, NoText(spec.conditioning.text))
    networks = nn.ModuleDict({"dit": model.dit, "conditioner": model.conditioner})
    parameters = sum(p.numel() for p in networks.parameters())
    windows = tuple(replace(w, batch=-(-w.batch // processes)) for w in recipe.phases[-1].windows)
    # Crops of Stable Audio 3 have a length each, and go one by one.
    single = isinstance(spec.dit, AdaptiveDiTConfig)
    largest = max(_kept(model, w, one=single) for w in windows)
    if plan is not None:
        add_adapters(model, plan)
        # Changed weights are made anew in each pass, in single precision, and kept.
        largest += 8 * parameters
    learning = sum(p.numel() for p in networks.parameters() if p.requires_grad)
    short = autocasts(resolved_precision("auto", device), device)
    frozen_in_half = short and plan is not None and spec.weights != "embedded"
    flops = sum(w.share * w.batch * forward_flops(spec, 1, w.frames) for w in windows)
    if recipe.gradient_checkpointing:
        largest = largest / spec.dit.depth + _block_inputs(spec, windows, one=single)
    return Estimate(
        parameters=parameters,
        learning=learning,
        weights=parameters * (2 if frozen_in_half else 4) + (learning * 4 if plan else 0),
        optimizer=learning * 4 * (3 if plan else 4),
        activations=largest * (0.6 if short else 1.0),
        step_flops=flops * (4 if recipe.gradient_checkpointing else 3),
        processes=processes,
        device=device,
    )


def seconds_per_step(estimate: Estimate) -> float:
    """How long a step may last, by the speed of a product of matrices on the device."""
    device = estimate.device
    size = PRODUCT.get(device.type, 1024)
    short = autocasts(resolved_precision("auto", device), device)
    left = torch.ones(size, size, device=device, dtype=torch.bfloat16 if short else torch.float32)
    float((left @ left)[0, 0])
    began = time.perf_counter()
    for _ in range(3):
        product = left @ left
    float(product[0, 0])
    flops = 3 * 2 * size**3 / (time.perf_counter() - began)
    return estimate.together * estimate.step_flops / (REACHED * flops)


def check_room(estimate: Estimate) -> None:
    """Checks that the device has the memory.

    Raises:
        SpecError: if it has less; says what needs less.
    """
    free, needed = free_memory(estimate.device), estimate.together * estimate.memory
    if needed > free:
        raise SpecError(
            f"This training needs about {needed / GB:.1f} GB and {estimate.device.type.upper()} has {free / GB:.1f} GB "
            "free; shorter crops (--seconds), a smaller --batch, or a LoRA in place of all weights need less."
        )


def free_memory(device: torch.device) -> float:
    """Bytes that are free on a device."""
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0])
    return float(psutil.virtual_memory().available)


def _kept(model: LatentDiffusion, window: Window, *, one: bool) -> float:
    """Bytes that a forward pass keeps for the backward one, in single precision and without checkpointing."""
    inputs = empty_inputs(model.spec, 1 if one else window.batch, window.frames)
    return float(sum(tensor.untyped_storage().nbytes() for tensor in kept(model.dit, inputs)))


def _block_inputs(spec: ModelSpec, windows: tuple[Window, ...], *, one: bool) -> float:
    tokens = max((1 if one else w.batch) * w.frames / spec.dit.frames_per_token for w in windows)
    return 4 * tokens * spec.dit.width * spec.dit.depth


def _duration(seconds: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 1.5 * size:
            return f"about {seconds / size:.0f} {unit}"
    return f"about {seconds:.0f} s"
