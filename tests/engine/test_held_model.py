"""The model in memory: what is wrong with the next one is found before the last one goes, and compiling is not lost."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from engine import held_model
from engine.errors import CheckpointError, SpecError
from engine.held_model import INSTALLED, HeldModel, Loader, Version, check_model
from engine.latent_diffusion import LatentDiffusion
from engine.lora_list import LoraFile
from engine.public.lora import check_loras
from engine.registry import MODELS, ModelSpec
from tests.engine.tiny_model import tiny_model

CPU = torch.device("cpu")
LAYER = "transformer.project_in"
SHAPE = tiny_model().state_dict()[f"dit.{LAYER}.weight"].shape


class Tiny:
    """Counts what is loaded, and what was in memory when it was."""

    def __init__(self) -> None:
        self.loads: list[str] = []
        self.changed = 0

    def load(self, spec: ModelSpec) -> LatentDiffusion:
        self.loads.append(spec.name)
        return tiny_model()

    def check(self, spec: ModelSpec, files: Sequence[LoraFile]) -> None:
        if spec.name == "stable-audio-2":
            raise CheckpointError("stable-audio-2 has no weights.")
        shapes = {name: tensor.shape for name, tensor in tiny_model().state_dict().items()}
        check_loras(shapes, files)

    def version(self, spec: ModelSpec) -> Version:
        return ((spec.name, 0, self.changed),)


@pytest.fixture
def tiny() -> Tiny:
    return Tiny()


def held(tiny: Tiny, *, compiled: bool = False) -> HeldModel:
    loader = Loader(tiny.load, tiny.check, tiny.version)
    return HeldModel(CPU, "float32", compiled=compiled, load=loader)


def lora(path: Path, layer: str = LAYER, value: float = 0.1, outputs: int = SHAPE[0]) -> str:
    inputs = SHAPE[1:].numel()
    tensors = {
        f"diffusion_model.{layer}.lora_A.weight": torch.full((2, inputs), value),
        f"diffusion_model.{layer}.lora_B.weight": torch.ones(outputs, 2),
    }
    save_file(tensors, path)
    return str(path)


def test_what_does_not_fit_leaves_the_model_where_it_was(tiny: Tiny, tmp_path: Path) -> None:
    model = held(tiny)
    list(model.load("sketch", ""))
    before = model.model("sketch", "")
    for name, wrong in (
        ("sketch", lora(tmp_path / "names.safetensors", "transformer.organ")),
        ("sketch", lora(tmp_path / "shapes.safetensors", outputs=7)),
        ("sketch", lora(tmp_path / "nan.safetensors", value=float("nan"))),
        ("sketch", str(tmp_path / "nowhere.safetensors")),
        ("stable-audio-2", ""),
    ):
        with pytest.raises(CheckpointError):
            list(model.load(name, wrong))
        assert model.name == "sketch"
        assert model.model("sketch", "") is before
    assert tiny.loads == ["sketch"]


def test_a_load_that_fails_late_holds_nothing_and_the_next_works(tiny: Tiny) -> None:
    model = held(tiny)
    list(model.load("sketch", ""))
    broken = True

    def load(spec: ModelSpec) -> LatentDiffusion:
        if broken:
            raise MemoryError
        return tiny_model()

    model = HeldModel(CPU, "float32", compiled=False, load=Loader(load, tiny.check, tiny.version))
    with pytest.raises(MemoryError):
        list(model.load("sketch", ""))
    assert model.name == ""
    broken = False
    assert model.model("sketch", "")


def test_a_lora_that_was_trained_on_is_loaded_anew(tiny: Tiny, tmp_path: Path) -> None:
    model, path = held(tiny), tmp_path / "own.safetensors"
    weak = model.model("sketch", lora(path)).state_dict()[f"dit.{LAYER}.weight"]
    assert model.model("sketch", f"{path}:1.0") and tiny.loads == ["sketch"]
    changed = lora(path, value=0.2)
    os.utime(path, ns=(1, 1))
    strong = model.model("sketch", changed).state_dict()[f"dit.{LAYER}.weight"]
    assert tiny.loads == ["sketch"] * 2
    plain = tiny_model().state_dict()[f"dit.{LAYER}.weight"]
    torch.testing.assert_close(strong - plain, 2 * (weak - plain))


def test_it_compiles_however_loading_was_closed(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[bool] = []
    monkeypatch.setattr(held_model, "check_compiler", lambda device: None)
    monkeypatch.setattr(
        LatentDiffusion,
        "compile_network",
        lambda self: (compiled.append(True), setattr(self, "compiled", True)),
    )
    model = held(tiny, compiled=True)
    for step in model.load("sketch", ""):
        if (step.stage, step.index) == ("loading", 2):
            break
    assert model.name == "sketch" and not compiled
    assert [step.stage for step in model.load("sketch", "")] == ["compiling"]
    assert not list(model.load("sketch", ""))
    assert compiled == [True] and tiny.loads == ["sketch"]


def test_that_nothing_can_compile_is_said_before_anything_is_loaded(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(SpecError, match=r"needs a C\+\+ compiler"):
        list(held(tiny, compiled=True).load("sketch", ""))
    assert not tiny.loads


def test_a_model_that_was_added_anew_is_loaded_anew(tiny: Tiny) -> None:
    model = held(tiny)
    for tiny.changed in (0, 0, 1, 1):
        list(model.load("sketch", ""))
    assert tiny.loads == ["sketch"] * 2


def test_the_installed_models_are_looked_at_before(tmp_path: Path) -> None:
    sketch = MODELS["sketch"]
    assert [Path(name).name for name, _, _ in INSTALLED.version(sketch)] == [
        "autoencoder.safetensors",
        "dit.safetensors",
    ]
    weights = INSTALLED(sketch).state_dict()
    outputs = weights[f"dit.{LAYER}.weight"].shape[0]
    inputs = weights[f"dit.{LAYER}.weight"].shape[1:].numel()
    for name, wide, fits in (("a", outputs, True), ("b", outputs + 1, False)):
        path = tmp_path / f"{name}.safetensors"
        pair = {"lora_A": torch.ones(2, inputs), "lora_B": torch.ones(wide, 2)}
        save_file({f"diffusion_model.{LAYER}.{n}.weight": t for n, t in pair.items()}, path)
        with nullcontext() if fits else pytest.raises(CheckpointError, match="does not fit"):
            check_model(sketch, [LoraFile(path)])
    with pytest.raises(CheckpointError, match="stable-audio-2 has no weights"):
        check_model(MODELS["stable-audio-2"])
