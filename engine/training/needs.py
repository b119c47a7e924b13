"""What memory a transformer's training takes on each card, said before it starts, and what would make it fit.

Weights, gradients, moments and average follow from their number; what is kept for the gradient is counted by torch
without computing, with 2 bytes a value in bfloat16. An estimate: what libraries hold beside it is not in it. Knows
nothing of time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import nn

from engine.configs import DiTConfig
from engine.networks import build_dit
from engine.registry import ModelSpec
from engine.training.group import Group
from engine.training.optim import MOMENT_BYTES
from engine.training.recipes import Recipe
from engine.training.speed import empty_inputs, kept

_GB = 1e9
VALUE_BYTES = {"bfloat16": 2.0, "float32": 4.0}
"""What a number that is kept for the gradient takes, by the precision of training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """Bytes on each card."""

    weights: float
    gradients: float
    moments: float
    average: float
    activations: float

    @property
    def total(self) -> float:
        """All of them."""
        return self.weights + self.gradients + self.moments + self.average + self.activations

    def __str__(self) -> str:
        return (
            f"about {self.total / _GB:.1f} GB: weights {self.weights / _GB:.1f}, gradients {self.gradients / _GB:.1f}, "
            f"moments {self.moments / _GB:.1f}, average {self.average / _GB:.1f}, activations "
            f"{self.activations / _GB:.1f}"
        )


def needs(recipe: Recipe, size: int = 1, precision: str = "bfloat16") -> Needs:
    """What a recipe needs on each of so many cards, in its largest batch."""
    spec, dit = recipe.model, recipe.dit
    weights = 4.0 * _counted(spec)
    shards = size if recipe.sharded else 1
    kept = [
        _activations(recipe, -(-window.batch // (size * dit.pieces)), window.frames)
        for phase in dit.phases
        for window in phase.windows
    ]
    return Needs(
        weights=weights / shards,
        gradients=weights / shards,
        moments=weights / 4 * MOMENT_BYTES[dit.optimizer] / shards,
        average=weights / shards,
        activations=max(kept) * VALUE_BYTES[precision] / 2,
    )


def advice(recipe: Recipe, group: Group) -> str:
    """What a recipe needs on this device, what that has, and what fits if it does not."""
    found = needs(recipe, group.size, group.precision)
    if group.device.type != "cuda":
        return f"memory: {found}"
    there = torch.cuda.get_device_properties(group.device).total_memory
    said = f"memory: {found}, of the {there / _GB:.1f} GB of this card"
    return said if found.total < there else f"{said}; {remedies(recipe, group, there)}"


def remedies(recipe: Recipe, group: Group, there: float) -> str:
    """What makes a recipe fit into so many bytes on each card of a group, or on more of them."""

    def fits(changed: Recipe, size: int = group.size) -> bool:
        return needs(changed, size, group.precision).total < there

    light = replace(recipe, sharded=False, dit=replace(recipe.dit, optimizer="adamw8bit"))
    small = replace(recipe, dit=replace(recipe.dit, pieces=1000))
    divided = replace(recipe, sharded=True)
    cards = next((n for n in (2, 4, 8, 16, 32) if n > group.size and fits(divided, n)), None)
    found = [
        "--accumulate" * fits(small),
        "--optimizer adamw8bit" * fits(light),
        f"--shard over {cards} cards" if cards else "",
    ]
    return f"it would fit with {' or '.join(filter(None, found)) or 'a larger card'}"


def _activations(recipe: Recipe, batch: int, frames: int) -> float:
    """Bytes kept from a forward pass for its gradient."""
    spec, dit = recipe.model, recipe.dit
    one, two = (_kept(spec, depth, batch, frames) for depth in (1, 2))
    block, depth = two - one, spec.dit.depth
    assert isinstance(spec.dit, DiTConfig)
    if not dit.gradient_checkpointing:
        return one + (depth - 1) * block
    tokens = frames // spec.dit.frames_per_token + 1
    return one + depth * 2.0 * batch * tokens * spec.dit.width


def _built(spec: ModelSpec, depth: int) -> nn.Module:
    numbers = len(spec.conditioning.numbers)
    return build_dit(replace(spec.dit, depth=depth), numbers * spec.dit.cross_width)


@cache
def _counted(spec: ModelSpec) -> int:
    """Weights: every block has as many."""
    with torch.device("meta"):
        one, two = (sum(p.numel() for p in _built(spec, k).parameters()) for k in (1, 2))
    return one + (spec.dit.depth - 1) * (two - one)


@cache
def _kept(spec: ModelSpec, depth: int, batch: int, frames: int) -> float:
    """Bytes that so many blocks keep, 2 for each value: attention's own table is never whole on a GPU."""
    with torch.device("meta"):
        network = _built(spec, depth)
    found = kept(
        network,
        empty_inputs(spec, batch, frames),
        lambda tensor: tensor.shape[-2:].count(tensor.shape[-1]) < 2,
    )
    return sum(2.0 * t.untyped_storage().nbytes() / t.element_size() for t in found)
