"""A key leads to a control that is then seen: whatever page stands in its place, wherever the window is scrolled to."""

from __future__ import annotations

import pytest
from PyQt6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from gui.window.main_window import MainWindow
from gui.window.window_menus import menu_actions


def target(window: MainWindow, keys: str) -> QWidget:
    takes = window.takes
    return {"Ctrl+L": window.composer.prompt.field, "Ctrl+F": takes.search, "Ctrl+T": takes.list}[
        keys
    ]


@pytest.mark.parametrize("keys", ["Ctrl+L", "Ctrl+F", "Ctrl+T"])
def test_what_a_key_leads_to_is_seen(window: MainWindow, qtbot: QtBot, keys: str) -> None:
    window.show_welcome(False)
    window.takes.list.show()
    window.resize(600, 500)
    window.drawer.show_page("presets")
    wanted = target(window, keys)
    qtbot.waitUntil(lambda: not wanted.isVisible())
    [action] = [found for found in menu_actions(window) if found.shortcut().toString() == keys]
    action.trigger()
    qtbot.waitUntil(lambda: wanted.isVisible() and not wanted.visibleRegion().isEmpty())
    assert window.focusWidget() is wanted
    assert window.drawer.page() == ""


def test_a_page_beside_it_stays_open(window: MainWindow) -> None:
    window.show_welcome(False)
    window.resize(1440, 900)
    window.drawer.show_page("presets")
    [action] = [found for found in menu_actions(window) if found.shortcut().toString() == "Ctrl+L"]
    action.trigger()
    assert window.drawer.page() == "presets"
