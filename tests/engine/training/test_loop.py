"""Laws of the loop: budgets hold, a cut-off run goes on as if nothing had happened, what is written is whole."""

from __future__ import annotations

import json
import math
import os
import pickle
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.errors import CheckpointError, LongtakeError
from engine.training import launching
from engine.training.checkpointing import read, save, steps_done
from engine.training.group import Group
from engine.training.loop import Budget, Files, train


class Counting:
    """A stage whose state is the list of steps it has done."""

    group = Group.alone()

    def __init__(self) -> None:
        self.done: list[int] = []
        self.fail_at: int | None = None
        self.terminate_at: int | None = None
        self.nan_at: int | None = None

    def step(self, index: int) -> dict[str, float]:
        if index == self.fail_at:
            raise RuntimeError("cut off")
        if index == self.terminate_at:
            os.kill(os.getpid(), signal.SIGTERM)
        self.done.append(index)
        return {"loss": math.nan if index == self.nan_at else 1.0 / (index + 1)}

    def batch_of(self, index: int) -> dict[str, Any]:
        return {"seen": torch.tensor([index])}

    def state_dict(self) -> dict[str, Any]:
        return {"done": list(self.done)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.done = list(state["done"])


def test_steps_are_done_once_each_over_several_calls(tmp_path: Path) -> None:
    assert train(Counting(), tmp_path, Budget(steps=7)) == 7
    stage = Counting()
    assert train(stage, tmp_path, Budget(steps=12)) == 12
    assert stage.done == list(range(12))
    assert train(stage, tmp_path, Budget(steps=12)) == 12
    assert train(stage, tmp_path, Budget(steps=5)) == 12


def test_a_spent_budget_of_minutes_ends_the_call_with_a_checkpoint(tmp_path: Path) -> None:
    assert train(Counting(), tmp_path, Budget(minutes=0)) == 1
    assert (tmp_path / "checkpoint.pt").exists()


def test_termination_ends_after_the_present_step_and_keeps_it(tmp_path: Path) -> None:
    stage = Counting()
    stage.terminate_at = 3
    before = signal.getsignal(signal.SIGTERM)
    assert train(stage, tmp_path, Budget(steps=100)) == 4
    assert signal.getsignal(signal.SIGTERM) is before
    resumed = Counting()
    train(resumed, tmp_path, Budget(steps=6))
    assert resumed.done == list(range(6))


def test_a_crash_loses_at_most_what_came_after_the_last_save(tmp_path: Path) -> None:
    stage = Counting()
    stage.fail_at = 5
    with pytest.raises(RuntimeError):
        train(stage, tmp_path, Budget(save_every_minutes=0))
    resumed = Counting()
    train(resumed, tmp_path, Budget(steps=8))
    assert resumed.done == list(range(8))


def test_losses_are_logged_as_means(tmp_path: Path) -> None:
    train(Counting(), tmp_path, Budget(steps=8, log_every=4))
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [4, 8]
    assert lines[0]["loss"] == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)


def test_a_loss_that_is_no_number_stops_with_the_batch_and_spoils_no_checkpoint(
    tmp_path: Path,
) -> None:
    train(Counting(), tmp_path, Budget(steps=3))
    stage = Counting()
    stage.nan_at = 5
    expected = r"Step 6 gave a loss that is no number.*failed_step_6\.pt.*checkpoint is of step 3"
    with pytest.raises(LongtakeError, match=expected):
        train(stage, tmp_path, Budget(steps=50, log_every=10))
    kept = torch.load(tmp_path / "failed_step_6.pt", weights_only=True)
    assert kept["seen"].tolist() == [5]
    assert read(tmp_path)["stage"] == {"done": [0, 1, 2]}
    # Nor one that is due before the log would have told.
    with pytest.raises(LongtakeError, match="Step 6"):
        train(stage, tmp_path, Budget(save_every_minutes=0, log_every=10))
    assert steps_done(tmp_path) == 5


def test_nothing_is_written_of_a_step_whose_loss_is_no_number(tmp_path: Path) -> None:
    stage, written = Counting(), list[int]()
    stage.nan_at = 3
    with pytest.raises(LongtakeError, match=r"Step 4 gave a loss.*failed_step_4\.pt"):
        train(stage, tmp_path, Budget(steps=9, files=Files(2, written.append)))
    assert written == [2]


def test_ranks_stop_once_what_started_them_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launching, "_PARENT", -1)
    assert train(Counting(), tmp_path, Budget(steps=5)) == 5
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert train(Counting(), tmp_path, Budget(steps=9)) == 5


@pytest.mark.parametrize("damage", [b"", b"no checkpoint", None])
def test_a_damaged_checkpoint_is_named(tmp_path: Path, damage: bytes | None) -> None:
    save(Counting(), tmp_path, 1)
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:-100] if damage is None else damage)
    for act in (lambda: train(Counting(), tmp_path, Budget(steps=2)), lambda: read(tmp_path)):
        with pytest.raises(
            CheckpointError, match=r"checkpoint\.pt cannot be read .*; delete it to"
        ):
            act()
    torch.save([1], path)
    with pytest.raises(CheckpointError, match="no training wrote it"):
        steps_done(tmp_path)


def test_checkpoints_that_stay_are_runs_of_their_own(tmp_path: Path) -> None:
    train(Counting(), tmp_path, Budget(steps=7, keep_every=3, keep_at=(4,)))
    kept = {int(path.name): steps_done(path) for path in (tmp_path / "kept").iterdir()}
    assert kept == {3: 3, 4: 4, 6: 6}
    assert train(Counting(), tmp_path / "kept" / "4", Budget(steps=5)) == 5


@pytest.mark.skipif(os.name != "posix", reason="sizes of files are limited only there")
def test_a_checkpoint_without_room_leaves_the_last_one(tmp_path: Path) -> None:
    import resource

    save(Counting(), tmp_path, 1)
    before, large = (tmp_path / "checkpoint.pt").read_bytes(), Counting()
    large.state_dict = lambda: {"done": torch.zeros(1_000_000)}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        with pytest.raises(LongtakeError, match="no room left"):
            save(large, tmp_path, 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]
    assert (tmp_path / "checkpoint.pt").read_bytes() == before


def test_a_checkpoint_is_replaced_whole(tmp_path: Path) -> None:
    save(Counting(), tmp_path, 1)
    unsaveable = Counting()
    unsaveable.state_dict = lambda: {"done": [1], "open file": sys.__stdout__}
    with pytest.raises((TypeError, pickle.PicklingError)):
        save(unsaveable, tmp_path, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]
    stage = Counting()
    assert train(stage, tmp_path, Budget(steps=2)) == 2
    assert stage.done == [1]
