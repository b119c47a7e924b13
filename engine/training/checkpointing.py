"""Checkpoints of a run: what survives an interruption, and goes on with any number of ranks.

Where every rank has all of the weights, the first writes `checkpoint.pt`. Where weights are sharded, each writes its
shards into `sharded/STEP` by torch's distributed checkpoints, as safetensors, and then the first the rest, `rest.pt`:
a folder that has it is whole, and is not written again. Either is read into either kind of stage. Nothing that is read
can run code (the files are tensors, numbers and texts). Knows nothing of networks.
"""

from __future__ import annotations

import logging
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError
from torch import Tensor
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.hf_storage import (
    HuggingFaceStorageReader,
    HuggingFaceStorageWriter,
)
from torch.distributed.checkpoint.metadata import TensorStorageMetadata
from torch.distributed.checkpoint.state_dict_loader import load as load_shards
from torch.distributed.checkpoint.state_dict_saver import save as save_shards
from torch.distributed.tensor import DTensor, distribute_tensor

from engine.errors import CheckpointError, LongtakeError
from engine.training.group import Group
from engine.whole_files import whole

log = logging.getLogger(__name__)
PLAIN, SHARDED, REST = "checkpoint.pt", "sharded", "rest.pt"
_TENSOR = "in the shards"
"""What stands in the rest in the place of a tensor."""


class HasState(Protocol):
    """What is kept: tensors, numbers, texts and containers of these."""

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to resume."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resumes from `state_dict`."""
        ...


def save(stage: HasState, folder: Path, index: int, group: Group | None = None) -> None:
    """Writes the checkpoint of step `index` in place of the last one; every rank calls it.

    Raises:
        LongtakeError: if it cannot be written, as on a full disk; the last one, if there was one, stays.
    """
    group = group or Group.alone()
    folder.mkdir(parents=True, exist_ok=True)
    state = stage.state_dict()
    try:
        if any(isinstance(leaf, DTensor) for _, leaf in _leaves(state)):
            _save_shards(state, folder, index, group)
        elif group.first:
            with whole(folder / PLAIN) as part:
                torch.save({"index": index, "stage": state}, part)
            shutil.rmtree(folder / SHARDED, ignore_errors=True)
    except OSError as error:
        raise _no_room(folder, error) from error
    except RuntimeError as error:
        # What torch's own writer raises on a full disk names its source file.
        if "inline_container" not in str(error) and "PytorchStreamWriter" not in str(error):
            raise
        raise _no_room(folder, error) from error
    group.barrier()


def _no_room(folder: Path, error: Exception) -> LongtakeError:
    return LongtakeError(
        f"There may be no room left in {folder} ({_said(error)}); make some, and the same line goes on from the last "
        "checkpoint that is whole."
    )


def _save_shards(state: Mapping[str, Any], folder: Path, index: int, group: Group) -> None:
    place = folder / SHARDED / str(index)
    if not group.agreed(not (place / REST).exists()):
        return  # This state, whole: while it was written again there would be none.
    if group.first:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
    group.barrier()
    tensors = {name: leaf for name, leaf in _leaves(state) if isinstance(leaf, Tensor)}
    writer = HuggingFaceStorageWriter(str(place), save_distributed=True)
    _quietly(lambda: save_shards(tensors, storage_writer=writer))
    if group.first:
        rest = _changed(state, lambda name, leaf: _TENSOR if name in tensors else leaf)
        with whole(place / REST) as part:
            torch.save({"index": index, "stage": rest}, part)
        for other in place.parent.iterdir():
            if other != place:
                shutil.rmtree(other)
        (folder / PLAIN).unlink(missing_ok=True)


def resume(stage: HasState, folder: Path, group: Group | None = None) -> int:
    """Loads the folder's checkpoint, if any, into the stage; returns the number of steps done so far.

    Every rank calls it, and reads its part where weights are sharded.

    Raises:
        CheckpointError: if it is damaged or of another network.
    """
    index, place = _newest(folder)
    if place is None:
        return 0
    own = {name: leaf for name, leaf in _leaves(stage.state_dict()) if isinstance(leaf, Tensor)}
    try:
        if place.name == PLAIN:
            state = _read_plain(place)["stage"]
            state = _changed(state, lambda name, leaf: _like(leaf, own.get(name)))
        else:
            state = _read_shards(place, own)
        stage.load_state_dict(state)
    except (KeyError, RuntimeError, ValueError) as error:
        raise CheckpointError(
            f"{place} is of another network ({_said(error)}); use another folder."
        ) from error
    log.info("resuming from step %d of %s", index, place)
    return index


