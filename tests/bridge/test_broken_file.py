"""A settings file that cannot be read: every fault with its line, set aside under a name that says so."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.broken_file import BrokenFile, line_of, set_aside
from bridge.settings import SettingsFile

WRONG = """# mine
[osc]
port = 99999

[audio]
latency = "middling"
colour = 3
[nothing]
"""


def broken(path: Path) -> BrokenFile:
    with pytest.raises(BrokenFile) as raised:
        SettingsFile(path)
    return raised.value


def test_every_fault_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(WRONG)
    found = broken(path)
    assert found.path == path
    assert [wrong.line for wrong in found.wrong] == [3, 6, 7, 8]
    assert "osc.port is a whole number from 0 to 65535, not 99999 (line 3)" in str(found)
    assert pickle.loads(pickle.dumps(found)).wrong == found.wrong


@pytest.mark.parametrize(
    ("text", "line"),
    [("[osc]\nport = \n", 2), ("a = 1\n\n[osc\n", 3), ("[osc]\nport = 1\nport = 2\n", 3)],
)
def test_what_is_no_toml_has_a_line(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    assert abs(broken(path).wrong[0].line - line) <= 1
    assert "no TOML" in str(broken(path))


def test_bytes_that_are_no_text_have_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(b"\xff\xfe[\x00o")
    assert "no text in UTF-8" in str(broken(path))


def test_lines_of_sections_and_keys() -> None:
    assert line_of(WRONG, "osc") == 2
    assert line_of(WRONG, "audio", "colour") == 7
    assert line_of("[midi.learned]\nseed = 3\n", "midi", "learned") == 1
    assert line_of("osc = 3\n", "osc") == 1
    assert line_of(WRONG, "osc", "absent") == 0


def test_it_is_set_aside_as_often_as_needed(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    kept: list[Path] = []
    for number in range(3):
        path.write_text(str(number))
        kept.append(set_aside(path))
        assert not path.exists()
    assert len(set(kept)) == 3
    assert all(re.fullmatch(r"settings\.toml\.broken-\d{4}-\d\d-\d\d(-\d)?", k.name) for k in kept)
    assert [k.read_text() for k in kept] == ["0", "1", "2"]


def test_serve_names_the_fault_and_starts_with_defaults_when_told(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(WRONG)
    program = [sys.executable, "-m", "bridge", "serve", "--no-audio", "--no-midi", "--port", "0"]
    environment = {"LONGTAKE_HOME": str(tmp_path), "PATH": "", "SYSTEMROOT": ""}
    root = Path(__file__).parents[2]

    def serve(*more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*program, *more], env=environment, cwd=root, stderr=subprocess.PIPE, text=True
        )

    with serve() as refused:
        assert refused.stderr is not None
        said = refused.stderr.read()
    assert refused.returncode == 2
    assert "line 3" in said and "--defaults" in said and "Traceback" not in said
    with serve("--defaults") as started:
        assert started.stderr is not None
        for line in started.stderr:
            if "answers OSC" in line:
                break
        started.terminate()
        started.stderr.read()
    assert started.returncode in (0, 1, -15)
    [kept] = tmp_path.glob("settings.toml.broken-*")
    assert kept.read_text() == WRONG
