"""Weights of 8 bits: what loads is what torch rounds to, times the scale; nothing else is taken for weights."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from engine.errors import CheckpointError
from engine.model_files import SAFETENSORS
from engine.public.fp8 import widened
from engine.public.installed import Store
from engine.public.loading import load_public
from tests.engine.public.public_models import TINY_MEDIUM, write_public
from tests.golden.values import values

WEIGHT = 0.02 * values("weight", (12, 10))
KINDS = [(torch.float8_e4m3fn, 2**-4), (torch.float8_e5m2, 2**-3)]


def scaled(weight: Tensor, kind: torch.dtype, *, rows: bool = False) -> tuple[Tensor, Tensor]:
    """A weight as ComfyUI's converters write it: its largest number is the largest of the format."""
    largest = weight.abs().amax(dim=1, keepdim=True) if rows else weight.abs().max()
    scale = largest / torch.finfo(kind).max
    return (weight / scale).to(kind), scale


@pytest.mark.parametrize(("kind", "error"), KINDS)
@pytest.mark.parametrize("name", ["scale_weight", "weight_scale"])
@pytest.mark.parametrize("rows", [False, True])
def test_numbers_times_scale(kind: torch.dtype, error: float, name: str, rows: bool) -> None:
    numbers, scale = scaled(WEIGHT, kind, rows=rows)
    file = {
        "a.weight": numbers,
        f"a.{name}": scale if rows else scale.reshape(1),
        "a.scale_input": torch.ones(()),
        "a.comfy_quant": torch.zeros(4, dtype=torch.uint8),
        "scaled_fp8": torch.zeros(2, dtype=kind),
        "b.weight": WEIGHT.to(kind),
        "c.weight": WEIGHT.half(),
    }
    found = widened(file, "file")
    assert sorted(found) == ["a.weight", "b.weight", "c.weight"]
    torch.testing.assert_close(found["a.weight"], numbers.float() * scale, rtol=0, atol=0)
    # Half a step of the format, where it is not below its smallest normal number.
    normal = WEIGHT.abs() > scale * torch.finfo(kind).smallest_normal
    worst = ((found["a.weight"] - WEIGHT) / WEIGHT)[normal].abs().max()
    assert 0 < worst <= error * 1.001
    assert torch.equal(found["b.weight"], WEIGHT.to(kind).float())
    assert found["c.weight"] is file["c.weight"]


@pytest.mark.parametrize(("kind", "error"), KINDS)
def test_a_model_of_8_bits_loads_as_what_it_was_rounded_to(
    kind: torch.dtype, error: float, tmp_path: Path
) -> None:
    source = write_public(TINY_MEDIUM, tmp_path)
    weights = load_file(source / SAFETENSORS)
    rounded, quantised = dict(weights), dict(weights)
    for name, weight in weights.items():
        if not re.fullmatch(r"model\.model\..+\.weight", name) or weight.ndim < 2:
            continue
        numbers, scale = scaled(weight, kind)
        rounded[name] = numbers.float() * scale
        quantised[name] = numbers
        quantised[f"{name.removesuffix('.weight')}.scale_weight"] = scale.reshape(1)
    # Without a scale, in the autoencoder's weight norms too.
    for name in [n for n in weights if n.endswith("weight_v")]:
        quantised[name] = weights[name].to(kind)
        rounded[name] = quantised[name].float()
    quantised["model.model.scaled_fp8"] = torch.zeros(2, dtype=kind)
    comfy = {n.replace("model.model.", "model.diffusion_model."): t for n, t in quantised.items()}
    save_file(comfy, source / "comfy_fp8_scaled.safetensors")
    save_file(rounded, source / SAFETENSORS)
    wanted = load_public(TINY_MEDIUM, source).state_dict()
    store = Store(tmp_path / "models")
    folder = store.add(source / "comfy_fp8_scaled.safetensors", TINY_MEDIUM)
    assert (folder / SAFETENSORS).stat().st_size < 0.6 * (source / SAFETENSORS).stat().st_size
    found = load_public(TINY_MEDIUM, folder).state_dict()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)
    assert all(t.dtype == torch.float32 for t in found.values() if t.is_floating_point())


def test_integers_and_odd_scales_are_refused() -> None:
    for kind in (torch.int8, torch.uint8):
        with pytest.raises(CheckpointError, match="weights as integers"):
            widened({"a.weight": torch.ones(4, 4, dtype=kind)}, "file")
    with pytest.raises(CheckpointError, match="3 scales for 12 outputs"):
        widened({"a.weight": WEIGHT, "a.weight_scale": torch.ones(3)}, "file")
    with pytest.raises(CheckpointError, match=r"scale for b\.weight, which it does not have"):
        widened({"a.weight": WEIGHT, "b.weight_scale": torch.ones(1)}, "file")
