"""The log: a rotating file, and the console in plain lines or JSON.

Knows nothing of what is logged. Called once by whoever owns the process, never at import.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import sys
import time
from pathlib import Path
from typing import TextIO

SIZE = 2_000_000
KEPT = 5
_PLAIN = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


class JsonLines(logging.Formatter):
    """One JSON object a line: time (ISO 8601, UTC), level, name, text, and the traceback if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "name": record.name,
            "text": record.getMessage(),
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
        old.close()
    lines = logging.StreamHandler(console or sys.stderr)
    lines.setFormatter(JsonLines() if as_json else logging.Formatter(_PLAIN, "%H:%M:%S"))
    _add(root, lines)
    path = folder / "longtake.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = logging.handlers.RotatingFileHandler(
            path, maxBytes=SIZE, backupCount=KEPT, encoding="utf-8"
        )
    except OSError as error:
        logging.getLogger(__name__).warning(
            "The log file %s cannot be written: %s", path, error.strerror
        )
        return None
    file.setFormatter(logging.Formatter(_PLAIN))
    _add(root, file)
    return path


def _add(root: logging.Logger, handler: logging.Handler) -> None:
    # Marked, so that starting again replaces ours and leaves those of others (pytest) alone.
    handler.longtake = True  # pyright: ignore[reportAttributeAccessIssue]
    root.addHandler(handler)
