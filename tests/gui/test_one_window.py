"""A second start rings at the first one's door: raised, with what it was given; nobody there is no ring."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PyQt6.QtCore import QObject
from pytestqt.qtbot import QtBot

from gui import one_window
from gui.one_window import Door, door_of, ring
from gui.window.dropping import open_files, to_the_front
from gui.window.main_window import MainWindow

RING = """
import sys
from pathlib import Path
from PyQt6.QtCore import QCoreApplication
from gui.one_window import ring
application = QCoreApplication([])
sys.exit(0 if ring(Path(sys.argv[1]), [Path(path) for path in sys.argv[2:]]) else 3)
"""


def second(data: Path, *paths: str, cwd: Path) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).parents[2])
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {root!r})\n{RING}",
            str(data),
            *paths,
        ],
        cwd=cwd,
    )


def test_a_second_start_is_heard_with_what_it_was_given(tmp_path: Path, qtbot: QtBot) -> None:
    door = Door(tmp_path / "data")
    heard: list[list[Path]] = []
    door.rung.connect(heard.append)
    process = second(tmp_path / "data", "my beat.wav", cwd=tmp_path)
    qtbot.waitUntil(lambda: process.poll() is not None, timeout=60_000)
    assert process.returncode == 0
    assert heard == [[tmp_path / "my beat.wav"]], "paths are whole: the first runs elsewhere"
    door.close()


def test_nobody_at_home_is_no_ring(
    tmp_path: Path, qapp: QObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_window, "STARTING", 0.1)
    assert not ring(tmp_path / "data", [])


def test_a_door_that_a_crash_left_is_no_hindrance(tmp_path: Path, qtbot: QtBot) -> None:
    left = Door(tmp_path)
    left._server.setParent(None)
    again = Door(tmp_path)
    with qtbot.waitSignal(again.rung, timeout=60_000):
        process = second(tmp_path, cwd=tmp_path)
    qtbot.waitUntil(lambda: process.poll() is not None, timeout=60_000)
    again.close()


def test_folders_have_doors_of_their_own(tmp_path: Path) -> None:
    assert door_of(tmp_path / "a") != door_of(tmp_path / "b")
    assert len(door_of(tmp_path)) < 60


def test_the_window_comes_up_and_opens_it(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    beat = tmp_path / "beat.wav"
    soundfile.write(beat, np.zeros((44_100, 2), np.float32), 44_100)
    window.showMinimized()
    to_the_front(window)
    assert not window.isMinimized()
    open_files(window.session, window.composer, [beat])
    source = window.composer.source.source()
    assert source is not None and source.path == beat
    open_files(window.session, window.composer, [tmp_path / "none.wav"])
    assert "There is no file" in window.status.words.text_whole()
    (tmp_path / "letter.txt").touch()
    open_files(window.session, window.composer, [tmp_path / "letter.txt"])
    assert "neither a recording nor a MIDI file" in window.status.words.text_whole()
