"""A window over a real session with the demo's engine and silent devices, without a screen."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PyQt6 import sip
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bridge.state import Take
from engine.spec import GenerationSpec
from gui.__main__ import application_for
from gui.demo.studio import Studio, build_studio
from gui.main_window import MainWindow, Surroundings
from gui.memory import Memory
from gui.qt_session import QtSession
from gui.theme import Look


def end(window: MainWindow) -> None:
    """Closes and deletes a window: a style sheet dresses every widget that still lives, seen or not."""
    window.close()
    sip.delete(window)


@pytest.fixture(scope="session")
def qapp() -> QApplication:
    return application_for(["longtake"])


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    studio = build_studio(tmp_path)
    yield studio
    studio.session.close()


@pytest.fixture
def session(studio: Studio, qapp: QApplication) -> Iterator[QtSession]:
    session = QtSession(studio.session)
    yield session
    session.close()


@pytest.fixture
def look(qapp: QApplication) -> Look:
    look = Look("dark")
    look.apply()
    return look


@pytest.fixture
def window(
    studio: Studio, session: QtSession, look: Look, tmp_path: Path, qtbot: QtBot
) -> Iterator[MainWindow]:
    around = Surroundings(Memory(tmp_path / "panel.ini"), studio.presets, "127.0.0.1:9440")
    window = MainWindow(session, look, around)
    window.show()
    qtbot.waitExposed(window)
    yield window
    end(window)


@pytest.fixture
def make_takes(studio: Studio, window: MainWindow, qtbot: QtBot) -> Callable[[int], list[Take]]:
    """Makes short takes and waits until they are listed; newest first."""

    def make(count: int) -> list[Take]:
        before = window.takes.model.rowCount()
        for number in range(count):
            spec = GenerationSpec(
                prompt=f"Genre: House | Instruments: Drums | BPM: {100 + 10 * number}",
                seconds_total=2.0,
                seed=number,
            )
            studio.session.generate(spec.prompt, seconds_total=2.0, seed=number)
        qtbot.waitUntil(lambda: window.takes.model.rowCount() == before + count, timeout=30_000)
        takes = [window.takes.model.take(row) for row in range(count)]
        return [take for take in takes if take is not None]

    return make
