"""The log: a rotating file, and the console in plain lines or JSON.

An error that comes again and again is written a few times and then once a minute with their number, so that it cannot
push out what was written before. Knows nothing of what is logged. Called once by whoever owns the process, never at
import.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from bridge.allowance import Allowance
from engine.disks import why
from engine.whole_files import part_of

SIZE = 2_000_000
KEPT = 5
TRACES = 10
"""Tracebacks of one place in the code that are written at once; after that, one each `TRACE_EVERY` seconds."""
TRACE_EVERY = 60.0
_PLAIN = "%(asctime)s %(levelname)-7s %(name)s: %(message)s%(more)s"


class RareTraces(logging.Filter):
    """Lets all lines pass, and of tracebacks so many; sets `more`, which says how many were left out before."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Counts from now; `clock` gives seconds."""
        super().__init__()
        self._clock = clock
        self._places: dict[tuple[str, int], _Place] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is written."""
        record.more = ""
        if not record.exc_info:
            return True
        place = self._places.setdefault((record.pathname, record.lineno), _Place())
        if not place.traces.take(self._clock()):
            place.hidden += 1
            return False
        if place.hidden:
            record.more = f" ({place.hidden} more like it were left out)"
            place.hidden = 0
        return True


@dataclass(slots=True)
class _Place:
    """A line of code that logs tracebacks: how many it may still write, and how many were left out."""

    traces: Allowance = field(default_factory=lambda: Allowance(TRACES, 1 / TRACE_EVERY))
    hidden: int = 0


class LogFile(logging.handlers.RotatingFileHandler):
    """A log that a full disk, or a reader that holds it on Windows, cannot fill the console with: it is said once."""

    complained = False

    def handleError(self, record: logging.LogRecord) -> None:
        """Says on standard error that lines are lost; the program goes on."""
        if not self.complained:
            self.complained = True
            error = sys.exc_info()[1]
            reason = why(Path(self.baseFilename), error) if isinstance(error, Exception) else ""
            sys.stderr.write(f"{self.baseFilename} cannot be written: {reason}.\n")


class JsonLines(logging.Formatter):
    """One JSON object a line: time (ISO 8601, UTC), level, name, text, and the traceback if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "name": record.name,
            "text": record.getMessage() + getattr(record, "more", ""),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def start(
    folder: Path, level: str, *, as_json: bool = False, console: TextIO | None = None
) -> Path | None:
    """Begins to log; gives the file, or None where none can be written (the console says why).

    Args:
        folder: where `longtake.log` rotates.
        level: of both, as 'info'.
        as_json: whether console lines are JSON.
        console: where they go, standard error if None.
    """
    root = logging.getLogger()
    root.setLevel(level.upper())
    for old in [handler for handler in root.handlers if getattr(handler, "longtake", False)]:
        root.removeHandler(old)
        with suppress(OSError):  # Its disk may be full.
            old.close()
    lines = logging.StreamHandler(console or sys.stderr)
    lines.setFormatter(JsonLines() if as_json else logging.Formatter(_PLAIN, "%H:%M:%S"))
    _add(root, lines)
    path = folder / "longtake.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part_of(path)  # A pipe would be waited for, a device is not ours.
        file = LogFile(
            path, maxBytes=SIZE, backupCount=KEPT, encoding="utf-8", errors="backslashreplace"
        )
    except OSError as error:
        logging.getLogger(__name__).warning(
            "The log file %s cannot be written: %s", path, why(path, error)
        )
        return None
    file.setFormatter(logging.Formatter(_PLAIN))
    _add(root, file)
    return path


def _add(root: logging.Logger, handler: logging.Handler) -> None:
    # Marked, so that starting again replaces ours and leaves those of others (pytest) alone.
    handler.addFilter(RareTraces())
    handler.longtake = True  # pyright: ignore[reportAttributeAccessIssue]
    root.addHandler(handler)
