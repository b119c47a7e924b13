"""Laws of making a take on the command line: whatever its name and wherever its words go, no work is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.cli.main import main
from engine.cli.making import unique_name
from engine.registry import SKETCH
from engine.sound.audio import read_audio
from engine.sound.takes import read_settings, read_spec
from engine.spec import GenerationSpec
from tests.small_disks import fill, small_disk

ROOT = Path(__file__).parents[3]
COMMAND = "import sys; from tests.engine.cli.tone_command import main; sys.exit(main(sys.argv[1:]))"
SHORT = ["--seconds", "1", "--seed", "3"]
SPEC = GenerationSpec(prompt="x", seed=3, seconds_total=1.0).resolved(SKETCH)


def command(folder: Path, *argv: str | bytes, encoding: str = "utf-8") -> tuple[int, str, str]:
    """The command in a process of its own, whose terminal has this encoding."""
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *argv],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding},
        capture_output=True,
    )
    kind = encoding.split(":")[0]
    return done.returncode, done.stdout.decode(kind), done.stderr.decode(kind)


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("電" * 90, "電" * 38 + "-3.wav"),
        ("Genre: House, warm", "house-warm-3.wav"),
        ("🎸", "take-3.wav"),
        ("é" * 200, "é" * 57 + "-3.wav"),
    ],
)
def test_a_take_is_named_after_its_prompt_in_120_bytes(
    tmp_path: Path, prompt: str, name: str
) -> None:
    path = unique_name(replace(SPEC, prompt=prompt), tmp_path)
    assert path.name == name
    path.touch()
    assert unique_name(replace(SPEC, prompt=prompt), tmp_path).stem.endswith("-3-2")


@pytest.mark.parametrize("letters", [249, 250])
def test_a_name_as_long_as_the_disk_takes_is_kept(
    tmp_path: Path, tone_engine: Any, letters: int
) -> None:
    path = tmp_path / f"{'a' * letters}.wav"
    assert main(["render", "house", *SHORT, "--out", str(path)], tone_engine) == 0
    assert read_spec(path).seed == 3


def test_a_terminal_that_lacks_a_sign_costs_no_take(tmp_path: Path) -> None:
    prompt, out = "Gitarre 🎸 電", "🎸.wav"
    code, said, _ = command(
        tmp_path, "render", prompt, *SHORT, "--out", out, encoding="cp1252:strict"
    )
    assert (code, r"\U0001f3b8.wav: 1.000 s of music" in said) == (0, True)
    code, said, _ = command(tmp_path, "info", out, encoding="cp1252:strict")
    assert (code, r"Gitarre \U0001f3b8 \u96fb" in said) == (0, True)
    code, said, _ = command(tmp_path, "info", out, "--json", encoding="cp1252:strict")
    assert json.loads(said)["spec"]["prompt"] == prompt
    code, _, said = command(tmp_path, "info", "電.wav", encoding="ascii:strict")
    assert (code, said) == (2, "longtake: There is no file \\u96fb.wav.\n")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names of any bytes")
def test_names_and_words_of_another_encoding_are_taken_as_they_are(tmp_path: Path) -> None:
    code, said, _ = command(tmp_path, "render", b"caf\xe9", *SHORT, "--out", b"caf\xe9.wav")
    assert code == 0 and said.startswith(r"caf\udce9.wav: ")
    code, _, said = command(tmp_path, "transform", b"caf\xe9.wav", "x", *SHORT, "--out", "b.wav")
    assert (code, "Traceback" in said) == (0, False)
    code, said, _ = command(tmp_path, "info", b"caf\xe9.wav")
    assert code == 0 and r"caf\udce9" in said
    assert read_spec(tmp_path / "b.wav").init_audio == os.fsdecode(
        tmp_path / os.fsdecode(b"caf\xe9.wav")
    )


def test_a_disk_that_is_full_meanwhile_costs_no_take(
    tmp_path: Path,
    tone_engine: Any,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    with small_disk(tmp_path / "stick", 2**20) as stick:
        fill(stick, free=2**15)
        out = stick / "take.wav"
        assert main(["render", "house", *SHORT, "--out", str(out)], tone_engine) == 2
        said = capsys.readouterr().err
        kept = tmp_path / "temporary" / "take.wav"
        assert f"the disk {stick} is full" in said
        assert f"What was made is in {kept}." in said
        assert read_settings(kept)["kind"] == "generate"
        assert read_audio(kept).seconds == 1.0
        assert [path.name for path in stick.iterdir()] == ["filling"]
