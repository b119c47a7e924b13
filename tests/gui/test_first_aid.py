"""First aid: the path, each fault with its line, and every way on; the panel's memory set aside when it is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from pytestqt.qtbot import QtBot

from bridge.broken_file import BrokenFile
from bridge.settings import SettingsFile
from gui import __main__ as panel
from gui.first_aid import FirstAid
from gui.look.theme import Look
from gui.memory import Memory

WRONG = '[osc]\nport = "a"\n[audio]\nlatency = "middling"\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text(WRONG)
    return path


def test_it_says_where_and_what(
    path: Path, look: Look, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BrokenFile) as raised:
        SettingsFile(path)
    window = FirstAid(look, raised.value)
    qtbot.addWidget(window)
    assert [text.text().partition(":")[0] for text in window.wrong] == ["Line 2", "Line 4"]
    opened: list[str] = []
    monkeypatch.setattr(
        "gui.first_aid.QDesktopServices.openUrl",
        lambda url: opened.append(url.toLocalFile()) or True,
    )
    window.look.click()
    assert opened == [str(path)]
    for button, way in ((window.again, "again"), (window.defaults, "defaults")):
        button.click()
        assert window.way == way
    other = FirstAid(look, raised.value)
    qtbot.addWidget(other)
    other.leave.click()
    assert other.way == "quit"


def test_return_presses_what_has_the_focus(path: Path, look: Look, qtbot: QtBot) -> None:
    with pytest.raises(BrokenFile) as raised:
        SettingsFile(path)
    window = FirstAid(look, raised.value)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    window.again.setFocus()
    qtbot.keyClick(window.again, Qt.Key.Key_Return)
    assert window.way == "again" and not window.isVisible()


def test_every_way_leads_on(
    path: Path, tmp_path: Path, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Memory(tmp_path / "panel.ini")
    answers = iter(["again", "again", "defaults"])
    asked: list[str] = []

    def answer(broken: BrokenFile, _: Memory) -> str:
        asked.append(str(broken))
        return next(answers)

    monkeypatch.setattr(panel, "_first_aid", answer)
    said = panel.settled(path, memory, defaults=False)
    assert len(asked) == 3 and "osc.port" in asked[0]
    [kept] = tmp_path.glob("settings.toml.broken-*")
    assert kept.read_text() == WRONG and said is not None and str(kept) in said
    assert panel.settled(path, memory, defaults=False) == ""
    path.write_text(WRONG)
    assert panel.settled(path, memory, defaults=True)
    path.write_text(WRONG)
    monkeypatch.setattr(panel, "_first_aid", lambda *_: "quit")
    assert panel.settled(path, memory, defaults=False) is None
    assert path.read_text() == WRONG


@pytest.mark.parametrize("content", [b"\0\1\2garbage\xff" * 50, b"[look\nno ini at all\n"])
def test_a_damaged_memory_is_set_aside_and_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "panel.ini"
    path.write_bytes(content)
    memory = Memory(path)
    [kept] = tmp_path.glob("panel.ini.broken-*")
    assert kept.read_bytes() == content
    assert str(kept) in memory.problem
    memory.keep("look/theme", "light")
    memory.write()
    again = Memory(path)
    assert again.problem == "" and again.text("look/theme") == "light"
