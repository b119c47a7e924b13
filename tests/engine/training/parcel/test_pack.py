"""A parcel, unpacked and run in a bare folder without a network; then what came back, joined and trained on here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch

from engine.errors import LongtakeError
from engine.training.corpus.soundfonts import FONT_FILES
from engine.training.parcel.pack import MOST_BYTES, Choices, Parcel, pack
from engine.training.parcel.parts import arrive
from engine.training.parcel.start import lay_run, unpack
from tests.engine.training.parcel.test_parts import a_run

pytestmark = pytest.mark.real_parts(FONT_FILES["fluid"][0])
FEW = Choices(packages_here=True, presets=frozenset({(0, 73)}))
TRAIN = [
    "train",
    "sketch",
    "--config",
    "sketch-smoke",
    "--run",
    "run",
    "--workers",
    "1",
    "--no-report",
]


@pytest.fixture(scope="module")
def parcel(tmp_path_factory: pytest.TempPathFactory) -> Parcel:
    return pack(tmp_path_factory.mktemp("away") / "longtake.pyz", FEW)


def on_the_other_machine(parcel: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs it without a network, where that can be had, and without the project on any path."""
    bare = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "LONGTAKE"))}
    offline = ["unshare", "-n"] if shutil.which("unshare") and os.geteuid() == 0 else []
    return subprocess.run(
        [*offline, sys.executable, parcel.name, *arguments],
        cwd=parcel.parent,
        env=bare | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_it_holds_what_is_needed_and_fits(parcel: Parcel) -> None:
    names = zipfile.ZipFile(parcel.path).namelist()
    assert parcel.path.stat().st_size <= MOST_BYTES and not parcel.left_out
    assert not any(n.startswith(("code/gui", "code/bridge", "code/tests")) for n in names)
    weights = [n for n in names if ".safetensors" in n]
    assert len(weights) == 2 and any("autoencoder" in n for n in weights)
    assert {"text encoder", "autoencoder", "packages", "code", "soundfont"} == set(parcel.sizes)


def test_its_own_code_and_weights_run_there(parcel: Parcel) -> None:
    done = on_the_other_machine(parcel.path, "models")
    assert done.returncode == 0, done.stderr
    assert f"weights in {parcel.path.parent}{os.sep}longtake-" in done.stdout


def test_a_slot_there_comes_back_and_travels_again(parcel: Parcel, tmp_path: Path) -> None:
    slot = ["--steps", "8", "--parts", "parts"]
    done = on_the_other_machine(parcel.path, *TRAIN, *slot)
    assert " parts in parts, " in done.stdout + done.stderr, done.stderr
    run, there = tmp_path / "run", tmp_path / "there"
    assert arrive(parcel.path.parent / "parts", run)
    assert (run / "weights" / "dit.safetensors").exists()
    again = pack(tmp_path / "again.pyz", Choices(run=run, packages_here=True, presets=FEW.presets))
    lay_run(unpack(again.path), ["--run", str(there)])
    assert arrive(there / "parts", there)
    first, second = (
        torch.load(folder / "transformer" / "checkpoint.pt", weights_only=True)
        for folder in (run, there)
    )
    assert first["index"] == second["index"] == 8 and first["stage"]["optimizer"]["state"]
    for name, value in first["stage"]["networks"].items():
        assert torch.equal(second["stage"]["networks"][name], value)


def test_a_parcel_that_is_too_large_is_refused_with_sizes(tmp_path: Path) -> None:
    file = tmp_path / "large.pyz"
    with pytest.raises(LongtakeError, match=r"more than 1: .*text encoder \d+"):
        pack(file, Choices(packages_here=True, presets=FEW.presets, most_bytes=2**20))
    assert not file.exists()


def test_a_checkpoint_that_takes_the_space_travels_light(tmp_path: Path, parcel: Parcel) -> None:
    run = a_run(tmp_path / "run")
    most = parcel.path.stat().st_size - 10_000_000
    choices = Choices(run=run, packages_here=True, presets=FEW.presets, most_bytes=most)
    made = pack(tmp_path / "small.pyz", choices)
    assert [what.split()[-1] for what in made.left_out] == ["averages", "decoder"]
    assert made.path.stat().st_size <= most
    told = made.told("--run run", "--run runs/run")
    assert "python3 small.pyz train sketch --run run --device" in told and "Left out" in told
    assert "longtake train sketch --run runs/run --parts parts" in told
