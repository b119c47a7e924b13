"""A bug in the panel costs one sentence: the traceback is in the log, and the program goes on."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PyQt6.QtCore import QTimer, qWarning
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bridge import logs
from gui.mishaps import AGAIN, Mishaps, caught

PANEL = """
import sys
from pathlib import Path
from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QApplication
from bridge import logs
import gui.__main__ as panel

def bug():
    QTimer.singleShot(200, look)
    raise KeyError("of a bug")

def look():
    from gui.window.main_window import MainWindow
    window = next(w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow))
    print("SAID", window.status.words.text_whole())
    window.close()

logs.start(Path(sys.argv[1]), "info")
application = panel.application_for(["longtake"])
QTimer.singleShot(300, bug)
sys.exit(panel.main(["--demo"]))
"""


def failing() -> None:
    raise ValueError("on purpose")


def test_an_exception_in_a_slot_does_not_end_the_program(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", PANEL, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    assert run.returncode == 0, run.stderr
    assert "KeyError: 'of a bug'" in run.stdout
    written = (tmp_path / "longtake.log").read_text("utf-8")
    assert "Traceback" in written
    assert "in bug" in written
    assert str(tmp_path / "longtake.log") in run.stdout


def test_the_same_bug_many_times_a_second_is_said_once(
    qapp: QApplication, qtbot: QtBot, tmp_path: Path
) -> None:
    now = [0.0]
    mishaps, said = Mishaps(lambda: now[0]), []
    mishaps.happened.connect(said.append)
    logs.start(tmp_path, "info")
    with caught(mishaps):
        for _ in range(50):
            QTimer.singleShot(0, failing)
        QTimer.singleShot(0, lambda: {}["another"])
        qtbot.waitUntil(lambda: len(said) == 2)
        qtbot.wait(20)
        assert len(said) == 2
        now[0] = AGAIN
        QTimer.singleShot(0, failing)
        qtbot.waitUntil(lambda: len(said) == 3)
    assert said[0] == said[2] != said[1]
    assert "ValueError: on purpose" in said[0]
    written = (tmp_path / "longtake.log").read_text("utf-8")
    assert written.count("ValueError: on purpose\nTrace") == logs.TRACES


def test_threads_destructors_and_qt_itself_are_heard_too(
    qapp: QApplication, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    class Dying:
        def __del__(self) -> None:
            raise RuntimeError("in a destructor")

    mishaps, said = Mishaps(), []
    mishaps.happened.connect(lambda words: said.append((words, threading.current_thread())))
    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    with caught(mishaps), caplog.at_level(logging.WARNING):
        thread = threading.Thread(target=failing)
        thread.start()
        thread.join()
        dying = Dying()
        del dying
        qWarning("of Qt")
        qtbot.waitUntil(lambda: len(said) == 2)
    assert [thread for _, thread in said] == [threading.main_thread()] * 2
    assert "on purpose" in said[0][0]
    assert "in a destructor" in said[1][0]
    assert ("qt", logging.WARNING, "of Qt") in caplog.record_tuples
    assert (sys.excepthook, threading.excepthook, sys.unraisablehook) == before
