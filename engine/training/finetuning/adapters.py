"""LoRA in training: a frozen weight and its low-rank change, as torch's parametrizations, in the kinds that are common.

Names, shapes and beginnings are those of Stable Audio 3's trainer, so files go both ways. Knows nothing of files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import inf
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from engine.errors import SpecError, choices
from engine.latent_diffusion import LatentDiffusion

KINDS = ("lora", "dora-rows")
"""What can be trained here: a low-rank sum, and one whose rows are rescaled to trained lengths."""
WHERE = ".parametrizations.weight.0."
"""Between a layer's name and that of a part of its adapter, here and in files."""
_TINY = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class LoraPlan:
    """Which layers get an adapter, and of what shape.

    Attributes:
        rank: of the change.
        alpha: the change counts alpha / rank; None for the rank.
        kind: one of KINDS.
        include: parts of layers' names, such as `self_attn` or `layers[0-11]`; only layers with one of them. Empty for
            all.
        exclude: likewise; layers with one of them stay as they are.

    Raises:
        SpecError: if a value cannot be one.
    """

    rank: int = 16
    alpha: float | None = None
    kind: str = "dora-rows"
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise SpecError(f"A LoRA's rank is {self.rank}; it has to be 1 or more, such as 16.")
        if self.alpha is not None and not 0 < self.alpha < inf:
            raise SpecError(f"A LoRA's alpha is {self.alpha:g}; it has to be above 0, such as 16.")
        if self.kind not in KINDS:
            raise SpecError(
                f"A LoRA of the kind {self.kind!r} cannot be trained; choose {choices(KINDS)}."
            )

    @property
    def scale(self) -> float:
        """What the change counts."""
        return (self.alpha or self.rank) / self.rank

    def wants(self, layer: str) -> bool:
        """Whether a layer of this published name gets an adapter."""
        named = not self.include or _has_one(layer, self.include)
        return named and not _has_one(layer, self.exclude)


class Adapter(nn.Module):
    """The change of one weight; at the beginning it changes nothing, to the bit."""

    def __init__(self, weight: Tensor, plan: LoraPlan, generator: torch.Generator) -> None:
        super().__init__()
        outputs, inputs, place = weight.shape[0], weight[0].numel(), weight.device
        bound = inputs**-0.5
        drawn = torch.empty(plan.rank, inputs).uniform_(-bound, bound, generator=generator)
        self.scale = plan.scale
        self.lora_A = nn.Parameter(drawn.to(place))
        self.lora_B = nn.Parameter(torch.zeros(outputs, plan.rank, device=place))
        self.magnitude = (
            nn.Parameter(weight.detach().flatten(1).float().norm(dim=1))
            if plan.kind == "dora-rows"
            else None
        )

    def forward(self, weight: Tensor) -> Tensor:
        """The changed weight, in its own shape and number format; the sum is in float32."""
        with torch.autocast(weight.device.type, enabled=False):
            changed = weight.flatten(1).float() + self.scale * (self.lora_B @ self.lora_A)
            if self.magnitude is not None:
                # The quotient first: it is exactly one until something is learnt.
                lengths = self.magnitude / (changed.norm(dim=1) + _TINY)
                changed = changed * lengths[:, None]
        return changed.view_as(weight).to(weight.dtype)


def add_adapters(model: LatentDiffusion, plan: LoraPlan, seed: int = 0) -> list[str]:
    """Puts adapters on the transformer's and the conditioner's layers; nothing else of the model learns then.

    Returns:
        The published names of the layers.

    Raises:
        SpecError: if the plan's patterns name no layer.
    """
    model.requires_grad_(False)
    generator = torch.Generator().manual_seed(seed)
    every = list(layers(model))
    chosen = [(name, layer) for name, layer in every if plan.wants(name)]
    if not chosen:
        raise SpecError(
            f"No layer of {model.spec.name} is left by --include {' '.join(plan.include) or '(all)'} and --exclude "
            f"{' '.join(plan.exclude) or '(none)'}; its layers have names such as {every[0][0]} and {every[-1][0]}."
        )
    for _, layer in chosen:
        adapter = Adapter(layer.weight, plan, generator)
        parametrize.register_parametrization(layer, "weight", adapter, unsafe=True)
    return [name for name, _ in chosen]


def layers(model: LatentDiffusion) -> Iterator[tuple[str, nn.Linear | nn.Conv1d]]:
    """All layers that may get an adapter, by their published names."""
    for part in ("dit", "conditioner"):
        for name, module in getattr(model, part).named_modules():
            if isinstance(module, (nn.Linear, nn.Conv1d)):
                yield published(f"{part}.{name}"), module


def adapters(model: LatentDiffusion) -> dict[str, Adapter]:
    """The adapters of a model by the published names of their layers."""
    return {
        name: cast(Adapter, cast(nn.ModuleDict, layer.parametrizations)["weight"][0])  # pyright: ignore[reportIndexIssue]
        for name, layer in layers(model)
        if parametrize.is_parametrized(layer, "weight")
    }


def adapter_tensors(model: LatentDiffusion) -> dict[str, Tensor]:
    """What the adapters have learnt, under the names of a file."""
    return {
        f"{name}{WHERE}{part}": tensor.detach()
        for name, adapter in adapters(model).items()
        for part, tensor in adapter.named_parameters()
    }


def published(name: str) -> str:
    """The name of a layer in a LoRA file: relative to the wrapped transformer, or to the conditioner."""
    part, rest = name.split(".", 1)
    return f"model.{rest}" if part == "dit" else rest


def _has_one(name: str, patterns: tuple[str, ...]) -> bool:
    return any(each in name for pattern in patterns for each in _spelt_out(pattern.strip()))


def _spelt_out(pattern: str) -> list[str]:
    """`layers[0-2].ff` as `layers0.ff`, `layers1.ff`, `layers2.ff`; as in Stable Audio 3's trainer."""
    parts = re.split(r"\[(\d+)-(\d+)\]", pattern)
    texts, firsts, lasts = parts[0::3], parts[1::3], parts[2::3]
    ranges = [_counted(int(a), int(b)) for a, b in zip(firsts, lasts, strict=True)]
    return [
        "".join(text + number for text, number in zip(texts, [*numbers, ""], strict=True))
        for numbers in product(*ranges)
    ]


def _counted(first: int, last: int) -> list[str]:
    step = 1 if last >= first else -1
    return [str(number) for number in range(first, last + step, step)]
