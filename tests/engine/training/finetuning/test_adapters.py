"""Adapters: nothing at first, to the bit; merged as they are in training; in the layers that were named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from engine.errors import CheckpointError, SpecError
from engine.lora_list import LoraFile
from engine.public.lora import adapt
from engine.registry import ModelSpec
from engine.training.finetuning.adapters import (
    KINDS,
    LoraPlan,
    adapter_tensors,
    add_adapters,
)
from engine.training.finetuning.lora_file import begin_from, write_lora
from tests.engine.public.public_models import TINY_MEDIUM, TINY_OPEN, TINY_SMALL, official
from tests.engine.training.finetuning.little import FAMILIES, heard, little, shaken


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spec", FAMILIES, ids=lambda spec: spec.name)
def test_at_first_nothing_changes_to_the_bit(spec: ModelSpec, kind: str) -> None:
    model = little(spec)
    before = heard(model)
    add_adapters(model, LoraPlan(kind=kind, rank=4))
    assert torch.equal(heard(model), before)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spec", FAMILIES, ids=lambda spec: spec.name)
def test_a_file_changes_the_model_as_its_training_did(
    spec: ModelSpec, kind: str, tmp_path: Path
) -> None:
    plan = LoraPlan(kind=kind, rank=4, alpha=6.0)
    trained, plain = little(spec), little(spec)
    before = heard(plain)
    add_adapters(trained, plan)
    shaken(trained)
    write_lora(tmp_path / "own.safetensors", trained, plan, {})
    adapt(plain, [LoraFile(tmp_path / "own.safetensors")])
    after = heard(plain)
    change = (after - before).std()
    assert change > 0.02 * before.std()
    # What is lost is the rounding of matrices to half precision.
    assert (after - heard(trained)).std() < 2e-3 * change
    assert (heard(little(spec)) - before).abs().max() == 0


def test_names_and_header_are_those_of_the_official_trainer(tmp_path: Path) -> None:
    for spec in (TINY_MEDIUM, TINY_SMALL, TINY_OPEN):
        model, plan = little(spec), LoraPlan(rank=2, exclude=("seconds_total",))
        names = add_adapters(model, plan)
        # Inside the wrapped transformer and the conditioner, as the published weights are named.
        theirs = {
            name.removeprefix("model.").removeprefix("conditioner.").removesuffix(".weight")
            for name, shape in official(spec).items()
            if not name.startswith("pretransform.") and len(shape) > 1 and name.endswith(".weight")
        }
        timed = {"model.timestep_features"} | {n for n in theirs if "seconds_total" in n}
        assert set(names) == theirs - timed
        write_lora(tmp_path / "own.safetensors", model, plan, {"model": spec.name})
        with safe_open(tmp_path / "own.safetensors", "pt") as file:
            config = json.loads(file.metadata()["lora_config"])
            keys = set(file.keys())
        parts = ("lora_A", "lora_B", "magnitude")
        assert keys == {f"{name}.parametrizations.weight.0.{p}" for name in names for p in parts}
        assert config == {
            "rank": 2,
            "alpha": 2,
            "adapter_type": "dora-rows",
            "dropout": 0.0,
            "include": None,
            "exclude": ["seconds_total"],
        }


def test_patterns_choose_layers_as_the_official_code_does() -> None:
    def chosen(include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> list[str]:
        plan = LoraPlan(rank=1, include=include, exclude=exclude)
        return add_adapters(little(TINY_SMALL), plan)

    everything = chosen()
    assert {n.split(".")[3] for n in chosen(include=("layers.[0-0].",))} == {"0"}
    attention = chosen(include=("self_attn", "cross_attn"))
    assert attention == [n for n in everything if "attn" in n]
    rest = chosen(exclude=("attn", "ff."))
    assert rest == [n for n in everything if "attn" not in n and "ff." not in n]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"rank": 0}, "rank is 0; it has to be 1 or more"),
        ({"alpha": -1.0}, "alpha is -1; it has to be above 0"),
        ({"kind": "loha"}, "choose lora or dora-rows"),
    ],
)
def test_plans_that_cannot_be(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        LoraPlan(**wrong)  # pyright: ignore[reportArgumentType]


def test_patterns_that_name_nothing_are_said_with_names_that_do() -> None:
    with pytest.raises(SpecError, match=r"attention.*names such as model\.to_cond_embed\.0"):
        add_adapters(little(TINY_SMALL), LoraPlan(include=("attention",)))


def test_a_training_begins_with_a_file(tmp_path: Path) -> None:
    plan = LoraPlan(rank=4)
    first, second = little(TINY_OPEN), little(TINY_OPEN)
    for model in (first, second):
        add_adapters(model, plan)
    shaken(first)
    path = tmp_path / "own.safetensors"
    write_lora(path, first, plan, {})
    begin_from(second, path, plan)
    ours, theirs = adapter_tensors(first), adapter_tensors(second)
    assert all((ours[name] - theirs[name]).abs().max() < 2e-3 for name in ours)
    other = little(TINY_SMALL)
    add_adapters(other, plan)
    with pytest.raises(CheckpointError, match="for another model"):
        begin_from(other, path, plan)
    eight = little(TINY_OPEN)
    add_adapters(eight, LoraPlan(rank=8))
    with pytest.raises(CheckpointError, match="--kind dora-rows --rank 4 --alpha 4"):
        begin_from(eight, path, LoraPlan(rank=8))
    few = little(TINY_OPEN)
    add_adapters(few, LoraPlan(rank=4, include=("ff",)))
    with pytest.raises(CheckpointError, match="--include and --exclude"):
        begin_from(few, path, LoraPlan(rank=4, include=("ff",)))


def test_only_adapters_need_a_gradient() -> None:
    model = little(TINY_SMALL)
    add_adapters(model, LoraPlan(rank=2))
    learning = [n for n, p in model.named_parameters() if p.requires_grad]
    assert learning and all(".parametrizations.weight.0." in name for name in learning)
