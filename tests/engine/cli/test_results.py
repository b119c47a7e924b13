"""Laws of making several takes: one that fails stops no other, a stop is resumed, and results are read by machines."""

from __future__ import annotations

import json
import math
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.cli.main import main
from engine.cli.results import time_left
from engine.errors import SpecError
from engine.sound.audio import read_audio
from engine.sound.takes import read_settings, read_spec
from engine.spec import GenerationSpec
from engine.updates import Remark, Update
from tests.conftest import ToneEngine
from tests.undated import undated

SHORT = ["--length", "1"]


class Breaking(ToneEngine):
    """Fails at some takes, counted from 1, after half of their sound."""

    def __init__(self, *broken: int, error: BaseException | None = None) -> None:
        super().__init__()
        self.broken, self.error = broken, error or SpecError("The model fell silent.")

    def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        broken = len(self.asked) + 1 in self.broken
        for number, update in enumerate(super().generate(spec)):
            if broken and number == 7:
                raise self.error
            yield update


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.txt").write_text("one\ntwo\nthree\n")
    return tmp_path


def waves(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".json")


@pytest.mark.parametrize("error", [SpecError("The model fell silent."), RuntimeError("no memory")])
def test_a_take_that_fails_stops_no_other_and_the_exit_code_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    engine = Breaking(2, error=error)
    assert main(["render", "--batch", "list.txt", *SHORT, "--json"], engine) == 1
    out, err = capsys.readouterr()
    first, second, third = map(json.loads, out.splitlines())
    assert str(error) in second["error"] and "error" not in first | third
    assert f"longtake: list-2.wav failed: {second['error']}" in err
    assert err.splitlines()[-2:] == [
        f"longtake:   list-2.wav: {second['error']}",
        "longtake: 1 of 3 takes failed; --resume tries them again.",
    ]
    assert waves(folder) == ["list-1.wav", "list-3.wav", "list.txt"]


