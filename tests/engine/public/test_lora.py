"""LoRA: the official numbers for every kind, stacking, strength, and words for files that do not fit."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from engine.errors import CheckpointError
from engine.lora_list import LoraFile
from engine.public.lora import KINDS, XS, merge
from tests.golden.values import difference, golden, values, weight

ALL = [kind + xs for kind in KINDS for xs in ("", XS)]
MAP = "dit.transformer.layers.0.ff.ff.2.weight"
ORIGINAL = {MAP: weight("lora.original", (12, 10)), "dit.other.weight": torch.ones(2, 2)}
TENSORS, _ = golden("sa3")


def lora(folder: Path, kind: str, name: str, **config: object) -> Path:
    """A file as the official trainer writes it, its numbers by name."""
    core = {"M_xs": (4, 4)} if kind.endswith(XS) else {"lora_A": (4, 10), "lora_B": (12, 4)}
    lengths = {
        "lora": {},
        "dora-rows": {"magnitude": (12,)},
        "dora-cols": {"magnitude": (10,)},
        "bora": {"magnitude_r": (12,), "magnitude_c": (10,)},
    }[kind.removesuffix(XS)]
    tensors: dict[str, Tensor] = {}
    for part, shape in {**core, **lengths}.items():
        drawn = values(f"lora.{name}.{part}", shape)
        tensors[f"model.transformer.layers.0.ff.ff.2.parametrizations.weight.0.{part}"] = (
            drawn.abs() if "magnitude" in part else 0.3 * drawn
        )
    path = folder / f"{name}.safetensors"
    header = {"rank": 4, "alpha": 6, "adapter_type": kind, **config}
    save_file(tensors, path, metadata={"lora_config": json.dumps(header)})
    return path


@pytest.mark.parametrize("kind", ALL)
def test_every_kind_as_the_official_code_alone_and_stacked(kind: str, tmp_path: Path) -> None:
    first = LoraFile(lora(tmp_path, kind, "first"), 0.7)
    second = LoraFile(lora(tmp_path, kind, "second"), 0.7)
    once = merge(ORIGINAL, [first])
    assert difference(once[MAP], TENSORS[f"lora.{kind}.first"]) < 1e-5
    assert once["dit.other.weight"] is ORIGINAL["dit.other.weight"]
    assert difference(merge(ORIGINAL, [first, second])[MAP], TENSORS[f"lora.{kind}.second"]) < 1e-5


@pytest.mark.parametrize("kind", ALL)
def test_strength_zero_is_the_model_itself(kind: str, tmp_path: Path) -> None:
    none = merge(ORIGINAL, [LoraFile(lora(tmp_path, kind, "first"), 0.0)])
    assert torch.equal(none[MAP], ORIGINAL[MAP])
    assert not torch.equal(
        merge(ORIGINAL, [LoraFile(tmp_path / "first.safetensors")])[MAP], ORIGINAL[MAP]
    )


def test_convolutions_keep_their_shape(tmp_path: Path) -> None:
    flat = merge(ORIGINAL, [LoraFile(lora(tmp_path, "dora-rows", "first"))])
    conv = merge({MAP: ORIGINAL[MAP][..., None]}, [LoraFile(lora(tmp_path, "dora-rows", "first"))])
    assert torch.equal(conv[MAP][..., 0], flat[MAP])


def test_old_dora_files_are_told_apart_by_their_shape(tmp_path: Path) -> None:
    path = lora(tmp_path, "dora-rows", "first", adapter_type="dora")
    assert (
        difference(merge(ORIGINAL, [LoraFile(path, 0.7)])[MAP], TENSORS["lora.dora-rows.first"])
        < 1e-5
    )


def test_words_for_what_does_not_fit(tmp_path: Path) -> None:
    path = lora(tmp_path, "lora", "first")
    with pytest.raises(CheckpointError, match="missing"):
        merge(ORIGINAL, [LoraFile(tmp_path / "none.safetensors")])
    with pytest.raises(CheckpointError, match="for another model"):
        merge({"dit.other.weight": torch.ones(2, 2)}, [LoraFile(path)])
    with pytest.raises(CheckpointError, match="does not fit"):
        merge({MAP: torch.ones(3, 3)}, [LoraFile(path)])
    with pytest.raises(CheckpointError, match="supported are lora, dora-rows, dora-cols or bora"):
        merge(ORIGINAL, [LoraFile(lora(tmp_path, "lora", "first", adapter_type="loha"))])
    save_file({"weight": torch.ones(1)}, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match="not a LoRA"):
        merge(ORIGINAL, [LoraFile(tmp_path / "model.safetensors")])
    (tmp_path / "text.safetensors").write_text("no tensors")
    with pytest.raises(CheckpointError, match="damaged"):
        merge(ORIGINAL, [LoraFile(tmp_path / "text.safetensors")])
