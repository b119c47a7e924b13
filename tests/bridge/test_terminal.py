"""Laws of `longtake live`: wrong flags are one sentence, it shows how it goes, and Ctrl-C ends it in order."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.live_state import LiveLevels, LiveState
from bridge.terminal import _line, main
from engine.live_settings import LIVE
from longtake import destination
from tests.bridge.live.desk import ENGINE
from tests.bridge.real_parts import JackServer

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("LONGTAKE_HOME", str(tmp_path))
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    before = {
        name: signal.getsignal(getattr(signal, name)) for name in names if hasattr(signal, name)
    }
    yield tmp_path
    for name, handler in before.items():
        signal.signal(getattr(signal, name), handler)


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        ([], "such as longtake live 'funk drums'"),
        (["funk", "--strength", "3"], "strength must be a number from 0 to 1; it is 3"),
        (["funk", "--steps", "many"], "must be a whole number; it is 'many'"),
        (["funk", "--delay", "soon"], "Unknown delay 'soon'; choose soonest, 1/2"),
        (["funk", "--strenght", "1"], "did you mean --strength?"),
    ],
)
def test_wrong_flags_are_one_sentence(
    argv: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(argv, ENGINE)
    except SystemExit as leaving:  # argparse's own way out.
        code = leaving.code
    err = capsys.readouterr().err
    assert code == 2 and sentence in err and err.count("\n") == 1


def test_every_setting_has_its_flag(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out
    flags = {name: rf"--(no-)?{name.replace('_', '-')}[ ,\n]" for name in LIVE}
    assert [name for name, flag in flags.items() if not re.search(flag, told)] == ["prompt"]
    assert destination(["live", "funk"])[0] == "bridge.__main__"


def test_the_line_has_room_in_a_terminal() -> None:
    state = LiveState(
        "on", dry=True, hop_ms=279.0, load=0.43, latency_ms=512.0, late=3, recording=2.0
    )
    line = _line(state, LiveLevels((0.5, 0.25), (0.1,), (0.0,), (0.0,)))
    assert (
        line
        == ("on dry  512 ms  hop 279 ms  load 43 %  late 3  in   -6 dB  out  -60 dB  rec 2 s")[:78]
    )


def run(*argv: str) -> subprocess.Popen[str]:
    code = f"import sys; from bridge.terminal import main; sys.exit(main(sys.argv[1:], {ENGINE!r}))"
    return subprocess.Popen(
        [sys.executable, "-u", "-c", code, *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.real_parts("jackd")
def test_it_plays_until_it_is_interrupted(jack: JackServer, home: Path) -> None:
    process = run("funk", "drums", "--delay", "2", "--bpm", "120", "--input", "JACK: system")
    assert process.stdout
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("on, "):
            break
    assert lines[0].startswith("starting") and lines[-1].startswith("on, "), lines
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0 and err == "", err
    assert 'prompt = "funk drums"' in (home / "settings.toml").read_text()


@pytest.mark.real_parts("jackd")
def test_devices_are_listed_and_others_refused(jack: JackServer) -> None:
    out, _ = run("--list").communicate(timeout=120)
    assert "JACK: system  (2 in, 2 out" in out
    process = run("funk", "--output", "nobody's")
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert 'There is no output "nobody\'s"; there are: JACK: system' in err


@pytest.mark.real_parts("jackd")
def test_a_stream_that_cannot_begin_is_a_sentence_and_1(jack: JackServer) -> None:
    process = run("refuses")
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1 and err == "No hop is made in time here; fewer steps would be.\n"
