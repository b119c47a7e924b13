"""Several processes of one line: what ends them is said once, by whichever of them met it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from filelock import FileLock

import engine


def test_what_one_process_alone_meets_is_said_once(tmp_path: Path, material: Path) -> None:
    run = tmp_path / "run"
    line = ["autoencoder", "--config", "sketch-smoke", "--data", material, "--run", run]
    command = [sys.executable, "-m", "longtake", "train", *map(str, line), "--processes", "2"]
    run.mkdir()
    with FileLock(run / "lock"):
        root = str(Path(engine.__file__).parents[1])
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)
    assert done.returncode == 2
    why, after = done.stderr.splitlines()
    assert why == f"longtake: Another training is at work in {run}; wait for its end."
    assert "of 2 ended with 2; what was said is above" in after
