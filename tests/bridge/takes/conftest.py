"""A library over a folder, and everything it told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.events import Event
from bridge.takes.library import Library
from tests.bridge.parts import library_in


@pytest.fixture
def told() -> list[Event]:
    return []


@pytest.fixture
def library(tmp_path: Path, told: list[Event]) -> Iterator[Library]:
    made = library_in(tmp_path, told.append)
    yield made
    made.close()
