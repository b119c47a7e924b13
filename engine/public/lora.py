"""LoRA files merged into a model's weights, so that steps cost no more.

There are four kinds, each also with frozen bases ("-xs"): `lora` adds B A; `dora-rows`, `dora-cols` and `bora` also
rescale the rows, the columns or both to trained norms. Knows nothing of networks: names and tensors in and out; the
files are read by lora_formats.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.errors import CheckpointError
from engine.lora_list import LoraFile
from engine.public.lora_formats import KINDS, XS, Part, placed, read_lora

__all__ = ["KINDS", "XS", "adapt", "check_loras", "merge"]

_TINY = 1e-12


def merge(weights: Mapping[str, Tensor], files: Sequence[LoraFile]) -> dict[str, Tensor]:
    """A model's weights with LoRA files merged in, one after the other.

    Args:
        weights: under this engine's names; those in no file are returned unchanged.
        files: in the order of application.

    Raises:
        CheckpointError: if a file is missing, damaged, or for another model.
    """
    merged = dict(weights)
    shapes = {name: weight.shape for name, weight in weights.items()}
    for file in files:
        for name, part in _parts(file.path, shapes).items():
            # Bases that are not in a file are those of the published weight.
            merged[name] = _changed(merged[name], weights[name], part, file.strength)
    return merged


def adapt(model: nn.Module, files: Sequence[LoraFile]) -> None:
    """Merges LoRA files into a model's weights, one after the other.

    Raises:
        CheckpointError: if a file is missing, damaged, or for another model.
    """
    model.load_state_dict(merge(model.state_dict(), files), assign=True)


def check_loras(shapes: Mapping[str, torch.Size], files: Sequence[LoraFile]) -> None:
    """Checks that LoRA files can be merged into weights of these names and shapes.

    Raises:
        CheckpointError: if a file is missing, damaged, or for another model.
    """
    for file in files:
        for name, part in _parts(file.path, shapes).items():
            if not all(tensor.float().isfinite().all() for tensor in part.tensors.values()):
                raise CheckpointError(
                    f"{file.path} has values for {name} that are not finite; its training has failed."
                )


def _parts(path: Path, shapes: Mapping[str, torch.Size]) -> dict[str, Part]:
    """What a file does, by the names of weights; all of them fit."""
    parts = read_lora(path)
    found: dict[str, Part] = {}
    for name, ours in placed(parts, shapes).items():
        if ours is None:
            raise CheckpointError(
                f"{path} changes {name}, which this model does not have; it is for another model."
            )
        if not _fits(parts[name], shapes[ours]):
            raise CheckpointError(
                f"{path} does not fit {ours} of shape {list(shapes[ours])}; it is for another model."
            )
        found[ours] = parts[name]
    return found


def _fits(part: Part, shape: torch.Size) -> bool:
    outputs, inputs = shape[0], shape[1:].numel()
    rank, kind = part.rank, part.kind.removesuffix(XS)
    if part.kind.endswith(XS):
        wanted = {"M_xs": (rank, rank)}
        if "U" in part.tensors or rank > min(outputs, inputs):
            wanted |= {"U": (outputs, rank), "V": (inputs, rank)}
    else:
        wanted = {"lora_A": (rank, inputs), "lora_B": (outputs, rank)}
    sizes = {
        "lora": {},
        "dora-rows": {"magnitude": outputs},
        "dora-cols": {"magnitude": inputs},
        "bora": {"magnitude_r": outputs, "magnitude_c": inputs},
    }[kind]
    there = part.tensors
    return all(
        name in there and there[name].ndim > 1 and there[name].flatten(1).shape == size
        for name, size in wanted.items()
    ) and all(name in there and there[name].numel() == size for name, size in sizes.items())


def _changed(weight: Tensor, published: Tensor, part: Part, strength: float) -> Tensor:
    """One weight with one file merged in."""
    if strength == 0:
        return weight
    kind, tensors = part.kind.removesuffix(XS), part.tensors
    flat = weight.flatten(1).float() + part.scale * strength * _delta(published, part)
    if kind in ("dora-rows", "bora"):
        lengths = tensors["magnitude_r" if kind == "bora" else "magnitude"].float().reshape(-1, 1)
        flat = flat / (flat.norm(dim=1, keepdim=True) + _TINY) * lengths
    if kind in ("dora-cols", "bora"):
        lengths = tensors["magnitude_c" if kind == "bora" else "magnitude"].float().reshape(1, -1)
        flat = flat / (flat.norm(dim=0, keepdim=True) + _TINY) * lengths
    return flat.reshape(weight.shape).to(weight.dtype)


def _delta(published: Tensor, part: Part) -> Tensor:
    """The low-rank update, [outputs, inputs]."""
    tensors = {name: tensor.float() for name, tensor in part.tensors.items()}
    if not part.kind.endswith(XS):
        return tensors["lora_B"].flatten(1) @ tensors["lora_A"].flatten(1)
    if "U" in tensors:
        left, right = tensors["U"], tensors["V"]
    else:
        left, right = _bases(published, part.rank)
    return left @ tensors["M_xs"] @ right.T


def _bases(published: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """The first singular vectors, [outputs, rank] and [inputs, rank]; each left one's largest entry is positive."""
    left, _, right = torch.linalg.svd(published.flatten(1).float(), full_matrices=False)
    largest = left.gather(0, left.abs().argmax(dim=0, keepdim=True))
    signs = torch.where(largest < 0, -1.0, 1.0)
    return (left * signs)[:, :rank], (right.T * signs)[:, :rank]
