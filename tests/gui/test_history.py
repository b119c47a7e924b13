"""Undo and redo: each act comes back by its name, and one that cannot be undone blocks no other."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bridge.errors import BridgeError
from bridge.events import Notice
from gui.history import KEPT, History
from gui.qt_session import QtSession
from gui.window.main_window import MainWindow
from gui.window.window_menus import menu_actions


@pytest.fixture
def said(session: QtSession) -> list[Notice]:
    notices: list[Notice] = []
    session.noticed.connect(notices.append)
    return notices


@pytest.fixture
def history(session: QtSession) -> History:
    return History(session)


def put(history: History, values: list[int], value: int) -> None:
    history.do(f"number {value}", lambda: values.append(value), lambda: values.remove(value))


def refuse() -> None:
    raise BridgeError("bad_args", "It is gone.")


def test_acts_are_undone_in_turn_and_done_again(history: History) -> None:
    values: list[int] = []
    for value in range(3):
        put(history, values, value)
    assert values == [0, 1, 2]
    assert (history.undoes(), history.redoes()) == ("number 2", "")
    history.undo()
    history.undo()
    assert values == [0]
    assert (history.undoes(), history.redoes()) == ("number 0", "number 1")
    history.redo()
    assert values == [0, 1]
    put(history, values, 9)
    assert history.redoes() == "", "what was undone is over once something else is done"
    for _ in range(9):
        history.undo()
    assert values == []


def test_what_is_refused_at_once_is_said_and_never_was(
    history: History, said: list[Notice]
) -> None:
    assert not history.do("bin of a take", refuse, refuse, "It is in the bin.")
    assert history.undoes() == ""
    assert [(notice.level, notice.text) for notice in said] == [("error", "It is gone.")]


def test_what_cannot_be_undone_any_more_blocks_nothing(
    history: History, said: list[Notice]
) -> None:
    values: list[int] = []
    put(history, values, 1)
    history.do("bin of a take", lambda: None, refuse)
    put(history, values, 2)
    for _ in range(3):
        history.undo()
    assert values == []
    assert [notice.text for notice in said] == [
        "Undone: number 2",
        "It is gone.",
        "Undone: number 1",
    ]
    history.redo()
    history.redo()
    assert values == [1, 2]
    assert history.redoes() == ""


def test_what_is_refused_in_part_stays_and_the_menu_follows(
    window: MainWindow, qtbot: QtBot
) -> None:
    history, takes = window.history, [1, 2]

    def half() -> None:
        if takes:
            takes.pop()
        refuse()

    history.did("bin of two", half, lambda: None, left=lambda: bool(takes))
    _, redo = (action for action in menu_actions(window) if action.text()[:4] in ("Undo", "Redo"))
    history.undo()
    history.redo()
    assert (history.undoes(), takes) == ("bin of two", [1])
    assert window.status.words.text_whole() == "It is gone."
    history.undo()
    assert redo.isEnabled()
    history.redo()
    assert (history.undoes(), history.redoes(), takes) == ("", "", [])
    assert (redo.text(), redo.isEnabled()) == ("Redo", False), "nothing stale is offered"


def test_the_last_hundred_are_kept(history: History) -> None:
    values: list[int] = []
    for value in range(KEPT + 20):
        put(history, values, value)
    for _ in range(KEPT + 20):
        history.undo()
    assert values == list(range(20))


def test_settings_come_back_whole_and_only_they(history: History, session: QtSession) -> None:
    parameters = session.session.parameters
    parameters.set("steps", 33)
    parameters.set("prompt", "before")

    def load() -> None:
        parameters.set("prompt", "after")
        parameters.set("steps", None)
        parameters.set("cfg_scale", 3.5)

    history.load("settings of x", load)
    after = parameters.chosen()
    history.undo()
    assert parameters.chosen() == {"steps": 33, "prompt": "before"}
    history.redo()
    assert parameters.chosen() == after == {"prompt": "after", "cfg_scale": 3.5}
    history.load("nothing", lambda: None)
    assert history.undoes() == "settings of x", "what changes nothing is no act"


def test_the_menu_says_what_it_would_undo(window: MainWindow, qtbot: QtBot) -> None:
    undo, redo = (action for action in menu_actions(window) if action.text() in ("Undo", "Redo"))
    assert not undo.isEnabled() and not redo.isEnabled()
    window.history.do("bin of Drum & Bass", lambda: None, lambda: None)
    assert undo.text() == "Undo: bin of Drum && Bass"
    undo.trigger()
    assert redo.text() == "Redo: bin of Drum && Bass"
    assert (undo.text(), undo.isEnabled(), redo.isEnabled()) == ("Undo", False, True)


def test_the_keys_are_the_texts_own_while_one_writes(window: MainWindow, qtbot: QtBot) -> None:
    undone: list[str] = []
    window.history.do("something", lambda: None, lambda: undone.append("something"))
    window.activateWindow()
    field = window.composer.prompt.field
    field.setFocus()
    qtbot.keyClicks(field, "house")
    for _ in range(10):
        qtbot.keyClick(field, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert (field.toPlainText(), undone) == ("", [])
    window.takes.search.setFocus()
    QApplication.processEvents()
    qtbot.keyClick(window.takes.search, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert undone == []
    window.composer.generate.setFocus()
    qtbot.keyClick(window.composer.generate, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert undone == ["something"]
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(window.composer.generate, Qt.Key.Key_Z, both)
    assert window.history.undoes() == "something"
