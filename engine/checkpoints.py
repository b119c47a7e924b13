"""Weights in and out of networks: read safetensors, rename by table, load strictly, save in half precision.

Knows nothing of what the networks compute, or of where files are (`model_files.py`). Pickles are never opened. Files
are in half precision, memory in float32. A file that is missing, damaged, tampered with or of another network raises a
`CheckpointError` that names the file and the tensors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.errors import CheckpointError
from engine.model_files import check_sum
from engine.whole_files import whole

Renames = Sequence[tuple[str, str | None]]
"""A rename table: (prefix in the file, prefix in the network); the first match applies, and None drops the tensor."""


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, unchanged and memory-mapped.

    Each is mapped separately, so that its memory is released as soon as a network has converted it. If the folder has
    a `checksums.toml`, the file must match it.

    Raises:
        CheckpointError: if the file is missing, truncated, tampered with, or not a safetensors file.
    """
    if not path.is_file():
        raise CheckpointError(f"The weights {path} are missing.")
    check_sum(path)
    try:
        with safe_open(path, "pt") as file:
            names = list(file.keys())
        return {name: _mapped(path, name) for name in names}
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(
            f"{path} is damaged or not a safetensors file ({str(error).splitlines()[0]}); download it again."
        ) from error


def _mapped(path: Path, name: str) -> Tensor:
    with safe_open(path, "pt") as file:
        return file.get_tensor(name)


def renamed(tensors: Mapping[str, Tensor], renames: Renames) -> dict[str, Tensor]:
    """The tensors under the network's names; names that match no row are kept."""
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        for prefix, new in renames:
            if name.startswith(prefix):
                if new is not None:
                    found[new + name.removeprefix(prefix)] = tensor
                break
        else:
            found[name] = tensor
    return found


def load_weights(module: nn.Module, path: Path, renames: Renames = ()) -> None:
    """Loads a file into a network strictly, as float32.

    Raises:
        CheckpointError: if the file cannot be read or does not fit.
    """
    load_strictly(module, renamed(read_tensors(path), renames), path.name)


def load_strictly(module: nn.Module, tensors: Mapping[str, Tensor], source: str) -> None:
    """Loads tensors into a network; the names on both sides must match exactly.

    Args:
        module: the network; its tensors keep their dtypes and devices, except that tensors on the meta device become
            float32 on the CPU.
        tensors: by the network's names.
        source: the origin to name in errors.

    Raises:
        CheckpointError: with the number of missing, unexpected and misshapen tensors, and the first of each.
    """
    own = module.state_dict()
    shapes = [
        f"{name} is {_shape(tensors[name])} in the file and {_shape(own[name])} in the network"
        for name in own
        if name in tensors and tensors[name].shape != own[name].shape
    ]
    faults = [
        *_counted("missing", [name for name in own if name not in tensors]),
        *_counted("unknown to the network", [name for name in tensors if name not in own]),
        *_counted("of the wrong shape", shapes),
    ]
    if faults:
        raise CheckpointError(
            f"{source} does not fit {type(module).__name__}: {'; '.join(faults)}."
        )
    if any(tensor.is_meta for tensor in own.values()):
        # On the meta device: the loaded tensors become the weights, and nothing is initialised first.
        floats = {n: t.float() if t.is_floating_point() else t for n, t in tensors.items()}
        module.load_state_dict(floats, strict=True, assign=True)
    else:
        module.load_state_dict(dict(tensors), strict=True)


def save_weights(
    tensors: nn.Module | Mapping[str, Tensor], path: Path, facts: Mapping[str, str] | None = None
) -> None:
    """Writes tensors in half precision, atomically; vectors and scalars stay float32.

    Args:
        tensors: a network or its state.
        path: of the safetensors file; an older one is replaced.
        facts: metadata for the file's header, such as {"stage": "autoencoder"}.

    Raises:
        CheckpointError: if a tensor is not finite in half precision, or the file cannot be written.
    """
    state = tensors.state_dict() if isinstance(tensors, nn.Module) else tensors
    halved = {name: _halved(name, tensor) for name, tensor in state.items()}
    try:
        with whole(path) as part:
            save_file(halved, part, metadata=dict(facts or {}))
            part.chmod(0o644)  # safetensors creates files that only their owner can read.
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be written: {error}.") from error


def _halved(name: str, tensor: Tensor) -> Tensor:
    tensor = tensor.detach().cpu()
    if not tensor.is_floating_point():
        return tensor.contiguous().clone()
    # Biases, scales and norms are small and set levels: half precision saves nothing there and costs accuracy.
    halved = tensor.to(torch.float16 if tensor.ndim > 1 else torch.float32)
    if not torch.isfinite(halved).all():
        raise CheckpointError(f"{name} has values that are not finite in half precision.")
    # Cloned, because safetensors refuses tensors that share memory.
    return halved.contiguous().clone()


def _counted(what: str, names: Iterable[str]) -> list[str]:
    names = list(names)
    return [f"{len(names)} {what}, first {names[0]}"] if names else []


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "a scalar"
