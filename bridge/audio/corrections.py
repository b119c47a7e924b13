"""What was measured between an output and an input beyond what both tell of themselves, as the settings keep it."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

LONGEST = 2.0
"""Seconds; no loop of cable or air takes longer."""
_TEXT = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*ms\s*")

_log = logging.getLogger(__name__)


class Corrections:
    """Seconds for each pair of devices: positive where the sound takes longer than they say."""

    def __init__(self, kept: Mapping[str, str] | None = None) -> None:
        """Reads `{"output > input": "12.34 ms"}`; what is no time is logged and left out."""
        self._seconds: dict[str, float] = {}
        for pair, text in (kept or {}).items():
            found = _TEXT.fullmatch(text)
            if found and abs(float(found[1])) <= 1000.0 * LONGEST:
                self._seconds[pair] = float(found[1]) / 1000.0
            else:
                _log.warning("The latency of %s in the settings is no time in ms: %r", pair, text)

    def of(self, output: str, input: str) -> float | None:
        """Of two devices by their ids; None if nobody measured it."""
        return self._seconds.get(f"{output} > {input}")

    def keep(self, output: str, input: str, seconds: float) -> dict[str, str]:
        """Notes what was measured; gives all as the settings keep them."""
        self._seconds[f"{output} > {input}"] = seconds
        return {pair: f"{1000.0 * found:.2f} ms" for pair, found in self._seconds.items()}
