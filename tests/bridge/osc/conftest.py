"""The server of the tests in this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.osc.server import OscServer
from bridge.session import Session
from tests.bridge.rig import osc_server


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[OscServer, Session]]:
    with osc_server(tmp_path) as both:
        yield both
