"""Laws of the command: each word goes where it belongs, and what cannot start says so in a sentence."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

import longtake

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("argv", "module", "rest"),
    [
        ([], "gui.__main__", []),
        (["panel", "--theme", "dark"], "gui.__main__", ["--theme", "dark"]),
        (["serve", "--bind", "x"], "bridge.__main__", ["serve", "--bind", "x"]),
        (["config"], "bridge.__main__", ["config"]),
        (["bench", "peers"], "benchmarks.__main__", ["peers"]),
        (["render", "House"], "engine.cli.main", ["render", "House"]),
        (["--version"], "engine.cli.main", ["--version"]),
    ],
)
def test_each_word_goes_where_it_belongs(argv: list[str], module: str, rest: list[str]) -> None:
    assert longtake.destination(argv) == (module, rest)


def test_what_cannot_start_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(longtake.ELSEWHERE, "panel", "no.such.module")
    monkeypatch.setitem(longtake.NAMES, "no.such.module", "panel")
    assert longtake.main(["panel"]) == 1
    assert capsys.readouterr().err.startswith("longtake: the panel cannot start: No module named")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen")
def test_without_a_screen_the_panel_says_what_works(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert longtake.main([]) == 1
    assert "needs a screen" in capsys.readouterr().err
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert longtake.has_screen()


def test_help_and_version_load_neither_torch_nor_qt() -> None:
    code = (
        "import sys, longtake\n"
        "try: longtake.main(['--version'])\n"
        "except SystemExit: pass\n"
        "longtake.main(['models'])\n"
        "sys.exit(bool({'torch', 'PyQt6', 'transformers', 'bridge', 'gui'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()


def test_idle_threads_sleep_unless_the_user_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    longtake.share_processors()
    assert os.environ["OMP_WAIT_POLICY"] == "active"
    monkeypatch.delenv("OMP_WAIT_POLICY")
    longtake.share_processors()
    assert os.environ["OMP_WAIT_POLICY"] == "passive"


def test_no_sign_ends_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(io.BytesIO(), encoding="cp1252"))
    longtake.write_whatever_comes()
    print("é 🎸 caf\udce9", flush=True)
    assert isinstance(sys.stdout, io.TextIOWrapper)
    assert sys.stdout.buffer.getvalue().strip() == b"\xe9 \\U0001f3b8 caf\\udce9"  # pyright: ignore
