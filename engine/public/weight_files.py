"""A file of weights as people have it, opened: safetensors or a pickle, wrapped or not, under the published names.

Nothing in a pickle is executed: torch reads it with `weights_only`, or it is refused. Knows nothing of models.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import save_file
from torch import Tensor

from engine.checkpoints import read_tensors
from engine.errors import CheckpointError, choices
from engine.model_files import PICKLE, SAFETENSORS
from engine.public.wrappings import official_names
from engine.whole_files import whole

PICKLES = (".ckpt", ".pt", ".pth", ".bin")
_SAVE = (
    "load it where it was trained and save its weights alone, as "
    "safetensors.torch.save_file(checkpoint['state_dict'], 'model.safetensors')"
)


def weights_file(source: Path) -> Path:
    """The file of weights that is meant: `source` itself, or the one in this folder.

    Raises:
        CheckpointError: if there is none, or several of which none has the usual name.
    """
    if source.is_file():
        if source.suffix.lower() not in (".safetensors", *PICKLES):
            raise CheckpointError(
                f"{source} is no file of weights; choose one that ends in {choices(('.safetensors', *PICKLES))}."
            )
        return source
    if not source.is_dir():
        raise CheckpointError(f"{source} is neither a folder nor a file of weights.")
    for name in (SAFETENSORS, PICKLE):
        if (source / name).is_file():
            return source / name
    for suffixes in ((".safetensors",), PICKLES):
        found = sorted(path for path in source.iterdir() if _is_weights(path, suffixes))
        if len(found) > 1:
            names = choices(path.name for path in found)
            raise CheckpointError(f"{source} has {names}; add one of these files by its name.")
        if found:
            return found[0]
    raise CheckpointError(f"{source} has no {SAFETENSORS}, nor another file of weights.")


def _is_weights(path: Path, suffixes: tuple[str, ...]) -> bool:
    encoder = re.match(r"t5|clip|vae|tokenizer", path.name.lower())
    return path.is_file() and path.suffix.lower() in suffixes and encoder is None


def opened(path: Path) -> tuple[dict[str, Tensor], bool]:
    """The weights in a file, memory-mapped, by their published names, and whether it can be used as it is.

    Raises:
        CheckpointError: if it is damaged, or a pickle of more than weights.
    """
    pickled = path.suffix.lower() in PICKLES
    tensors = unpickled(path) if pickled else read_tensors(path)
    names = official_names(tensors, str(path))
    as_it_is = not pickled and all(names.get(name) == name for name in tensors)
    return {ours: tensors[name] for name, ours in names.items()}, as_it_is


def save(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Writes weights as they are.

    Raises:
        OSError: if they cannot be written.
    """
    with whole(path) as part:
        # Cloned, because safetensors refuses tensors that share memory.
        save_file({name: tensor.contiguous().clone() for name, tensor in tensors.items()}, part)


def unpickled(path: Path) -> dict[str, Tensor]:
    """The weights in a pickle: those in it, or under `state_dict` or the like; nothing of it is run.

    Raises:
        CheckpointError: if it is damaged, or more than weights.
    """
    state = _read_pickle(path)
    for key in ("state_dict", "model_state_dict", "ema_state_dict", "model", "ema"):
        inner = state.get(key)
        if isinstance(inner, Mapping) and any(map(torch.is_tensor, inner.values())):
            state = cast(dict[str, Any], inner)
            break
    tensors = {name: tensor for name, tensor in state.items() if torch.is_tensor(tensor)}
    if not tensors:
        raise CheckpointError(f"{path} has no weights in it.")
    return tensors


def _read_pickle(path: Path) -> dict[str, Any]:
    try:
        try:
            state = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        except RuntimeError:  # Older files cannot be mapped.
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # pickle, zip and torch errors alike
        found = re.search(r"GLOBAL (\S+)", str(error))
        more = f" ({found[1]})" if found else ""
        raise CheckpointError(
            f"{path} is damaged, or contains more than weights{more}, which Longtake does not run; {_SAVE}."
        ) from error
    if not isinstance(state, dict):
        raise CheckpointError(f"{path} is a whole program object instead of weights; {_SAVE}.")
    return cast(dict[str, Any], state)
