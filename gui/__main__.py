"""`longtake panel`: builds the bridge, shows the window, and ends both. Knows the composition root and the window.

The window is shown before anything is started, so that it is there at once; torch is never imported here.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtWidgets import QApplication, QMessageBox

from bridge import logs
from bridge.app import build
from bridge.broken_file import BrokenFile, set_aside
from bridge.delivery import installing
from bridge.errors import BridgeError
from bridge.places import places
from bridge.session import Session
from bridge.settings import SettingsFile
from engine.errors import LongtakeError
from engine.parsing import Parser
from engine.presets import PresetStore
from gui.first_aid import FirstAid, Way
from gui.look.language import SYSTEM, said, speak, tr
from gui.look.theme import Look
from gui.memory import Memory
from gui.mishaps import Mishaps, caught
from gui.one_window import Door, ring
from gui.qt_session import QtSession
from gui.window.dropping import open_files, to_the_front
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
    door: Door | None = None


def main(argv: Sequence[str] = ()) -> int:
    """Opens the panel and returns when it is closed."""
    options = Parser(prog="longtake panel", description="The panel: what a musician sees.")
    options.add_argument(
        "--demo", action="store_true", help="without model and devices, in a folder of its own"
    )
    options.add_argument(
        "--defaults",
        action="store_true",
        help="if the settings file cannot be read: set it aside and start with the defaults",
    )
    options.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help="a recording to start from, a MIDI file"
    )
    chosen = options.parse_args(list(argv))
    application = application_for(sys.argv[:1])
    try:
        running = _demo() if chosen.demo else _real(chosen.files, chosen.defaults)
    except LongtakeError as error:
        # There is no window yet to show it in.
        sys.stderr.write(f"{error}\n")
        refusal = QMessageBox(QMessageBox.Icon.Warning, "Longtake", said(str(error)))
        refusal.setTextFormat(Qt.TextFormat.PlainText)
        refusal.exec()
        return 2
    if running is None:
        return 0
    mishaps = Mishaps()
    with caught(mishaps):
        window = open_window(running.session, running.around)
        mishaps.happened.connect(lambda words: window.session.say(words, "error"))
        open_files(window.session, window.composer, chosen.files)
        if running.door is not None:
            running.door.rung.connect(lambda paths: _answer(window, paths))
        QTimer.singleShot(0, running.start)
        with _interruptible(application):
            code = application.exec()
        window.close()
        running.close()
    if window.leaving.again:
        _start_again()
    return code


def _start_again() -> None:
    """Runs the same command anew; in a terminal it stays the same process where the system can do that."""
    command = [sys.executable, *sys.orig_argv[1:]]
    if sys.platform == "win32":
        subprocess.Popen(command)
    else:
        os.execv(command[0], command)


def _answer(window: MainWindow, paths: list[Path]) -> None:
    """A second start: this window comes to the front, with what that one was given."""
    to_the_front(window)
    open_files(window.session, window.composer, paths)


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
    window = MainWindow(QtSession(session), _look(memory), around)
    window.show()
    return window


def _look(memory: Memory) -> Look:
    look = Look("system")
    look.restore(memory.like("look", look.state()))
    look.apply()
    return look


def _real(files: list[Path], defaults: bool) -> Running | None:
    """What the window stands on; None when another window has it, or first aid ended in going."""
    where = places()
    memory = Memory(where.settings.with_name("panel.ini"))
    speak(application_for(sys.argv[:1]), memory.text("look/language", SYSTEM))
    aside = settled(where.settings, memory, defaults)
    if aside is None:
        return None
    try:
        app = build()
    except BridgeError as error:
        if error.code == "busy" and ring(where.data, files):
            return None
        raise
    logs.start(where.logs, app.settings.settings.log.level)
    address = f"{app.settings.settings.osc.host}:{app.osc.port}" if app.osc else ""
    problems = tuple(filter(None, (aside, memory.problem, *app.problems)))
    around = Surroundings(
        memory, PresetStore(where.presets), address, problems, app.settings, where, installing
    )
    door = Door(where.data)

    def close() -> None:
        door.close()
        app.close()

    return Running(app.session, around, app.start, close, door)


def settled(path: Path, memory: Memory, defaults: bool) -> str | None:
    """Reads the settings until they can be read, with first aid; a sentence to say later, None to go no further."""
    while True:
        try:
            SettingsFile(path)
        except BrokenFile as broken:
            way = "defaults" if defaults else _first_aid(broken, memory)
        else:
            return ""
        if way == "quit":
            return None
        if way == "defaults":
            kept = set_aside(path)
            return tr("Longtake started with the defaults; your settings are kept in {0}.").format(
                kept
            )


def _first_aid(broken: BrokenFile, memory: Memory) -> Way:
    sys.stderr.write(f"{broken}\n")
    window = FirstAid(_look(memory), broken)
    window.exec()
    return window.way


def _demo() -> Running:
    from gui.demo.engine import DemoEngine
    from gui.demo.studio import build_studio

    folder = tempfile.TemporaryDirectory(prefix="longtake-demo-")
    studio = build_studio(Path(folder.name), DemoEngine(pace=0.06), loading=1.5)
    memory = Memory(Path(folder.name) / "panel.ini")
    around = Surroundings(memory, studio.presets, scripts=studio.scripts)

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
