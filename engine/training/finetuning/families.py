"""How each family of models is fine-tuned: windows, times, dropouts and the optimiser's numbers, as each was trained.

What the authors of a public model have not published is named in docs/train.md. Knows nothing of networks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.errors import SpecError
from engine.registry import AdaptiveDiTConfig, ModelSpec
from engine.training.batches import check_batches
from engine.training.finetuning.seen import KeptSpans, Pieces, Sight, WholeWindows
from engine.training.group import Group
from engine.training.optim import LearningRate
from engine.training.recipes import DiTRecipe, Phase, Window

NEVER = 1e12
"""As a number of steps: a rate that does not fall."""
SKETCH_WINDOWS = (
    Window(frames=256, batch=8),
    Window(frames=768, batch=2),
    Window(frames=2048, batch=1, share=0.25),
)
SHORTEST = 1.0
"""Seconds of a crop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What the user chose: LoRA or all weights, the learning rate, the longest crop, and how many at once.

    Attributes:
        lora: whether adapters learn, and nothing else.
        rate: learning rate; None for the family's.
        seconds: longest crop; None for the model's longest.
        times: crops in a step, as a multiple of the family's.
    """

    lora: bool
    rate: float | None = None
    seconds: float | None = None
    times: int = 1


def recipe_for(spec: ModelSpec, asking: Asking) -> DiTRecipe:
    """The numbers with which a model is fine-tuned.

    Raises:
        SpecError: if what was asked for is out of range.
    """
    if asking.times < 1:
        raise SpecError(f"--batch is {asking.times}; it has to be 1 or more.")
    if asking.rate is not None and not 0 < asking.rate < 1:
        raise SpecError(f"--rate is {asking.rate:g}; it has to be between 0 and 1, such as 1e-4.")
    recipe = DiTRecipe(
        phases=(Phase(from_step=0, windows=_windows(spec, asking.seconds)),),
        learning_rate=_rate(spec, asking),
        betas=(0.9, 0.95) if asking.lora else (0.9, 0.999),
        weight_decay=0.01 if asking.lora else 1e-3,
        grid_dropout=0.1 if spec.dit.grid else 0.0,
        ema_decay=0.999 if spec.weights == "embedded" else 0.9999,
        log_snr=(-1.8, 1.4) if spec.dit.grid else None,
        # What two CPU cores can train needs no saving of memory.
        gradient_checkpointing=not spec.dit.grid,
    )
    return recipe.multiplied(asking.times)


def sight_of(spec: ModelSpec, pieces: Pieces, recipe: DiTRecipe, group: Group, seed: int) -> Sight:
    """What each step sees.

    Raises:
        SpecError: if there are more processes than crops.
    """
    check_batches(recipe, group.size)
    kind = KeptSpans if isinstance(spec.dit, AdaptiveDiTConfig) else WholeWindows
    return kind(spec, pieces, recipe, group, seed)


def _rate(spec: ModelSpec, asking: Asking) -> LearningRate:
    if asking.lora:
        return LearningRate(base=asking.rate or 1e-4, ramp=0.0, gamma=NEVER)
    return LearningRate(base=asking.rate or 5e-5, ramp=0.99, gamma=1_000_000)


def _windows(spec: ModelSpec, seconds: float | None) -> tuple[Window, ...]:
    if seconds is not None and not SHORTEST <= seconds <= spec.max_seconds:
        raise SpecError(
            f"--seconds is {seconds:g}; {spec.name} learns from crops of {SHORTEST:g} to {spec.max_seconds:.0f} s."
        )
    most = spec.latent_frames if seconds is None else round(seconds * spec.latent_rate)
    if spec.dit.grid:
        shorter = tuple(window for window in SKETCH_WINDOWS if window.frames <= most)
        return shorter or (replace(SKETCH_WINDOWS[0], frames=most),)
    if spec.headroom is None and most < spec.latent_frames:
        raise SpecError(
            f"{spec.name} is always trained on its whole window of {spec.max_seconds:.1f} s, as it always makes all of "
            "it; leave --seconds away."
        )
    return (Window(frames=most, batch=1),)
