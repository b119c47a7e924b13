"""Laws of the log: means of what was noted, shares of peak and of waiting, and a figure that is no number ends it."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.training.journal import Journal, NotFiniteError


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_figures_that_are_rare_are_means_of_their_own_steps(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for step in range(1, 5):
        rare = {"rare": torch.tensor(float(step))} if step % 2 == 0 else {}
        journal.note(step, {"loss": float(step), **rare}, every=4)
    journal.close()
    (line,) = lines(tmp_path)
    assert (line["step"], line["loss"], line["rare"]) == (4, 2.5, 3.0)


def test_what_is_left_at_the_end_is_written_but_for_a_run_that_fails(tmp_path: Path) -> None:
    for fails in (False, True):
        with suppress(KeyError), Journal(tmp_path) as journal:
            for step in range(1, 4):
                journal.note(step, {"loss": float(step)}, every=2)
            if fails:
                raise KeyError
    assert [(line["step"], line["loss"]) for line in lines(tmp_path)] == [
        (2, 1.5),
        (3, 3.0),
        (2, 1.5),
    ]


def test_operations_and_waiting_are_told_as_shares(tmp_path: Path) -> None:
    journal = Journal(tmp_path, peak_flops=1e12)
    for step in (1, 2):
        journal.note(step, {"flops": 1e9, "waited": 1e-9}, every=2)
    journal.close()
    (line,) = lines(tmp_path)
    assert {"share_of_peak", "tflops_per_second", "data_wait"} < line.keys()
    assert not {"flops", "waited"} & line.keys()
    assert 0 < line["data_wait"] < 1e-3
    assert line["share_of_peak"] == pytest.approx(line["tflops_per_second"])


def test_the_first_step_whose_figure_is_no_number_is_named(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for step, value in enumerate((1.0, float("nan"), float("inf")), 1):
        journal.note(step, {"norm": torch.tensor(value)}, every=10)
    with pytest.raises(NotFiniteError, match="Step 2 gave a norm that is no number") as caught:
        journal.check()
    assert (caught.value.step, caught.value.name) == (2, "norm")
    journal.close()
    assert not lines(tmp_path)


def test_weights_and_biases_has_figures_and_takes_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    journal = Journal(tmp_path, wandb=True)
    journal.note(1, {"loss": 1.0}, every=1)
    journal.hear(1, "take_01", np.zeros((4410, 2), np.float32))
    journal.close()
    (written,) = tmp_path.glob("wandb/offline-run-*/*.wandb")
    assert b"loss" in written.read_bytes()
    assert list(tmp_path.glob("wandb/offline-run-*/files/media/audio/take_01_*.wav"))
