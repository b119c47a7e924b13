"""Laws of model files: found in the package first, refused when they are not what was sealed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from engine import model_files
from engine.checkpoints import read_tensors
from engine.errors import CheckpointError
from engine.model_files import find_weights, lora_place, seal
from engine.registry import SKETCH, STABLE_AUDIO_2
from engine.spec import GenerationSpec


def saved(folder: Path) -> Path:
    path = folder / "dit.safetensors"
    save_file({"w": torch.ones(3)}, path)
    return path


def test_a_tampered_file_of_a_sealed_folder_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path)
    seal(tmp_path)
    read_tensors(path)
    changed = bytearray(path.read_bytes())
    changed[-1] ^= 1
    path.write_bytes(changed)
    with pytest.raises(CheckpointError, match="does not match its checksum"):
        read_tensors(path)
    save_file({"a": torch.zeros(1)}, tmp_path / "foreign.safetensors")
    with pytest.raises(CheckpointError, match=r"foreign\.safetensors does not match its checksum"):
        read_tensors(tmp_path / "foreign.safetensors")


def test_a_damaged_list_of_checksums_is_named(tmp_path: Path) -> None:
    path = saved(tmp_path)
    (tmp_path / "checksums.toml").write_text("= what")
    with pytest.raises(CheckpointError, match=r"checksums\.toml is damaged"):
        read_tensors(path)


def test_weights_are_looked_for_in_the_package_and_then_in_the_users_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_files, "embedded_folder", lambda: tmp_path / "package")
    monkeypatch.setattr(model_files, "models_folder", lambda: tmp_path / "user")
    with pytest.raises(CheckpointError, match=r"sketch has no weights in .*package.* and .*user"):
        find_weights(SKETCH)
    with pytest.raises(CheckpointError, match="train your own"):
        find_weights(STABLE_AUDIO_2)
    for place in ("user", "package"):
        (tmp_path / place / "sketch").mkdir(parents=True)
        saved(tmp_path / place / "sketch")
        assert find_weights(SKETCH) == tmp_path / place / "sketch"
    with pytest.raises(CheckpointError, match="elsewhere"):
        find_weights(SKETCH, tmp_path / "elsewhere")
    # What came with the package must be sealed.
    with pytest.raises(CheckpointError, match="cannot be checked"):
        read_tensors(tmp_path / "package" / "sketch" / "dit.safetensors")


def test_a_lora_is_found_where_it_is_named_or_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_files, "models_folder", lambda: tmp_path / "data" / "models")
    monkeypatch.chdir(tmp_path)
    ours = tmp_path / "data" / "loras" / "tape"
    ours.mkdir(parents=True)
    for path in (tmp_path / "near.safetensors", ours / "warm.safetensors"):
        path.touch()
    assert lora_place(Path("near.safetensors")) == tmp_path / "near.safetensors"
    for elsewhere in (
        "warm.safetensors",
        "/home/ann/loras/warm.safetensors",
        "C:\\Users\\Ann\\warm.safetensors",
        "C:/Users/Ann/warm.safetensors",
    ):
        assert lora_place(Path(elsewhere)) == ours / "warm.safetensors"
    assert lora_place(Path("/elsewhere/tape")) == ours, "PEFT's are folders"
    assert lora_place(Path("none")) == tmp_path / "none"
    assert lora_place(Path("C:\\none")) == Path("C:\\none")


def test_the_settings_of_a_take_name_whole_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.safetensors").touch()
    spec = GenerationSpec(prompt="warm", lora="own.safetensors: .5, none:2").resolved(SKETCH)
    assert spec.lora == f"{tmp_path / 'own.safetensors'}:0.5, {tmp_path / 'none'}:2"
    monkeypatch.chdir(tmp_path.parent)
    assert spec.resolved(SKETCH) == spec
