"""The Help menu: keys that the menus really have, licences whole, versions to be copied; and what macOS takes away."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt6.QtGui import QAction, QGuiApplication
from pytestqt.qtbot import QtBot

from gui.window.help import HelpWindow, keys_page, versions_page
from gui.window.main_window import MainWindow
from gui.window.window_menus import menu_actions


def trigger(window: MainWindow, words: str) -> None:
    [action] = [a for a in menu_actions(window) if a.text().partition("\t")[0] == words]
    action.trigger()


def opened(window: MainWindow) -> HelpWindow:
    return [found for found in window.findChildren(HelpWindow) if found.isVisible()][-1]


def test_every_key_of_the_menus_is_on_the_sheet(window: MainWindow) -> None:
    trigger(window, "Keys")
    sheet = opened(window).texts["keys"].toPlainText()
    for action in menu_actions(window):
        for keys in action.shortcuts():
            assert keys.toString() in sheet.replace("Meta", "Ctrl"), action.text()
    assert "Play or pause" in sheet and "&" not in sheet
    assert sheet.split("\n")[0] == "File"


def test_pages_are_turned_to_and_copied(window: MainWindow) -> None:
    trigger(window, "Versions, for a bug report")
    shown = opened(window)
    shown.copy.click()
    board = QGuiApplication.clipboard()
    assert board is not None
    for words in ("Longtake", "Python", "torch", "PyQt", "127.0.0.1:9440"):
        assert words in board.text()
    trigger(window, "Licences")
    text = opened(window).texts["licences"].toPlainText()
    for words in (
        "MIT License",
        "FluidR3",
        "SIL OPEN FONT LICENSE",
        "Stability AI Community License",
    ):
        assert words in text
    trigger(window, "How to begin")
    assert "Generate" in opened(window).texts["how"].toPlainText()
    assert len([w for w in window.findChildren(HelpWindow) if w.isVisible()]) == 1
    assert str(Path.home()) not in versions_page([("a", "b")]) or "sys.prefix" in versions_page()


def test_macos_gets_the_roles_and_no_more(window: MainWindow) -> None:
    roles = {
        action.menuRole(): action.text()
        for action in menu_actions(window)
        if action.menu() is None
        and action.menuRole() != QAction.MenuRole.NoRole
        and action.menuRole() != QAction.MenuRole.TextHeuristicRole
    }
    assert roles == {
        QAction.MenuRole.AboutRole: "About Longtake",
        QAction.MenuRole.PreferencesRole: "Preferences…",
        QAction.MenuRole.QuitRole: "Quit",
    }
    guessed = [
        action.text()
        for action in menu_actions(window)
        if action.menuRole() == QAction.MenuRole.TextHeuristicRole
        and action.text()
        .casefold()
        .startswith(("about", "config", "preference", "option", "setting", "setup", "quit", "exit"))
    ]
    assert guessed == []


def test_preferences_and_folders(
    window: MainWindow, make_takes, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    trigger(window, "Preferences…")
    assert window.drawer.page() == "settings"
    shown: list[Path] = []
    monkeypatch.setattr("gui.folders.show_in_folder", lambda p: shown.append(p) or True)
    trigger(window, "Show in folder")
    assert shown == [] and "Choose a take first" in window.status.words.text_whole()
    [take] = make_takes(1)
    window.takes.select(take.id)
    trigger(window, "Show in folder")
    assert shown == [take.path]


def test_the_sheet_is_made_from_what_the_menus_say(window: MainWindow) -> None:
    before = keys_page(window)
    [action] = [a for a in menu_actions(window) if a.text() == "Vary"]
    action.setShortcut("Ctrl+Alt+9")
    assert "Ctrl+Alt+9" in keys_page(window) and "Ctrl+Alt+9" not in before
