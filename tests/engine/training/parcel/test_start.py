"""What a parcel does before Longtake runs: unpacks itself whole, lays the run, tells children where things are."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.training.parcel import start
from engine.training.parcel.start import apart, lay_run, surroundings, together, unpack


def a_parcel(path: Path, text: str = "one") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("code/file.txt", text)
        archive.writestr("code/w.safetensors.planes", apart(b"abcdef"))
    return path


@given(st.binary(max_size=99))
def test_planes_are_put_together_again(data: bytes) -> None:
    assert together(apart(data)) == data


def test_it_unpacks_once_and_beside_itself(tmp_path: Path) -> None:
    parcel = a_parcel(tmp_path / "p.pyz")
    place = unpack(parcel)
    assert place.parent == tmp_path and (place / "code" / "file.txt").read_text() == "one"
    assert (place / "code" / "w.safetensors").read_bytes() == b"abcdef"
    assert not list(place.rglob("*.planes"))
    (place / "mark").touch()
    assert unpack(parcel) == place and (place / "mark").exists()


def test_another_content_has_another_folder(tmp_path: Path) -> None:
    first = unpack(a_parcel(tmp_path / "p.pyz"))
    second = unpack(a_parcel(tmp_path / "p.pyz", "two"))
    assert first != second and (second / "code" / "file.txt").read_text() == "two"


def test_a_damaged_parcel_leaves_nothing(tmp_path: Path) -> None:
    parcel = a_parcel(tmp_path / "p.pyz")
    data = bytearray(parcel.read_bytes())
    data[data.index(b"one")] ^= 1
    parcel.write_bytes(data)
    with pytest.raises(SystemExit, match="cannot be unpacked"):
        start.main(parcel, ["models"])
    assert [path.name for path in tmp_path.iterdir()] == ["p.pyz"]


def test_a_run_that_came_along_is_laid_where_the_command_says(tmp_path: Path) -> None:
    (tmp_path / "place" / "run").mkdir(parents=True)
    (tmp_path / "place" / "run" / "run.part1of1").write_text("a part")
    for flags in (["--run", str(tmp_path / "one")], [f"--run={tmp_path / 'two'}"]):
        lay_run(tmp_path / "place", ["train", "sketch", *flags])
    for name in ("one", "two"):
        assert (tmp_path / name / "parts" / "run.part1of1").read_text() == "a part"
    (tmp_path / "three").mkdir()
    lay_run(tmp_path / "place", ["--run", str(tmp_path / "three")])
    assert not list((tmp_path / "three").iterdir())


def test_packages_of_the_machine_come_before_those_of_the_parcel() -> None:
    found = surroundings(Path("/place"), {"PYTHONPATH": "/own", "HOME": "/home"})
    code, own, site = found["PYTHONPATH"].split(os.pathsep)
    assert (Path(code), own, Path(site)) == (Path("/place/code"), "/own", Path("/place/site"))
    assert found["HOME"] == "/home" and Path(found["LONGTAKE_SOUNDFONTS"]) == Path("/place/fonts")
