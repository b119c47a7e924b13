"""Laws of loading: all tensors or an error that names file and tensors; what was saved comes back; no pickle."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from engine.checkpoints import (
    load_strictly,
    load_weights,
    read_tensors,
    renamed,
    save_weights,
)
from engine.errors import CheckpointError


class Tiny(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.project_in = nn.Linear(3, 4)
        self.norm = nn.LayerNorm(4)
        self.register_buffer("steps", torch.tensor(7))


def saved(folder: Path) -> tuple[Tiny, Path]:
    network, path = Tiny(), folder / "dit.safetensors"
    save_weights(network, path, {"stage": "dit"})
    return network, path


def test_what_was_saved_comes_back_in_float32(tmp_path: Path) -> None:
    network, path = saved(tmp_path)
    stored = load_file(path)
    assert stored["project_in.weight"].dtype == torch.float16
    assert stored["norm.weight"].dtype == torch.float32
    assert stored["steps"].dtype == torch.int64
    other = Tiny()
    load_weights(other, path)
    assert other.project_in.weight.dtype == torch.float32
    assert torch.equal(other.project_in.weight, network.project_in.weight.half().float())
    assert torch.equal(other.project_in.bias, network.project_in.bias)
    assert list(tmp_path.iterdir()) == [path]


def test_a_network_built_on_the_meta_device_is_filled(tmp_path: Path) -> None:
    network, path = saved(tmp_path)
    with torch.device("meta"):
        other = Tiny()
    load_weights(other, path)
    assert {tensor.dtype for tensor in other.parameters()} == {torch.float32}
    x = torch.ones(1, 3)
    torch.testing.assert_close(other.project_in(x), network.project_in(x), atol=1e-2, rtol=1e-2)


def test_shared_and_strided_tensors_can_be_saved(tmp_path: Path) -> None:
    whole = torch.arange(12.0).reshape(3, 4)
    save_weights({"a": whole, "b": whole.T}, tmp_path / "x.safetensors")
    assert torch.equal(load_file(tmp_path / "x.safetensors")["b"].float(), whole.T)


@pytest.mark.parametrize("value", [float("nan"), 1e6])
def test_what_half_precision_cannot_hold_is_not_saved(tmp_path: Path, value: float) -> None:
    with pytest.raises(CheckpointError, match="gain has values"):
        save_weights({"gain": torch.full((2, 2), value)}, tmp_path / "x.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_a_misfit_is_counted_and_the_first_of_each_kind_named() -> None:
    tensors = dict(Tiny().state_dict())
    del tensors["norm.weight"], tensors["norm.bias"]
    tensors |= {"to_qkv.weight": torch.zeros(1), "project_in.weight": torch.zeros(3, 3)}
    with pytest.raises(CheckpointError) as raised:
        load_strictly(Tiny(), tensors, "dit.safetensors")
    assert str(raised.value) == (
        "dit.safetensors does not fit Tiny: 2 missing, first norm.weight; "
        "1 unknown to the network, first to_qkv.weight; "
        "1 of the wrong shape, first project_in.weight is 3x3 in the file and 4x3 in the network."
    )


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    _, path = saved(tmp_path)
    whole = path.read_bytes()
    for damage in (whole[: len(whole) // 2], whole[:4], b"", b"not weights" * 99, whole + b"more"):
        path.write_bytes(damage)
        with pytest.raises(CheckpointError, match=r"dit\.safetensors is damaged"):
            load_weights(Tiny(), path)


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return open, (str(tmp_path / "sprung"), "w")  # pyright: ignore[reportReturnType]

    path = tmp_path / "dit.safetensors"
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(CheckpointError, match="damaged"):
        read_tensors(path)
    assert not (tmp_path / "sprung").exists()


def test_renaming_by_prefix() -> None:
    tensors = {
        "model.a.w": torch.zeros(1),
        "model.b": torch.ones(1),
        "ema.a": torch.zeros(2),
        "c": torch.zeros(3),
    }
    found = renamed(tensors, (("model.a.", "first."), ("model.", ""), ("ema.", None)))
    assert {name: tensor.shape[0] for name, tensor in found.items()} == {
        "first.w": 1,
        "b": 1,
        "c": 3,
    }


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"dit\.safetensors are missing"):
        read_tensors(tmp_path / "dit.safetensors")
