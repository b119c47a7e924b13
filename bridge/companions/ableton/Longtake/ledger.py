"""Which deliveries lie in this set already, so that one that comes twice is placed once.

Kept in the set itself, which forgets what was placed and not saved: then it does not lie there.
"""

from __future__ import annotations

import contextlib
from typing import Any

KEY = "longtake.placed"
_MOST = 200


class Ledger:
    """The ids of one set; on Live's main thread only."""

    def __init__(self, song: Any) -> None:
        """Reads what the set knows."""
        self._song = song
        told = song.get_data(KEY, "")
        self._ids: list[str] = told.split() if isinstance(told, str) else []

    def has(self, delivery: str) -> bool:
        """Whether it lies here."""
        return delivery in self._ids

    def add(self, delivery: str) -> None:
        """It lies here now; where the set cannot keep that, we know it until the set is closed."""
        self._ids = [*self._ids, delivery][-_MOST:]
        with contextlib.suppress(Exception):
            self._song.set_data(KEY, " ".join(self._ids))
