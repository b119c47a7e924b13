"""Ctrl-C, a request to end and a closed terminal: each unwinds the command, so that no incomplete file is left.

Knows nothing of what is unwound.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

STOPPED = 130
_ENDS = {"SIGTERM": 143, "SIGHUP": 129, "SIGBREAK": 143}
"""Signal -> exit code; Windows sends the last one when its window is closed."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Within it, Ctrl-C raises KeyboardInterrupt and the others SystemExit, once: the clean-up is not interrupted.

    What the caller of the program had ignored, as `nohup` does, stays ignored.
    """
    previous: dict[int, object] = {}

    def end(number: int, frame: FrameType | None) -> NoReturn:
        for each in previous:
            signal.signal(each, signal.SIG_IGN)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(_ENDS[signal.Signals(number).name])

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    for name in ("SIGINT", *_ENDS):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):
            previous[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)  # pyright: ignore[reportArgumentType]
