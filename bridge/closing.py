"""Ends several parts so that every one of them is ended, whatever another raises."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

_log = logging.getLogger(__name__)


def close_all(ends: Iterable[Callable[[], object]]) -> None:
    """Calls every end in order; one that raises is logged, and the rest are still called."""
    for end in ends:
        try:
            end()
        except Exception:
            _log.exception("%s did not end well", getattr(end, "__qualname__", end))
