"""Reaper and Longtake, connected."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bridge.companions.reaper_model import Track
from tests.bridge.companions.reaper_rig import Both


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    """Connected, with two tracks."""
    found = Both(tmp_path)
    found.project.tracks = [Track(), Track()]
    for track, name in zip(found.project.tracks, ("Drums", "Voice"), strict=True):
        track.texts["P_NAME"] = name
    found.reaper.run("longtake.lua")
    found.run(3)
    assert found.box.connected
    yield found
    for reaper in found.reapers:
        reaper.settled()
        assert not reaper.console
