"""LoRA files of Stable Audio 3: low-rank adaptations, merged into the weights, so that steps cost no more.

There are four kinds, each also with frozen bases ("-xs"): `lora` adds B A; `dora-rows`, `dora-cols` and `bora` also
rescale the rows, the columns or both to trained norms. Knows nothing of networks: names and tensors in and out.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from engine.errors import CheckpointError, choices
from engine.lora_list import LoraFile

KINDS = ("lora", "dora-rows", "dora-cols", "bora")
XS = "-xs"
_PART = re.compile(r"(.+)\.parametrizations\.(weight)\.\d+\.(\w+)")
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class _Lora:
    """The contents of a file: its kind, and for each weight's name its tensors."""

    kind: str
    rank: int
    alpha: float
    parts: Mapping[str, Mapping[str, Tensor]]


def merge(weights: Mapping[str, Tensor], files: Sequence[LoraFile]) -> dict[str, Tensor]:
    """A model's weights with LoRA files merged in, one after the other.

    Args:
        weights: under this engine's names; those in no file are returned unchanged.
        files: in the order of application.

    Raises:
        CheckpointError: if a file is missing, damaged, or for another model.
    """
    merged = dict(weights)
    for file in files:
        lora = read_lora(file.path)
        for name, parts in lora.parts.items():
            if name not in weights:
                raise CheckpointError(
                    f"{file.path} changes {name}, which this model does not have; it is for another model."
                )
            try:
                # Bases that are not in a file are those of the published weight.
                merged[name] = _changed(merged[name], weights[name], lora, parts, file.strength)
            except RuntimeError as error:
                raise CheckpointError(
                    f"{file.path} does not fit {name} of shape {list(weights[name].shape)}; "
                    "it is for another model."
                ) from error
    return merged


def adapt(model: nn.Module, files: Sequence[LoraFile]) -> None:
    """Merges LoRA files into a model's weights, one after the other.

    Raises:
        CheckpointError: if a file is missing, damaged, or for another model.
    """
    model.load_state_dict(merge(model.state_dict(), files), assign=True)


def read_lora(path: Path) -> _Lora:
    """Reads a LoRA file; kind, rank and alpha are in its header.

    Raises:
        CheckpointError: if it is missing, damaged, or not a LoRA file.
    """
    if not path.is_file():
        raise CheckpointError(f"The LoRA file {path} is missing.")
    try:
        with safe_open(path, "pt") as file:
            config: dict[str, Any] = json.loads((file.metadata() or {}).get("lora_config", "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged or not a safetensors file.") from error
    parts: defaultdict[str, dict[str, Tensor]] = defaultdict(dict)
    for name, tensor in tensors.items():
        found = _PART.fullmatch(name)
        if found is None:
            raise CheckpointError(
                f"{path} is not a LoRA of Stable Audio 3: it has a weight {name}."
            )
        parts[f"{_module(found[1])}.{found[2]}"][found[3]] = tensor.float()
    if not parts:
        raise CheckpointError(f"{path} is an empty LoRA.")
    rank = int(config.get("rank") or _rank(next(iter(parts.values())), path))
    return _Lora(_kind(config, parts, path), rank, float(config.get("alpha") or rank), parts)


def _module(name: str) -> str:
    """The weight's name in this engine; files name weights relative to the transformer or the conditioner."""
    if name.startswith("conditioners."):
        return f"conditioner.{name}"
    return f"dit.{name.removeprefix('model.')}"


def _kind(config: Mapping[str, Any], parts: Mapping[str, Mapping[str, Tensor]], path: Path) -> str:
    kind = str(config.get("adapter_type", "lora"))
    if kind == "dora":
        # Old files do not distinguish rows and columns; the shape does.
        lengths = [part["magnitude"] for part in parts.values() if "magnitude" in part]
        columns = bool(lengths) and lengths[0].ndim == 2 and lengths[0].shape[0] == 1
        kind = "dora-cols" if columns else "dora-rows"
    if kind.removesuffix(XS) not in KINDS:
        raise CheckpointError(
            f"{path} is a LoRA of the kind {kind!r}; supported are {choices(KINDS)}."
        )
    return kind


def _rank(parts: Mapping[str, Tensor], path: Path) -> int:
    for name in ("lora_A", "M_xs"):
        if name in parts:
            return parts[name].shape[0]
    raise CheckpointError(f"{path} has no LoRA matrices.")


def _changed(
    weight: Tensor, published: Tensor, lora: _Lora, parts: Mapping[str, Tensor], strength: float
) -> Tensor:
    """One weight with one file merged in."""
    if strength == 0:
        return weight
    kind = lora.kind.removesuffix(XS)
    delta = _delta(published, lora, parts)
    flat = weight.flatten(1).float() + lora.alpha / lora.rank * strength * delta
    if kind in ("dora-rows", "bora"):
        lengths = parts["magnitude_r" if kind == "bora" else "magnitude"].reshape(-1, 1)
        flat = flat / (flat.norm(dim=1, keepdim=True) + _TINY) * lengths
    if kind in ("dora-cols", "bora"):
        lengths = parts["magnitude_c" if kind == "bora" else "magnitude"].reshape(1, -1)
        flat = flat / (flat.norm(dim=0, keepdim=True) + _TINY) * lengths
    return flat.reshape(weight.shape).to(weight.dtype)


def _delta(published: Tensor, lora: _Lora, parts: Mapping[str, Tensor]) -> Tensor:
    """The low-rank update, [outputs, inputs]."""
    if not lora.kind.endswith(XS):
        return parts["lora_B"] @ parts["lora_A"]
    if "U" in parts:
        left, right = parts["U"], parts["V"]
    else:
        left, right = _bases(published, lora.rank)
    return left @ parts["M_xs"] @ right.T


def _bases(published: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """The first singular vectors, [outputs, rank] and [inputs, rank]; each left one's largest entry is positive."""
    left, _, right = torch.linalg.svd(published.flatten(1).float(), full_matrices=False)
    largest = left.gather(0, left.abs().argmax(dim=0, keepdim=True))
    signs = torch.where(largest < 0, -1.0, 1.0)
    return (left * signs)[:, :rank], (right.T * signs)[:, :rank]
