"""A folder with what musicians have lying about, and the command line in it."""

from __future__ import annotations

import io
import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.cli.main import main
from tests.conftest import ToneEngine


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int | str | None
    out: str
    err: str
    new: set[str]


@dataclass
class Room:
    """A folder, and lines typed in it; `engine` is asked for every take."""

    folder: Path
    engine: ToneEngine
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def type(self, line: str, stdin: str = "") -> Said:
        """Runs `longtake` with this line."""
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        before = self._files()
        try:
            code = main(shlex.split(line), self.engine)
        except SystemExit as leaving:  # argparse's own way out.
            code = leaving.code
        out, err = self.capsys.readouterr()
        return Said(code, out, err, self._files() - before)

    def _files(self) -> set[str]:
        found = (path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*"))
        return {name for name in found if not name.endswith(".json")}


def furnished(folder: Path) -> None:
    """Puts a beat, lists, a folder, a pipe and somebody else's files into a folder."""
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (48_000, 1))
    soundfile.write(folder / "beat.wav", noise, 48_000)
    (folder / "list.txt").write_text("# mine\n\nwarm house\nF# minor piano, 90 BPM\n")
    (folder / "bad.toml").write_text("[intro]\nprompt = 'x'\nsecnds = 3\n")
    (folder / "sketches").mkdir()
    (folder / "package.json").write_text('{"name": "mine"}')
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.wav")
