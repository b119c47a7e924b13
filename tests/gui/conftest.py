"""A window over a real session with the demo's engine and silent devices, without a screen."""

from __future__ import annotations

import gc
import os
import shutil
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PyQt6 import sip
from PyQt6.QtGui import QFontDatabase
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bridge.errors import BridgeError
from bridge.state import Take
from engine.spec import GenerationSpec
from engine.updates import Update
from gui.__main__ import application_for
from gui.demo.engine import DemoEngine
from gui.demo.studio import Studio, build_studio
from gui.look.theme import Look
from gui.memory import Memory
from gui.qt_session import QtSession
from gui.window.main_window import MainWindow
from gui.window.surroundings import Surroundings


def end(window: MainWindow) -> None:
    """Closes and deletes a window: a style sheet dresses every widget that still lives, seen or not."""
    window.close()
    sip.delete(window)


class Held:
    """The demo's engine, let go step by step; it fails where the prompt says so."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        for number, update in enumerate(DemoEngine().generate(spec)):
            if number == 3:
                while not self.go.wait(0.02):
                    yield update
                if "fail" in spec.prompt:
                    raise BridgeError("engine", "Out of memory: try a shorter length.")
            yield update


@pytest.fixture(scope="session")
def qapp() -> QApplication:
    """The application on a machine that has no font: the panel must bring its own."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("FONTCONFIG_FILE", str(Path(__file__).with_name("no_fonts.conf")))
        application = application_for(["longtake"])
        QFontDatabase.families()
    return application


@pytest.fixture(autouse=True)
def system_bin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bin of the system's that is looked into; the true one belongs to whoever runs the tests."""
    folder = tmp_path / "system's bin"
    folder.mkdir()

    def send(path: Path) -> None:
        shutil.move(str(path), str(folder))

    monkeypatch.setattr("bridge.takes.bin.send2trash", send)
    return folder


@pytest.fixture(autouse=True)
def tidy() -> Iterator[None]:
    """Deletes what a test left, now: Python might do it while Qt goes through all widgets to restyle them.

    What was there before is not searched through: after other tests that is a million objects, each time.
    """
    gc.freeze()
    yield
    gc.collect()


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
def held(tmp_path: Path, look: Look, qtbot: QtBot) -> Iterator[tuple[MainWindow, Studio, Held]]:
    engine = Held()
    studio = build_studio(tmp_path, engine)
    session = QtSession(studio.session)
    around = Surroundings(Memory(tmp_path / "panel.ini"), studio.presets)
    window = MainWindow(session, look, around)
    window.show()
    yield window, studio, engine
    engine.go.set()
    end(window)
    studio.session.close()


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
