"""The stages' flags: what cannot be had is said before anything begins, and one line trains in several processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import engine
from engine.errors import SpecError
from engine.training import cli
from engine.training.checkpointing import steps_done
from engine.training.export import averaged
from engine.training.material.latents import Statistics, write_item, write_statistics
from tests.engine.training.pieces import CHANNELS, SILENCE, piece_of


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("dit --processes 0", r"--processes is 0; it has to be 1 or more"),
        ("dit --shard", r"--shard divides weights among processes; start some with --processes N"),
        ("clap --accumulate 2", r"--accumulate is for the dit stage only"),
        ("autoencoder --demo-every 5", r"--demo-every is for the dit stage only"),
        ("dit --demo-every 5", r"--demo-every needs prompts and weights"),
        ("dit --latents none --device cuda:9", r"There (is no device|are)"),
    ],
)
def test_what_cannot_be_had_is_said_first(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        cli.main([*line.split(), "--run", str(tmp_path / "run")])
    assert not (tmp_path / "run").exists()


def test_one_line_trains_in_two_processes_with_divided_weights(tmp_path: Path) -> None:
    latents, run = tmp_path / "latents", tmp_path / "run"
    latents.mkdir()
    for number in range(2):
        write_item(latents / f"{number}.npz", piece_of(4.0 + number, number))
    one = np.ones(CHANNELS, np.float32)
    write_statistics(latents, Statistics(0 * one, one, SILENCE))
    line = ["dit", "--config", "sketch-smoke", "--latents", latents, "--run", run, "--steps", "2"]
    line += [
        "--processes",
        "2",
        "--shard",
        "--batch",
        "2",
        "--accumulate",
        "2",
        "--keep-every",
        "1",
    ]
    command = [sys.executable, "-m", "longtake", "train", *map(str, line)]
    root = str(Path(engine.__file__).parents[1])
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert steps_done(run) == 2 and len(list((run / "sharded" / "2").glob("shard-*"))) == 2
    assert (run / "log.jsonl").read_text().count("\n") == 1
    assert {path.name for path in (run / "kept").iterdir()} == {"1", "2"}
    assert averaged(run)["dit.transformer.project_in.weight"].isfinite().all()
    assert done.stderr.count("memory: about") == 1
