"""One training works in a folder at a time, and a run goes on as it was begun."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.errors import LongtakeError, SpecError
from engine.training import cli
from engine.training.group import Group
from engine.training.run_folder import at_work, keep_settings


def test_a_second_training_in_a_folder_is_refused(tmp_path: Path) -> None:
    run = tmp_path / "run"
    for _ in range(2):
        with (
            at_work(run, Group.alone()),
            pytest.raises(LongtakeError, match="Another training is at work in"),
            at_work(run, Group.alone()),
        ):
            pass
    (run / ".checkpoint.pt.1234.tmp").touch()
    with at_work(run, Group.alone()):
        assert not list(run.glob(".*.tmp"))
    (tmp_path / "file").touch()
    with (
        pytest.raises(SpecError, match="name another with --run"),
        at_work(tmp_path / "file", Group.alone()),
    ):
        pass


def test_settings_stay_but_for_those_that_were_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    keep_settings(path, {"seed": 2})
    # Nothing holds a run that has no checkpoint.
    keep_settings(path, {"seed": 1, "asking": {"data": ("a", "b")}})
    (tmp_path / "checkpoint.pt").touch()
    keep_settings(path, {"seed": 1, "asking": {"data": ("a", "b")}, "newer": 3})
    with pytest.raises(LongtakeError, match="was begun with --data a b; go on with that, or use"):
        keep_settings(path, {"seed": 1, "asking": {"data": ("b",)}})
    path.write_text("{")
    with pytest.raises(LongtakeError, match=r"run\.json cannot be read .*; delete it"):
        keep_settings(path, {"seed": 1})


def test_a_stage_goes_on_as_it_was_begun(
    tmp_path: Path, material: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def train(*flags: str, data: Any = "material") -> None:
        line = ["autoencoder", "--config", "sketch-smoke", "--data", str(data), "--run", "run"]
        cli.main([*line, "--threads", "1", *flags])

    # Nothing holds a run that came to no checkpoint.
    with pytest.raises(LongtakeError):
        train("--steps", "1", data="nowhere")
    train("--steps", "1")
    train("--steps", "1", "--freeze-encoder", "--keep-every", "5", data=material)
    for flags, said in ((("--seed", "7"), "--seed 0"), (("--batch", "3"), "--batch 1")):
        with pytest.raises(LongtakeError, match=f"begun with {said}; go on with that"):
            train(*flags)
    with pytest.raises(LongtakeError, match=r"begun with --data \.\./material; go on"):
        train(data="other")
    # A run of before such notes goes on, and has one then.
    (tmp_path / "run" / "stage.json").unlink()
    train("--steps", "1", "--seed", "7")
    assert '"seed": 7' in (tmp_path / "run" / "stage.json").read_text()