def test_resume_makes_what_is_missing_and_leaves_the_rest(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["render", "--batch", "list.txt", *SHORT]
    assert main(line, Breaking(2, error=KeyboardInterrupt())) == 130
    err = capsys.readouterr().err
    assert "longtake: 1 of 3 takes were made; --resume goes on with the others." in err
    assert "Traceback" not in err and waves(folder) == ["list-1.wav", "list.txt"]
    before = (folder / "list-1.wav").read_bytes()
    assert main(line, ToneEngine()) == 2
    assert "list-1.wav already exists; --resume goes on" in capsys.readouterr().err
    engine = ToneEngine()
    assert main([*line, "--resume"], engine) == 0
    assert [spec.prompt for spec in engine.asked] == ["two", "three"]
    assert (folder / "list-1.wav").read_bytes() == before
    capsys.readouterr()
    assert main([*line, "--resume"], engine) == 0
    assert capsys.readouterr().err == "longtake: every take is there already.\n"
    # A line that was put in between has moved the others.
    (folder / "list.txt").write_text("one\nnew\ntwo\nthree\n")
    assert main([*line, "--resume"], engine) == 2
    said = capsys.readouterr().err
    assert "list.txt, line 2: list-2.wav; list.txt, line 3: list-3.wav were made from other" in said


def test_resume_by_id_names_what_changed_and_makes_what_is_not_whole(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def listed(**steps: int) -> None:
        lines = ({"id": name, "prompt": "x", "steps": count} for name, count in steps.items())
        (folder / "p.jsonl").write_text("\n".join(map(json.dumps, lines)))

    listed(a=1, b=1, c=1)
    line = ["render", "--batch", "p.jsonl", "--out", "takes", *SHORT]
    assert main(line, ToneEngine()) == 0
    (folder / "takes" / "c.json").unlink()  # As if the program had been killed before its end.
    listed(a=2, b=1, c=1, d=1)
    capsys.readouterr()
    engine = ToneEngine()
    assert main([*line, "--resume"], engine) == 2
    said = capsys.readouterr().err
    assert "p.jsonl, line 1: takes/a.wav was made from other settings" in said
    assert engine.asked == [] and "b.wav" not in said
    kept = (folder / "takes" / "b.wav").stat().st_mtime_ns
    assert main([*line, "--resume", "--force"], engine) == 0
    assert [spec.steps for spec in engine.asked] == [2, 1, 1]
    assert (folder / "takes" / "b.wav").stat().st_mtime_ns == kept
    assert read_spec(folder / "takes" / "a.wav").steps == 2
    assert (folder / "takes" / "c.json").exists()


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3"])
@pytest.mark.parametrize("kept", [None, 0, 0.5], ids=["deleted", "empty", "cut"])
def test_resume_makes_again_what_is_deleted_or_damaged(
    folder: Path, suffix: str, kept: float | None
) -> None:
    line = ["render", "x", *SHORT, "--count", "2", "--seed", "3", "--out", f"a{suffix}"]
    assert main(line, ToneEngine()) == 0
    damaged = folder / f"a-2{suffix}"
    before = damaged.read_bytes()
    if kept is None:
        damaged.unlink()
    else:
        damaged.write_bytes(before[: round(kept * len(before))])
    engine = ToneEngine()
    assert main([*line, "--resume"], engine) == 0
    assert [spec.seed for spec in engine.asked] == [4]
    assert len(damaged.read_bytes()) == len(before)
    assert main([*line, "--resume"], engine) == 0
    assert len(engine.asked) == 1, "all of them are whole"


def test_resume_replaces_no_settings_of_another_take(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["render", "x", *SHORT, "--count", "2"]
    assert main([*line, "--out", "a.flac"], ToneEngine()) == 0
    capsys.readouterr()
    assert main([*line, "--out", "a.wav", "--resume"], ToneEngine()) == 2
    assert "a-1.json already exists" in capsys.readouterr().err


def test_relatives_of_a_take_are_resumed_too(folder: Path, tone_engine: ToneEngine) -> None:
    assert main(["render", "x", *SHORT, "--out", "a.wav", "--seed", "3"], tone_engine) == 0
    line = ["vary", "a.wav", "--count", "3", "--out", "b.wav"]
    assert main(line, tone_engine) == 0
    (folder / "b-2.wav").unlink()
    (folder / "b-2.json").unlink()
    tone_engine.asked.clear()
    assert main([*line, "--resume"], tone_engine) == 0
    assert len(tone_engine.asked) == 1 and (folder / "b-2.wav").exists()


def test_every_take_is_reproducible_and_one_engine_makes_them(
    folder: Path, tone_engine: ToneEngine
) -> None:
    assert main(["render", "x", *SHORT, "--count", "3", "--out", "a.wav"], tone_engine) == 0
    seeds = [read_spec(f"a-{number}.wav").seed for number in (1, 2, 3)]
    assert [spec.seed for spec in tone_engine.asked] == seeds and len(set(seeds)) == 3
    again = ["render", "x", *SHORT, "--seed", str(seeds[1]), "--out", "again.wav"]
    assert main(again, ToneEngine()) == 0
    second, first = (folder / f"{name}.wav" for name in ("again", "a-2"))
    assert undated(second.read_bytes()) == undated(first.read_bytes())


def test_the_result_is_a_line_of_json(
    folder: Path, tone_engine: ToneEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(["render", "x", *SHORT, "--seed", "5", "--out", "é.mp3", "--json"], tone_engine) == 0
    )
    told = json.loads(capsys.readouterr().out)
    kept = read_settings(folder / "é.mp3")
    assert told["path"] == str(folder / "é.mp3") and told["seed"] == 5 == kept["spec"]["seed"]
    for name in ("seconds", "sample_rate", "channels", "true_peak_db", "loudness_lufs"):
        assert told[name] == kept[name]
    assert told["seconds"] == 1.0 and math.isfinite(told["render_seconds"])


class Remarking(ToneEngine):
    """Remarks on every take."""

    def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        yield Remark("The end of the prompt was not read.")
        yield from super().generate(spec)


@pytest.mark.parametrize(
    ("seconds", "done", "total", "said"),
    [
        (600, 0, 9, ""),
        (59, 1, 2, ""),
        (60, 1, 3, ", about 2 min left"),
        (60, 1, 181, ", about 3 h left"),
    ],
)
def test_what_is_left_is_told_in_minutes_and_hours(
    seconds: float, done: int, total: int, said: str
) -> None:
    assert time_left(seconds, done, total) == said


def test_quiet_prints_paths_and_what_was_remarked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["render", "x", *SHORT, "--out", "a.wav"]
    assert main([*line, "--count", "2", "--quiet"], Remarking()) == 0
    out, err = capsys.readouterr()
    assert out == "a-1.wav\na-2.wav\n"
    assert err == "The end of the prompt was not read.\n" * 2
    assert main([*line, "--json"], Remarking()) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["remarks"] == ["The end of the prompt was not read."]


def test_sound_alone_goes_to_standard_output(
    folder: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    class Chatty(ToneEngine):
        def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
            print("a library has something to say")
            yield from super().generate(spec)

    line = ["render", "x", *SHORT, "--seed", "5", "--out"]
    assert main([*line, "-"], Chatty()) == 0
    out, err = capfdbinary.readouterr()
    assert b"library has something" in err and b"standard output: 1.000 s of music" in err
    assert main([*line, "a.wav"], ToneEngine()) == 0
    assert undated(out) == undated((folder / "a.wav").read_bytes())
    assert waves(folder) == ["a.wav", "list.txt"], "and no sidecar besides a.json"
    assert np.abs(read_audio("a.wav").samples).max() > 0.4


def test_a_single_take_that_fails_is_the_error_itself(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments: list[Any] = ["render", "x", *SHORT, "--count", "1"]
    assert main(arguments, Breaking(1)) == 2
    assert capsys.readouterr().err.splitlines()[-1] == "longtake: The model fell silent."
    assert waves(folder) == ["list.txt"]
