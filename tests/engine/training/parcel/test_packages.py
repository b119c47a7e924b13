"""What the other machine lacks is found by what packages ask for, and runs from a folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import LongtakeError
from engine.training.parcel import packages
from engine.training.parcel.packages import install, lacking

ROOT = Path(__file__).parents[4]


def test_what_the_other_machine_has_is_left_out() -> None:
    found = lacking()
    assert {"soundfile", "soxr", "platformdirs", "tinysoundfont", "cffi"} <= found.keys()
    assert not {"torch", "transformers", "numpy", "scipy", "numba", "safetensors"} & found.keys()


def test_releases_are_those_the_project_is_tested_with() -> None:
    pins = dict(
        line.lower().replace("_", "-").split("==")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    )
    assert lacking() == {name: pins[name] for name in lacking()}


def test_a_package_that_is_not_here_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "ALONE", ("no-such-package",))
    with pytest.raises(LongtakeError, match="no-such-package"):
        lacking()


def test_what_is_installed_here_runs_from_the_folder(tmp_path: Path) -> None:
    names = install(tmp_path, here=True)
    assert names == lacking()
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import soundfile, soxr, platformdirs, psutil, tinysoundfont, io, numpy\n"
        "held = io.BytesIO()\n"
        "soundfile.write(held, numpy.zeros((100, 2)), 44100, format='FLAC')\n"
        "print(*(m.__file__ for m in (soundfile, soxr, platformdirs, psutil, tinysoundfont)))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True
    )
    places = done.stdout.split()
    assert len(places) == 5 and all(place.startswith(str(tmp_path)) for place in places)
    assert not list(tmp_path.rglob("tests"))
