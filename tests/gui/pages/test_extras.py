"""Extras are installed by a click, by a real pip into an environment of its own; what hinders it is a sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from gui.look.theme import Look
from gui.pages import extras
from gui.pages.extras import Extra, ExtraRow, hindrance, pip_command

SETUP = (
    "from setuptools import setup; setup(name='tiny-extra', version='1', py_modules=['tiny_extra'])"
)


@pytest.fixture
def tiny(tmp_path: Path) -> Extra:
    """A package on this disk, which needs no network."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "setup.py").write_text(SETUP)
    (source / "tiny_extra.py").touch()
    return Extra("tiny", "tiny_extra", str(source), "Tiny", "Does nothing.")


def row_of(extra: Extra, look: Look, qtbot: QtBot) -> ExtraRow:
    row = ExtraRow(look, extra)
    qtbot.addWidget(row)
    row.show()
    return row


def test_they_are_those_of_the_project_and_its_pins() -> None:
    import tomllib

    root = Path(extras.__file__).parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    for extra in extras.extras():
        assert project["optional-dependencies"][extra.key] == [extra.requirement]
        command = pip_command(extra)
        assert command[:4] == [sys.executable, "-m", "pip", "install"]
        assert command[command.index("-c") + 1] == str(root / "constraints.txt")
    assert "-c" not in pip_command(extras.extras()[0], Path("/nowhere"))


def test_a_click_installs(
    tiny: Extra, look: Look, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "site"
    monkeypatch.syspath_prepend(str(place))
    offline = ["--no-build-isolation", "--no-deps", "--target", str(place)]
    monkeypatch.setattr(
        extras, "pip_command", lambda extra: [*pip_command(extra, tmp_path), *offline]
    )
    row = row_of(tiny, look, qtbot)
    assert row.install.isVisible()
    row.install.click()
    assert row.bar.isVisible() and not row.install.isEnabled()
    qtbot.waitUntil(lambda: not row.bar.isVisible(), timeout=120_000)
    assert row.state.text() == "Installed."
    assert not row.install.isVisible()


def test_what_fails_is_a_sentence_and_can_be_tried_again(
    tiny: Extra, look: Look, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Extra("x", "never_there", "/nowhere/never", "Never", "Is nowhere.")
    row = row_of(wrong, look, qtbot)
    row.install.click()
    qtbot.waitUntil(lambda: not row.bar.isVisible(), timeout=120_000)
    assert row.state.text().startswith("It could not be installed: ")
    assert row.state.property("role") == "error" and row.install.isEnabled()
    monkeypatch.setattr(extras, "pip_command", lambda _: ["/nowhere/python"])
    row.install.click()
    qtbot.waitUntil(lambda: "Installing" not in row.state.text(), timeout=60_000)
    assert row.install.isEnabled()


def test_without_pip_it_says_what_can_be_done(
    tiny: Extra, look: Look, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hindrance(tiny) == ""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    row = row_of(tiny, look, qtbot)
    row.install.click()
    assert "has no pip" in row.state.text() and "longtake[tiny]" in row.state.text()
    monkeypatch.delattr(sys, "frozen")
    monkeypatch.setattr(extras.os, "access", lambda *_: False)
    assert "folder of your own" in hindrance(tiny)
