"""A log that a flood cannot fill."""

from __future__ import annotations

import logging
import time


class RareLog:
    """Logs at most one line of each kind a second, and how many it left out."""

    def __init__(self, log: logging.Logger) -> None:
        """Writes to `log`."""
        self._log = log
        self._last: dict[str, float] = {}
        self._left_out: dict[str, int] = {}

    def warn(self, kind: str, detail: str = "") -> None:
        """One more of a kind; kinds come from a fixed set, details from anywhere."""
        now = time.monotonic()
        if now - self._last.get(kind, -1.0) < 1.0:
            self._left_out[kind] = self._left_out.get(kind, 0) + 1
            return
        self._last[kind] = now
        more = self._left_out.pop(kind, 0)
        self._log.warning(
            "%s%s%s", kind, f" {detail}" if detail else "", f" (and {more} more)" if more else ""
        )
