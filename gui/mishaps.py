"""What happens when the panel's own code fails: one sentence, the traceback into the log, and everything goes on.

A bug in one button must not end the program with the take that is being made: PyQt ends it at an exception in a slot
unless `sys.excepthook` is another. Errors that were foreseen never come here; they are sentences (`QtSession.attempt`).
Knows nothing of the window: it is given who says the sentence.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from PyQt6.QtCore import QObject, Qt, QtMsgType, pyqtSignal, qInstallMessageHandler

from gui.look.language import tr

AGAIN = 60.0
"""Seconds after which the same mishap, at the same place in the code, is said again."""
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
}

log = logging.getLogger(__name__)
_qt = logging.getLogger("qt")


class Mishaps(QObject):
    """Hears of every exception that nobody caught, on any thread; `happened` gives the sentence, on Qt's thread."""

    happened = pyqtSignal(str)
    _met = pyqtSignal(str)

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Says nothing yet; `clock` gives seconds."""
        super().__init__()
        self._clock = clock
        self._said: dict[object, float] = {}
        self._met.connect(self.happened, Qt.ConnectionType.QueuedConnection)  # pyright: ignore[reportCallIssue]

    def take(self, error: BaseException, trace: TracebackType | None) -> None:
        """Logs an exception, and says it unless it was said in the last minute."""
        path, line = _place(trace)
        what = f"{type(error).__name__}: {error}".strip().removesuffix(":")
        # Logged as from where it happened, since the log counts the tracebacks of each place.
        info = (type(error), error, trace)
        log.handle(log.makeRecord(log.name, logging.ERROR, path, line, "%s", (what,), info))
        now, key = self._clock(), (type(error), path, line)
        if now - self._said.get(key, -AGAIN) >= AGAIN:
            self._said[key] = now
            words = tr("Longtake met an error of its own and goes on: {0}. The log says where: {1}")
            self._met.emit(words.format(what, _log_file()))


@contextmanager
def caught(mishaps: Mishaps) -> Generator[None]:
    """Has every exception that nobody caught taken by `mishaps`, and what Qt complains of written to the log."""

    def in_slot(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        if isinstance(error, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            mishaps.take(error, trace)

    def elsewhere(told: Any) -> None:
        if told.exc_value is not None and not issubclass(told.exc_type, SystemExit):
            mishaps.take(told.exc_value, told.exc_traceback)

    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    sys.excepthook, threading.excepthook, sys.unraisablehook = in_slot, elsewhere, elsewhere
    complaints = qInstallMessageHandler(_complained)
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook, sys.unraisablehook = before
        qInstallMessageHandler(complaints)


def _complained(kind: QtMsgType, _where: object, text: str | None) -> None:
    _qt.log(_LEVELS.get(kind, logging.ERROR), "%s", text or "")


def _place(trace: TracebackType | None) -> tuple[str, int]:
    """The file and line where it happened."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return (trace.tb_frame.f_code.co_filename, trace.tb_lineno) if trace is not None else ("", 0)


def _log_file() -> Path | str:
    """Where the log is written, for people."""
    files = [each for each in logging.getLogger().handlers if isinstance(each, logging.FileHandler)]
    return Path(files[0].baseFilename) if files else tr("the terminal")
