"""`longtake panel`: builds the bridge, shows the window, and ends both. Knows the composition root and the window.

The window is shown before anything is started, so that it is there at once; torch is never imported here.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
import tempfile
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QApplication, QMessageBox

from bridge import logs
from bridge.app import build
from bridge.places import places
from bridge.session import Session
from engine.cli.parsing import Parser
from engine.errors import LongtakeError
from engine.presets import PresetStore
from gui.look.language import SYSTEM, speak
from gui.look.theme import Look
from gui.memory import Memory
from gui.mishaps import Mishaps, caught
from gui.qt_session import QtSession
from gui.window.main_window import MainWindow
from gui.window.surroundings import Surroundings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Running:
    """What the window stands on, and how it is started and ended."""

    session: Session
    around: Surroundings
    start: Callable[[], None]
    close: Callable[[], None]


def main(argv: Sequence[str] = ()) -> int:
    """Opens the panel and returns when it is closed."""
    options = Parser(prog="longtake panel", description="The panel: what a musician sees.")
    options.add_argument(
        "--demo", action="store_true", help="without model and devices, in a folder of its own"
    )
    chosen = options.parse_args(list(argv))
    application = application_for(sys.argv[:1])
    try:
        running = _demo() if chosen.demo else _real()
    except LongtakeError as error:
        # There is no window yet to show it in.
        sys.stderr.write(f"{error}\n")
        QMessageBox.warning(None, "Longtake", str(error))
        return 2
    mishaps = Mishaps()
    with caught(mishaps):
        window = open_window(running.session, running.around)
        mishaps.happened.connect(lambda words: window.session.say(words, "error"))
        QTimer.singleShot(0, running.start)
        with _interruptible(application):
            code = application.exec()
        window.close()
        running.close()
    return code


def application_for(argv: list[str]) -> QApplication:
    """The application, named."""
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(argv)
    application.setApplicationName("Longtake")
    application.setDesktopFileName("longtake")
    application.setStyle("Fusion")
    return application


def open_window(session: Session, around: Surroundings) -> MainWindow:
    """Builds the window over a session and shows it, in the language that was chosen."""
    memory = around.memory
    speak(application_for(sys.argv[:1]), memory.text("look/language", SYSTEM))
    look = Look("system")
    look.restore(memory.like("look", look.state()))
    look.apply()
    window = MainWindow(QtSession(session), look, around)
    window.show()
    return window


def _real() -> Running:
    where = places()
    app = build()
    logs.start(where.logs, app.settings.settings.log.level)
    address = f"{app.settings.settings.osc.host}:{app.osc.port}" if app.osc else ""
    memory = Memory(where.settings.with_name("panel.ini"))
    around = Surroundings(memory, PresetStore(where.presets), address, tuple(app.problems))
    return Running(app.session, around, app.start, app.close)


def _demo() -> Running:
    from gui.demo.engine import DemoEngine
    from gui.demo.studio import build_studio

    folder = tempfile.TemporaryDirectory(prefix="longtake-demo-")
    studio = build_studio(Path(folder.name), DemoEngine(pace=0.06))
    around = Surroundings(Memory(Path(folder.name) / "panel.ini"), studio.presets)

    def close() -> None:
        studio.session.close()
        folder.cleanup()

    return Running(studio.session, around, lambda: None, close)


@contextlib.contextmanager
def _interruptible(application: QApplication) -> Generator[None]:
    """Lets Ctrl-C in the terminal close the window: a timer gives Python a turn now and then."""
    before = signal.signal(signal.SIGINT, lambda *_: application.quit())
    pulse = QTimer()
    pulse.timeout.connect(lambda: None)
    pulse.start(250)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
