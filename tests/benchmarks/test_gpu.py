"""`longtake bench gpu` on narrow models: every part runs, what fails is named, and the tables hold what was found."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import _gpu, gpu
from benchmarks._part import Part
from benchmarks._random_models import distinct
from engine.registry import MODELS

Rows = list[dict[str, Any]]


@pytest.fixture
def part() -> Part:
    return Part("cpu", smoke=True)


def rows(capsys: pytest.CaptureFixture[str]) -> Rows:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_every_registered_model_is_measured_once_the_largest_first() -> None:
    builds = distinct()
    assert sorted([*builds, *(name for others in builds.values() for name in others)]) == sorted(
        MODELS
    )
    assert next(iter(builds)) == "stable-audio-3-medium" and list(builds)[-1] == "sketch"
    assert ("forward", list(builds)) in list(gpu.plan(["forward", "take"]))


@pytest.mark.parametrize("name", list(distinct()))
def test_a_forward_pass_is_compared_with_the_cpu(
    part: Part, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _gpu.forward(part, name)
    (row,) = rows(capsys)
    assert row["model"] == name and row["float32_error"] < 1e-5
    assert 1e-5 < row["bfloat16_error"] < 0.05
    assert any("attention" in kind for kind in row["attention"]) and row["flops_per_s"] > 0


@pytest.mark.parametrize("name", ["sketch", "stable-audio-3-medium"])
def test_a_take_is_timed_from_its_first_step_to_its_last_block(
    part: Part, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _gpu.take(part, name)
    (row,) = rows(capsys)
    assert "error" not in row and row["steps"] == 2 and row["weights"] == "random"
    assert 0 < row["diffusing_s"] < row["first_audio_s"] <= row["whole_s"]


@pytest.mark.parametrize("name", gpu.BATCHED)
def test_takes_of_one_batch_are_timed_together(
    part: Part, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for size in (1, 3):
        _gpu.batches(part, f"{name} x {size}")
    one, three = rows(capsys)
    for row, size in ((one, 1), (three, 3)):
        assert "error" not in row and (row["model"], row["batch"]) == (f"{name} x {size}", size)
        assert 0 < row["diffusing_s"] < row["whole_s"] and row["steps"] == 2
        assert row["takes_per_minute"] == pytest.approx(60 * size / row["whole_s"])
    counted = [row["flops_per_s"] * row["diffusing_s"] for row in (one, three)]
    assert counted[1] == pytest.approx(3 * counted[0])


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *(("training", name) for name in gpu.TRAINED),
        *(("sharded", name) for name in gpu.SHARDED),
    ],
)
def test_a_training_step_is_timed(
    part: Part, kind: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _gpu.PARTS[kind](part, name)
    (row,) = rows(capsys)
    assert "error" not in row and row["step_s"] > 0 and row["batch"] > 0
    said = gpu.report([row])
    assert f"| {name} | {row['batch']} x {row['frames']} |" in said
    assert ("40%" in said) == (name == "stable-audio-2")


def test_every_part_that_is_planned_can_be_measured_and_a_new_one_has_a_table() -> None:
    assert set(gpu.PLAN) == set(_gpu.PARTS)
    said = gpu.report([{"kind": "a new one", "model": "a thing", "take_s": 1.5}])
    assert "| kind | model | take_s |" in said and "| a new one | a thing | 1.5 |" in said


def test_judges_are_timed_on_a_take(part: Part, capsys: pytest.CaptureFixture[str]) -> None:
    for name in gpu.JUDGES:
        _gpu.PARTS["judges"](part, name)
    found = rows(capsys)
    assert [row["model"] for row in found] == list(gpu.JUDGES)
    assert all("error" not in row and row["heard_s"] > 0 for row in found)
    assert "| openl3 | 3 s |" in gpu.report(found)


def test_a_part_that_fails_says_why_and_the_next_goes_on(
    part: Part, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 80 GiB.\nMore.")

    with monkeypatch.context() as patched:
        patched.setattr(_gpu, "random_model", full)
        _gpu.forward(part, "sketch")
    _gpu.forward(part, "sketch")
    first, second = rows(capsys)
    assert first["error"] == "OutOfMemoryError: CUDA out of memory. Tried to allocate 80 GiB."
    assert "error" not in second


def options(*flags: str) -> argparse.Namespace:
    return gpu._parser().parse_args(["--device", "cpu", "--smoke", *flags])


def test_a_process_that_dies_names_what_it_did_not_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    program = 'print(\'{"kind": "take", "model": "sketch"}\'); raise SystemExit("no more")'

    def plan(parts: Sequence[str]) -> list[tuple[str, list[str]]]:
        return [("take", ["sketch", "stable-audio-2"])]

    monkeypatch.setattr(gpu, "plan", plan)
    monkeypatch.setattr(gpu, "command_of", lambda *_: [sys.executable, "-c", program])
    found = list(gpu.measured(options()))
    assert found == [
        {"kind": "take", "model": "sketch"},
        {"kind": "take", "model": "stable-audio-2", "error": "ended: no more"},
    ]


def test_what_the_time_does_not_suffice_for_is_named() -> None:
    found = list(gpu.measured(options("--minutes", "0", "--parts", "take", "forward", "batches")))
    assert {row["error"] for row in found} == {"skipped: no time left"}
    batches = {f"{model} x {size}" for model in gpu.BATCHED for size in gpu.BATCHES}
    assert {row["model"] for row in found} == {*gpu.TAKES, *distinct(), *batches}


def test_the_tables_hold_figures_goals_shares_and_failures() -> None:
    take = {
        "kind": "take",
        "model": "stable-audio-2",
        "seconds": 285.0,
        "compiled": False,
        "weights": "random",
        "steps": 100,
        "guidance": 7.0,
        "diffusing_s": 5.0,
        "flops_per_s": 4e14,
        "first_audio_s": 5.1,
        "whole_s": 6.54,
        "loading_and_first_use_s": 9.0,
        "peak_gb": 12.34,
    }
    machine = {"kind": "machine", "model": "", "device": "A card", "torch": "2.11", "cuda": "13.0"}
    machine |= {"bfloat16_tflops": 800.0, "float32_tflops": 50.0, "copied_gb_per_s": 3000.0}
    batch = take | {"kind": "batches", "model": "sketch x 8", "seconds": 30.0, "batch": 8}
    batch |= {"whole_s": 4.0, "takes_per_minute": 120.0}
    failed = {"kind": "training", "model": "sketch", "error": "OutOfMemoryError: full"}
    said = gpu.report([machine, take, batch, failed])
    assert "A card, torch 2.11, CUDA 13.0" in said and "800 Tflop/s" in said
    (row,) = (line for line in said.splitlines() if line.startswith("| stable-audio-2, 285 s |"))
    assert "| 50% |" in row and "| 6.54 s | 6 s |" in row and "12.3 GB" in row
    (row,) = (line for line in said.splitlines() if line.startswith("| sketch x 8, 30 s |"))
    assert "| 4 s | 120 | 12.3 GB |" in row
    assert "- training sketch: OutOfMemoryError: full" in said


def test_the_command_writes_tables_and_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, "BATCHED", ("sketch",))
    monkeypatch.setattr(gpu, "LONGEST_PART", 600.0)
    markdown, figures = tmp_path / "gpu.md", tmp_path / "gpu.json"
    flags = ["--device", "cpu", "--smoke", "--minutes", "60"]
    flags += ["--parts", "machine", "training", "batches"]
    assert gpu.main([*flags, "--out", str(markdown), "--json", str(figures)]) == 0
    kinds = [row["kind"] for row in json.loads(figures.read_text())]
    assert kinds == ["machine", "training", "training", *["batches"] * 3]
    tables = markdown.read_text()
    assert "| sketch | 4 x 64 |" in tables and "| sketch x 8, 2 s |" in tables


@pytest.mark.skipif(torch.cuda.is_available(), reason="here is a CUDA device")
def test_without_a_card_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu.main([]) == 2
    assert "no CUDA device" in capsys.readouterr().err
