"""The command `longtake` with an engine that makes tones, for a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import engine.cli.main
import longtake
from tests.conftest import ToneEngine


def main(argv: Sequence[str]) -> int:
    """Runs a command."""

    def tones(arguments: Any) -> ToneEngine:
        return ToneEngine()

    engine.cli.main._real_engine = tones  # pyright: ignore[reportPrivateUsage]
    return longtake.main(argv)
