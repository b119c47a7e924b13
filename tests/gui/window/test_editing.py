"""Cut, copy, paste, select all do what the focus can: in text, in a list of takes; greyed out where it cannot."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QLineEdit, QMenu
from pytestqt.qtbot import QtBot

from bridge.state import Take
from gui.window.editing import may
from gui.window.main_window import MainWindow
from tests.gui.window.test_help import trigger


def board() -> str:
    found = QGuiApplication.clipboard()
    return found.text() if found is not None else ""


def test_text_is_cut_copied_and_pasted(window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    field = window.takes.search
    field.setText("piano")
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    trigger(window, "Select all")
    trigger(window, "Copy")
    assert board() == "piano"
    trigger(window, "Cut")
    assert field.text() == ""
    trigger(window, "Paste")
    trigger(window, "Paste")
    assert field.text() == "pianopiano"


def test_a_take_is_copied_as_its_file(
    window: MainWindow, make_takes: Callable[[int], list[Take]], qtbot: QtBot
) -> None:
    takes = make_takes(2)
    window.activateWindow()
    window.takes.list.setFocus()
    qtbot.waitUntil(window.takes.list.hasFocus)
    trigger(window, "Select all")
    trigger(window, "Copy")
    found = QGuiApplication.clipboard()
    data = found.mimeData() if found is not None else None
    assert data is not None
    assert {url.toLocalFile() for url in data.urls()} == {str(take.path) for take in takes}


def test_what_cannot_be_done_is_grey_while_the_menu_is_open(
    window: MainWindow, qtbot: QtBot
) -> None:
    window.activateWindow()
    window.takes.search.clear()
    window.takes.search.setFocus()
    qtbot.waitUntil(window.takes.search.hasFocus)
    [menu] = [menu for menu in window.findChildren(QMenu) if menu.title() == "&Edit"]
    menu.aboutToShow.emit()
    enabled = {action.text(): action.isEnabled() for action in menu.actions() if action.text()}
    assert not enabled["Cut"] and not enabled["Copy"] and enabled["Paste"]
    menu.aboutToHide.emit()
    assert all(a.isEnabled() for a in menu.actions() if a.text() in ("Cut", "Copy", "Paste"))


def test_a_token_is_not_copied(qtbot: QtBot) -> None:
    field = QLineEdit("hf_secret")
    qtbot.addWidget(field)
    field.setEchoMode(QLineEdit.EchoMode.Password)
    field.selectAll()
    assert not may(field, "copy") and not may(field, "cut") and may(field, "paste")
    assert not may(None, "copy")
