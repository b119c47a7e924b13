"""Ctrl-C, a request to end and a closed terminal: each unwinds the command, so that no incomplete file is left.

Knows nothing of what is unwound.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPPED = 130
_ENDS = {"SIGTERM": 143, "SIGHUP": 129, "SIGBREAK": 143}
"""Signal -> exit code; Windows sends the last one when its window is closed."""
CLEANING = 2.0
"""Seconds in which a second Ctrl-C does not interrupt what the first one began."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Within it, Ctrl-C raises KeyboardInterrupt and the others SystemExit; an impatient second one changes nothing.

    What the caller of the program had ignored, as `nohup` does, stays ignored.
    """
    previous: dict[int, object] = {}

    last = -CLEANING

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < CLEANING:
            return
        last = now
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
