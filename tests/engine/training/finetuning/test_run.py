"""From a folder of music to a file that plays: LoRA and whole models, going on, and words for what cannot be."""

from __future__ import annotations

import json
import logging
import math
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from engine import disks, held_model, model_files
from engine.errors import AudioError, CheckpointError, DiskError, LongtakeError, SpecError
from engine.held_model import check_model, load_model
from engine.lora_list import LoraFile
from engine.public.installed import Store
from engine.public.lora import adapt
from engine.registry import MODELS
from engine.training import cli
from engine.training.finetuning import estimate, run
from engine.training.finetuning.stage import FineTuning
from tests.engine.public.public_models import TINY_OPEN, write_public
from tests.engine.tiny_model import TINY, tiny_model
from tests.engine.training.finetuning.little import OPEN, heard

Command = Callable[..., int]


@pytest.fixture
def command(
    tmp_path: Path,
    material: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> Command:
    """`longtake train lora` or `finetune` in a world whose models are small; one public one is installed."""
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(model_files, "models_folder", lambda: tmp_path / "models")
    monkeypatch.setitem(MODELS, TINY.name, TINY)
    monkeypatch.setitem(MODELS, OPEN.name, OPEN)
    # A product of matrices of that size would last longer than all else here.
    monkeypatch.setattr(estimate, "seconds_per_step", lambda *_: 1.0)
    monkeypatch.setattr("engine.training.finetuning.command.seconds_per_step", lambda *_: 1.0)
    Store(tmp_path / "models").add(write_public(OPEN, tmp_path), OPEN)
    own = {TINY.name: lambda: tiny_model()}
    load = held_model.load_model
    monkeypatch.setattr(run, "load_model", lambda s: own[s.name]() if s.name in own else load(s))

    def act(kind: str, *flags: str, model: str = OPEN.name, data: Path = material) -> int:
        run_folder = ("--run", str(tmp_path / "run"), "--device", "cpu")
        return cli.main([kind, "--model", model, "--data", str(data), *run_folder, *flags])

    return act


def test_a_lora_is_saved_numbered_and_new_and_plays(command: Command, tmp_path: Path) -> None:
    flags = ("--rank", "2", "--rate", "0.01", "--save-every", "2", "--name", "warm")
    command("lora", "--steps", "3", *flags)
    folder = tmp_path / "run"
    assert {p.name for p in folder.glob("*.safetensors")} == {
        "warm-000002.safetensors",
        "warm.safetensors",
    }
    file = LoraFile(folder / "warm.safetensors")
    check_model(OPEN, [file])  # As `--lora` does, before anything is unloaded.
    plain, tuned = load_model(OPEN), load_model(OPEN)
    adapt(tuned, [file])
    assert not torch.equal(heard_of(plain), heard_of(tuned))
    with safe_open(file.path, "pt") as content:
        about = json.loads(content.metadata()["longtake"])
    assert about["model"] == OPEN.name and about["steps"] == 3
    assert any("bass" in caption.lower() for caption in about["captions"]) or about["captions"]
    # The same line goes on; another does not.
    command("lora", "--steps", "4", *flags)
    assert (folder / "warm-000004.safetensors").exists()
    with pytest.raises(LongtakeError, match="begun with --rank 2; go on with that, or use another"):
        command("lora", "--steps", "5", *flags, "--rank", "3")


def test_a_step_whose_loss_is_no_number_is_named_where_files_are_due_after_it(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FineTuning, "loss", lambda self, seen: math.nan * lora_sum(self))
    with pytest.raises(LongtakeError, match=r"Step 1 gave a .*failed_step_1\.pt"):
        command("lora", "--steps", "3", "--save-every", "1", "--rank", "2")
    assert (tmp_path / "run" / "failed_step_1.pt").exists()


def lora_sum(stage: FineTuning) -> torch.Tensor:
    return torch.stack([p.sum() for p in stage.update.learning]).sum()


def heard_of(model: object) -> torch.Tensor:
    model.conditioner.text_encoder.max_tokens  # noqa: B018  # pyright: ignore
    return heard(model)  # pyright: ignore[reportArgumentType]


def test_a_lora_of_the_embedded_model(command: Command, tmp_path: Path) -> None:
    command("lora", "--steps", "2", "--seconds", "3", "--rank", "2", model=TINY.name)
    plain, tuned = tiny_model(), tiny_model()
    adapt(tuned, [LoraFile(tmp_path / "run" / "run.safetensors")])
    assert not torch.equal(heard(plain), heard(tuned))


def test_a_whole_model_becomes_one_of_ones_own(command: Command, tmp_path: Path) -> None:
    command("finetune", "--steps", "2", "--rate", "1e-3", "--name", "mine")
    folder = Store(tmp_path / "models").add(tmp_path / "run" / "mine", OPEN, "my-tune")
    ours, theirs = (
        load_file(p / "model.safetensors") for p in (folder, tmp_path / "models" / OPEN.name)
    )
    changed = {name for name in theirs if not torch.equal(ours[name], theirs[name])}
    assert ours.keys() == theirs.keys() and changed
    assert not any(name.startswith("pretransform.") for name in changed)
    assert load_model(replace(OPEN, name="my-tune"))
    # Export gives the same from the checkpoint.
    cli.main(["export", "--format", "stable-audio-tools", "--run", str(tmp_path / "run"),
              "--out", str(tmp_path / "out")])  # fmt: skip
    again = load_file(tmp_path / "out" / "model.safetensors")
    assert all(torch.equal(again[name], ours[name]) for name in ours)
    assert (tmp_path / "out" / "model_config.json").exists()


def test_a_lora_is_merged_into_what_is_exported(command: Command, tmp_path: Path) -> None:
    command("lora", "--steps", "2", "--rate", "0.01", "--rank", "2")
    cli.main(["export", "--format", "stable-audio-tools", "--run", str(tmp_path / "run"),
              "--out", str(tmp_path / "out")])  # fmt: skip
    merged = load_model(OPEN)
    adapt(merged, [LoraFile(tmp_path / "run" / "run.safetensors")])
    assert torch.allclose(heard(load_model(OPEN, tmp_path / "out")), heard(merged), atol=1e-5)
    with pytest.raises(LongtakeError, match="no averaged weights, as a run of 'train lora'"):
        cli.main(["export", "--run", str(tmp_path / "run"), "--out", str(tmp_path / "out")])
    with pytest.raises(LongtakeError, match="is no run of 'train lora'"):
        cli.main(["export", "--format", "stable-audio-tools", "--run", str(tmp_path),
                  "--out", str(tmp_path / "out")])  # fmt: skip


def test_words_for_what_cannot_be(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SpecError, match="Unknown model"):
        command("lora", model="stable-audio-9")
    with pytest.raises(AudioError, match="No material in"):
        command("lora", data=tmp_path / "empty")
    with pytest.raises(SpecError, match="rank is 0"):
        command("lora", "--rank", "0")
    with pytest.raises(SpecError, match="--save-every is 0"):
        command("lora", "--save-every", "0")
    with pytest.raises(SpecError, match="--processes is 0"):
        command("lora", "--processes", "0")
    for flag, wrong in {
        "--steps": "-5",
        "--minutes": "nan",
        "--seed": "-1",
        "--threads": "0",
    }.items():
        with pytest.raises(SpecError, match=f"{flag} is {wrong}; it has to be"):
            command("lora", flag, wrong)
    with pytest.raises(SpecError, match="alpha is inf"):
        command("lora", "--alpha", "inf")
    for name in ("latents", "../up"):
        with pytest.raises(SpecError, match=f"cannot be called '{name}'; give --name another"):
            command("lora", "--name", name)
    (tmp_path / "run" / "run.json").unlink()
    (tmp_path / "run" / "checkpoint.pt").write_bytes(b"")
    with pytest.raises(CheckpointError, match="the folder of another training; use another"):
        command("lora")
    (tmp_path / "run" / "checkpoint.pt").unlink()
    monkeypatch.setattr(disks, "_free", lambda _: 1000)
    with pytest.raises(DiskError, match="is full"):
        command("lora")


def test_encoding_that_is_stopped_goes_on(
    command: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    encode = run.encode_material

    def interrupted(*given: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        encode(*given)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(run, "encode_material", interrupted)
    assert command("lora", "--steps", "1", "--rank", "2") == 0
    assert "the same command goes on" in caplog.text
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*.safetensors")}
    assert kept
    monkeypatch.setattr(run, "encode_material", encode)
    command("lora", "--steps", "1", "--rank", "2")
    assert (tmp_path / "run" / "run.safetensors").exists()
    assert all(path.stat().st_mtime_ns == then for path, then in kept.items())


def test_a_device_with_too_little_is_told_before_anything_is_read(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(estimate, "free_memory", lambda _: 1e6)
    with pytest.raises(SpecError, match=r"needs about \d\.\d GB and CPU has 0\.0 GB free; shorter"):
        command("lora", data=tmp_path / "nowhere")
    assert not (tmp_path / "run").exists()


def test_a_dry_run_only_says_what_it_takes(
    command: Command, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    command("lora", "--dry-run", "--rank", "2", data=tmp_path / "nowhere")
    assert "M parameters learn" in caplog.text and "for 1000 steps" in caplog.text
    assert not (tmp_path / "run").exists() and os.listdir(tmp_path / "models")


def test_an_estimate_counts_what_is_there() -> None:
    spec, cpu = TINY_OPEN, torch.device("cpu")
    from engine.training.finetuning.adapters import LoraPlan, adapter_tensors, add_adapters
    from engine.training.finetuning.families import Asking, recipe_for
    from tests.engine.training.finetuning.little import little

    model = little(spec)
    parts = (model.dit, model.conditioner)
    total = sum(p.numel() for part in parts for p in part.parameters())
    recipe = recipe_for(spec, Asking(lora=True))
    lora = estimate.estimated(spec, LoraPlan(rank=4), recipe, cpu)
    whole = estimate.estimated(spec, None, recipe, cpu)
    add_adapters(model, LoraPlan(rank=4))
    adapters = sum(tensor.numel() for tensor in adapter_tensors(model).values())
    assert (lora.parameters, lora.learning, whole.learning) == (total, adapters, total)
    assert whole.optimizer == 16 * total and lora.optimizer == 12 * adapters
    more = estimate.estimated(spec, None, recipe_for(spec, Asking(lora=False, times=4)), cpu)
    assert 3 < more.activations / whole.activations < 4.5
    assert more.step_flops == pytest.approx(4 * whole.step_flops)
    # Among four processes each takes a quarter; on a CPU all of them are in one memory.
    four = recipe_for(spec, Asking(lora=False, times=4))
    shared = estimate.estimated(spec, None, four, cpu, 4)
    assert shared.activations == whole.activations and shared.step_flops == whole.step_flops
    assert (shared.together, "in each of 4 processes" in shared.words(spec, 9, 1.0)) == (4, True)
    assert replace(shared, device=torch.device("cuda")).together == 1
