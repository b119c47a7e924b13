"""Laws of `longtake serve`: its flags are checked as the settings are, and what is wrong is one sentence."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.serve import main
from tests.bridge.served import ENGINE

LOUD = ["--allow", "10.0.0.1", "--token", "abcdefgh"]


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
        (["--port", "80000"], "osc.port is a whole number from 0 to 65535, not 80000."),
        (["--port", "-1"], "osc.port is a whole number from 0 to 65535, not -1."),
        (["--port", "x"], "argument --port: invalid int value: 'x'"),
        (["--host", "nonsense"], "To listen on nonsense, name the hosts that may talk and a token"),
        (["--host", "nonsense", *LOUD], "nonsense is no address that can be listened on"),
        (["--bind", f"{'a' * 70}.b", *LOUD], "is no address that can be listened on"),
        (["--bind", "a\0b", *LOUD], "is no address that can be listened on"),
        (["--allow", "nonsense"], "'nonsense' is no address or network"),
        (["--prot", "3"], "there is no flag --prot; did you mean --port?"),
        (["--po", "3"], "there is no flag --po; did you mean --port?"),
        (["extra"], "'extra' is one word too many"),
        (["--log-level", "loud"], "there is no 'loud'; choose debug, info, warning or error"),
        (["--takes", sys.executable], "cannot be used"),
        (["--engine", "head"], "is found by HOST:PORT, ray://HOST:PORT, auto or local"),
    ],
)
def test_wrong_flags_are_one_sentence(
    argv: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(["--no-audio", "--no-midi", *argv])
    except SystemExit as leaving:  # argparse's own way out.
        code = leaving.code
    err = capsys.readouterr().err
    assert code == 2 and sentence in err and err.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_it_ends_in_order(home: Path, name: str) -> None:
    """Port 0 takes a free one and says which."""
    code = f"import sys; from bridge.serve import main; sys.exit(main(sys.argv[1:], {ENGINE!r}))"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "--port", "0", "--no-audio", "--no-midi"],
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        preexec_fn=lambda: signal.signal(getattr(signal, name), signal.SIG_DFL),
    )
    assert process.stderr is not None
    line = next(line for line in process.stderr if "answers OSC on port" in line)
    assert int(line.split("on port ")[1].split(";")[0]) > 0
    process.send_signal(getattr(signal, name))
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0 and "Traceback" not in err
