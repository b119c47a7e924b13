"""A set that is open in Live; `version` and `guesses` may be parametrized."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bridge.companions.ableton.opened import Opened


@pytest.fixture
def version() -> str:
    return "12.2.0"


@pytest.fixture
def guesses() -> bool:
    """Whether Live guesses a tempo for a file that it takes."""
    return True


@pytest.fixture
def opened(version: str, guesses: bool, tmp_path: Path) -> Iterator[Opened]:
    opened = Opened(version, tmp_path, guesses)
    with opened.imported():
        yield opened
    opened.desk.close()
    assert opened.live.off_thread == [], "Live's API was used off its main thread"
    assert opened.song.undo == 0, "a step to undo was left open"
    assert [line for line in opened.live.logged if "Traceback" in line] == []
