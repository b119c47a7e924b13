"""`longtake dawproject` puts takes at the beats that are named, or where their files say they belong."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from bridge.__main__ import main
from engine.sound.time_reference import with_time_reference
from tests.bridge.parts import captured, library_in


def take(folder: Path, name: str, tempo: float) -> Path:
    library = library_in(folder / "takes")
    made = captured(library, np.full((2, 44_100), 0.1, np.float32), 44_100, name, tempo)
    library.close()
    return made.path


def clips(project: Path) -> dict[str, str]:
    """The name of each clip -> where it begins."""
    with zipfile.ZipFile(project) as archive:
        root = ElementTree.fromstring(archive.read("project.xml"))
    return {
        clip.get("name", ""): clip.get("time", "") for clip in root.iter("Clip") if clip.get("name")
    }


def test_takes_lie_at_their_places(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drums, bass = take(tmp_path, "Drums", 120.0), take(tmp_path, "Bass", 120.0)
    with_time_reference(bass, 3 * 44_100)
    out = tmp_path / "song.dawproject"
    assert main(["dawproject", f"{drums}@16", str(bass), "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    found = {name: float(time) for name, time in clips(out).items()}
    assert found == {"Drums": 16.0, "Bass": 6.0}  # Three seconds at 120 BPM.


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["{take}@-1"], "number of quarter notes"),
        (["{take}@soon"], "number of quarter notes"),
        (["{take}.none"], "no audio file"),
        (["{take}", "--signature", "4"], "4/4 or 7/8"),
        (["{take}", "--signature", "4/5"], "4/4 or 7/8"),
    ],
)
def test_what_cannot_be_is_a_sentence_and_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    path, out = take(tmp_path, "Drums", 120.0), tmp_path / "song.dawproject"
    given = [word.format(take=path) for word in words]
    assert main(["dawproject", *given, "--out", str(out)]) == 2
    assert told in capsys.readouterr().err
    assert not out.exists()


def test_a_file_is_replaced_by_force_alone(tmp_path: Path) -> None:
    path, out = take(tmp_path, "Drums", 120.0), tmp_path / "song.dawproject"
    out.write_text("mine")
    assert main(["dawproject", str(path), "--out", str(out)]) == 2
    assert out.read_text() == "mine"
    assert main(["dawproject", str(path), "--out", str(out), "--force"]) == 0
    assert zipfile.is_zipfile(out)
