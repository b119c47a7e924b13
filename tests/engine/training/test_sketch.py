"""`longtake train sketch` as it is typed, in slots: weights come of nothing, and one that was killed loses nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from filelock import FileLock

from engine.cli.main import main
from engine.errors import LongtakeError
from engine.latent_diffusion import LatentDiffusion
from engine.locked_clap import LockedClap, open_clap
from engine.registry import SKETCH_SMOKE
from engine.training.export import checkpoint
from engine.training.sketch import begun
from engine.training.slot import Begun, exported

ROOT = Path(__file__).parents[3]
STEPS = 40


def slot(run: Path, steps: int, *more: str, composers: int = 0) -> subprocess.Popen[str]:
    """Begins a slot. There is so little room for pieces that all are there when training begins."""
    line = [sys.executable, str(ROOT / "longtake.py"), "train", "sketch"]
    line += ["--config", "sketch-smoke", "--run", str(run), "--minutes", "3", "--steps", str(steps)]
    line += ["--disk", "0.0001", "--workers", str(composers), "--threads", "1", *more]
    # Without a network: whoever asks a name is told that there is none.
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        line,
        cwd=run.parent,
        env=offline,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def ended(process: subprocess.Popen[str]) -> None:
    """Waits for the end of a slot, which must be a good one."""
    said, _ = process.communicate()
    assert process.returncode == 0, said


def logged(run: Path, stage: str = "transformer") -> list[dict[str, Any]]:
    lines = (run / stage / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two runs of the same two slots; in one of them another was killed in between."""
    here = tmp_path_factory.mktemp("runs")
    run, killed = here / "run", here / "killed"
    ended(slot(run, STEPS, composers=1))
    shutil.copytree(run, killed)
    victim = slot(killed, 100_000)
    while logged(killed)[-1]["step"] < STEPS + 20:
        assert victim.poll() is None
        time.sleep(0.1)
    victim.kill()
    victim.communicate()
    both = [slot(run, 2 * STEPS), slot(killed, 2 * STEPS)]
    for process in both:
        ended(process)
    return run, killed


def test_weights_come_of_nothing_and_are_a_model(runs: tuple[Path, Path]) -> None:
    weights = runs[0] / "weights"
    model = LatentDiffusion.from_folder(SKETCH_SMOKE, weights)
    assert all(part.isfinite().all() for part in model.parts()["dit"].state_dict().values())
    assert model.latent_scale.std.min() > 0.1
    assert isinstance(open_clap(weights / "clap"), LockedClap)
    assert "## Reconstruction" in (runs[0] / "report" / "README.md").read_text(encoding="utf-8")
    # Of the sound nothing is left but what the report was measured on.
    heard = {path.relative_to(runs[0]).parts[0] for path in runs[0].rglob("*.wav")}
    assert heard == {"report"}


def test_slots_are_counted_on_and_the_log_says_how_it_goes(runs: tuple[Path, Path]) -> None:
    assert checkpoint(runs[0] / "transformer")["index"] == 2 * STEPS
    lines = logged(runs[0])
    assert [line["step"] for line in lines] == [20, 40, 60, 80]
    assert all(line["tflops_per_second"] > 0 for line in lines)
    assert "held_out_128_at_0.97" in lines[-1]
    # A few pieces are soon known by heart, so what is held out need not become better.
    assert lines[-1]["loss"] < 0.8 * lines[0]["loss"]
    assert checkpoint(runs[0] / "judge")["index"] == 30


def test_a_slot_that_was_killed_loses_nothing(runs: tuple[Path, Path]) -> None:
    whole, resumed = (checkpoint(run / "transformer")["stage"] for run in runs)
    assert not list(runs[1].rglob(".*.tmp"))
    assert whole["ledger"] == resumed["ledger"]
    for name, tensor in whole["networks"].items():
        assert torch.equal(resumed["networks"][name], tensor), name
    files = [(run / "weights" / "dit.safetensors").read_bytes() for run in runs]
    assert files[0] == files[1]


def test_a_run_keeps_to_how_it_was_begun_and_to_one_slot_at_a_time(
    runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["train", "sketch", "--run", str(runs[0])]
    assert main([*line, "--config", "sketch"]) == 2
    assert "begun with --config sketch-smoke" in capsys.readouterr().err
    with FileLock(runs[0] / "lock"):
        assert main([*line, "--config", "sketch-smoke"]) == 2
    assert "Another slot is at work" in capsys.readouterr().err


def test_where_no_step_is_left_to_do_the_weights_stay(runs: tuple[Path, Path]) -> None:
    weights = runs[0] / "weights" / "dit.safetensors"
    before = weights.stat().st_mtime_ns
    line = ["--config", "sketch-smoke", "--run", str(runs[0]), "--steps", str(STEPS)]
    assert main(["train", "sketch", *line, "--workers", "0"]) == 0
    assert weights.stat().st_mtime_ns == before
    assert checkpoint(runs[0] / "transformer")["index"] == 2 * STEPS


def test_weights_that_cooling_was_cut_off_from_are_made_by_the_next_slot(
    runs: tuple[Path, Path], tmp_path: Path
) -> None:
    """As it is left by a slot that was ended between its last step and its weights."""
    run = tmp_path / "run"
    shutil.copytree(runs[0], run)
    made = run / "weights" / "dit.safetensors"
    assert exported(run) == (2 * STEPS, True)
    made.unlink()
    (run / "weights" / "checksums.toml").unlink()
    (run / "weights" / "step.json").write_text(f'{{"step": {STEPS}}}', encoding="utf-8")
    ended(slot(run, 2 * STEPS, "--no-report"))
    assert exported(run) == (2 * STEPS, True)
    first, again = logged(run, "cooled")[-2:]
    assert again["step"] == first["step"]
    assert again["loss"] == pytest.approx(first["loss"], rel=1e-3)
    assert made.exists()


def test_later_slots_go_on_with_the_seed_and_the_batches_of_the_first(tmp_path: Path) -> None:
    first = begun(tmp_path, "sketch", seed=3, usual_batch=8)
    assert first == Begun(config="sketch", seed=3, batch=8, from_step=0)
    assert begun(tmp_path, "sketch") == first
    assert begun(tmp_path, "sketch", seed=3, batch=8) == first
    with pytest.raises(LongtakeError, match="begun with --seed 3"):
        begun(tmp_path, "sketch", seed=4)
    with pytest.raises(LongtakeError, match="begun with --batch 8"):
        begun(tmp_path, "sketch", batch=1)
    with pytest.raises(LongtakeError, match="begun with --from-step 0"):
        begun(tmp_path, "sketch", from_step=9)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--device", "toaster"], "no device 'toaster'"),
        (["--minutes", "nan"], "--minutes is nan"),
        (["--minutes", "0"], "--minutes is 0"),
        (["--steps", "0"], "--steps is 0"),
        (["--from-step", "-1"], "--from-step is -1"),
        (["--from-step", "9"], "name them with --from FOLDER"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is(
    wrong: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "sketch", "--run", str(tmp_path / "run"), *wrong]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