def read(folder: Path) -> dict[str, Any]:
    """The folder's checkpoint on the CPU: "index" and "stage", all of it on whichever number of ranks it was written.

    Raises:
        CheckpointError: if the folder contains none, or a damaged one.
    """
    index, place = _newest(folder)
    if place is None:
        raise CheckpointError(
            f"{folder / PLAIN} is missing: {folder} is not the folder of a training run."
        )
    if place.name == PLAIN:
        return _read_plain(place)
    return {"index": index, "stage": _read_shards(place, {})}


def steps_done(folder: Path) -> int:
    """Where a run stands by its checkpoint; 0 without one.

    Raises:
        CheckpointError: if it is damaged.
    """
    return _newest(folder)[0]


def begun(folder: Path) -> bool:
    """Whether a run has a checkpoint to go on from."""
    return (folder / PLAIN).exists() or any(folder.glob(f"{SHARDED}/*/{REST}"))


def _newest(folder: Path) -> tuple[int, Path | None]:
    """The step of the newest checkpoint that is whole, and its file or folder."""
    found: list[tuple[int, Path]] = [
        (int(rest.parent.name), rest.parent) for rest in folder.glob(f"{SHARDED}/*/{REST}")
    ]
    if (folder / PLAIN).exists():
        found.append((int(_read_plain(folder / PLAIN)["index"]), folder / PLAIN))
    return max(found, default=(0, None), key=lambda each: each[0])


def _read_plain(path: Path) -> dict[str, Any]:
    """What `save` wrote in one file: "index" and "stage"."""
    try:
        found = torch.load(path, weights_only=True, map_location="cpu", mmap=True)
    except Exception as error:  # Whatever zipfile and torch say of what is neither's.
        raise _damaged(path, error) from error
    if not (isinstance(found, dict) and {"index", "stage"} <= found.keys()):
        raise _damaged(path, ValueError("no training wrote it"))
    return found


def _damaged(place: Path, error: Exception) -> CheckpointError:
    return CheckpointError(
        f"{place} cannot be read ({_said(error)}); delete it to begin anew, or copy one of RUN/kept in its place."
    )


def _said(error: Exception) -> str:
    """The first line of an error."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _read_shards(place: Path, own: Mapping[str, Tensor]) -> dict[str, Any]:
    """The state of a folder of shards: read into one's own tensors, and into new ones on the CPU where one has none."""
    state = _read_plain(place / REST)["stage"]
    reader = HuggingFaceStorageReader(str(place))
    alone = not torch.distributed.is_initialized()
    try:
        known = reader.read_metadata().state_dict_metadata.items()
        kept = {name: each for name, each in known if isinstance(each, TensorStorageMetadata)}
        read = {
            name: own[name].detach()
            if name in own
            else torch.empty(each.size, dtype=each.properties.dtype)
            for name, each in kept.items()
        }
        _quietly(lambda: load_shards(read, storage_reader=reader, no_dist=alone))
    except (OSError, SafetensorError) as error:
        raise _damaged(place, error) from error
    for name, leaf in _leaves(state):
        # Torch takes what shards there are for all.
        if isinstance(leaf, str) and leaf == _TENSOR and not _all_of(kept.get(name)):
            raise _damaged(place, ValueError(f"of {name} some is missing"))
    return _changed(state, lambda name, leaf: read.get(name, leaf))


def _all_of(kept: TensorStorageMetadata | None) -> bool:
    """Whether the shards of a tensor are all there."""
    return kept is not None and sum(c.sizes.numel() for c in kept.chunks) >= kept.size.numel()


def _like(leaf: Any, own: Tensor | None) -> Any:
    """A whole tensor as shards, where the stage has shards."""
    if not isinstance(own, DTensor):
        return leaf
    whole = leaf.to(own.device)
    return distribute_tensor(whole, own.device_mesh, own.placements, src_data_rank=None)


def _leaves(state: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Everything in a nested state, by the path to it."""
    if isinstance(state, Mapping):
        for key, value in state.items():
            yield from _leaves(value, f"{name}.{key}" if name else str(key))
    else:
        yield name, state


def _changed(state: Any, change: Callable[[str, Any], Any], name: str = "") -> Any:
    """A nested state with its leaves changed."""
    if isinstance(state, Mapping):
        return {
            key: _changed(value, change, f"{name}.{key}" if name else str(key))
            for key, value in state.items()
        }
    return change(name, state)


def _quietly(act: Callable[[], Any]) -> None:
    """Torch warns of one process alone, which is what we ask for, and wraps what one of several ranks met."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            act()
        except CheckpointException as error:
            raise next((met for met, _ in error.failures.values()), error) from error
