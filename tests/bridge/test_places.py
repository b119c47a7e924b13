"""Where files lie: all of them under LONGTAKE_HOME, and a folder that cannot be is a sentence."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path

import pytest

from bridge.places import folder, places
from engine.errors import PresetError


def test_all_of_them_lie_under_one_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAKE_HOME", str(tmp_path))
    where = places()
    for path in (*astuple(where), where.presets, where.refuge):
        assert path.is_relative_to(tmp_path)
    monkeypatch.delenv("LONGTAKE_HOME")
    assert not places().presets.is_relative_to(tmp_path)


def test_the_home_of_nobody_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAKE_HOME", "~nosuchuser/longtake")
    with pytest.raises(PresetError, match="Nobody's home here is ~nosuchuser"):
        places()


def test_folders_as_people_write_them() -> None:
    assert folder("~/Music") == Path.home() / "Music"
    assert folder("takes") == Path("takes")
    with pytest.raises(PresetError, match="no name of a folder"):
        folder("a\0b")
