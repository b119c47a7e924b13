"""A key of the take that cannot act says why."""

from __future__ import annotations

import pytest

from gui.window.main_window import MainWindow
from gui.window.window_menus import menu_actions


@pytest.mark.parametrize("key", ["T", "M", "U", "V", "R", "C"])
def test_without_a_take_each_key_asks_for_one(window: MainWindow, key: str) -> None:
    [action] = [found for found in menu_actions(window) if found.shortcut().toString() == key]
    action.trigger()
    assert window.status.words.text_whole() == "Choose a take in the list first."
