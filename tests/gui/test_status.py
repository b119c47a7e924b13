"""The line at the bottom: what it says and offers, and the list of all that was said."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QStatusBar
from pytestqt.qtbot import QtBot

from bridge.events import Notice
from gui.demo.studio import Studio
from gui.status import StatusLine
from gui.window.main_window import MainWindow
from gui.window.window_menus import menu_actions


@pytest.fixture
def status(window: MainWindow) -> StatusLine:
    window.status.messages.put_all_away()
    window.status.show_now()
    return window.status


def test_news_is_said_over_an_error_which_comes_back(
    status: StatusLine, studio: Studio, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gui.messages.GLANCE", 0.2)
    studio.hub.publish(Notice("error", "no_device", "No output device; choose one under Devices."))
    qtbot.waitUntil(lambda: status.level() == "error")
    studio.hub.publish(Notice("info", "", "Saved."))
    qtbot.waitUntil(lambda: status.words.text_whole() == "Saved.")
    assert status.words.property("role") == "muted"
    qtbot.waitUntil(lambda: "No output" in status.words.text_whole())
    assert status.words.property("role") == "error"
    assert status.words.accessibleName() == status.words.text_whole()
    status.away.click()
    assert (status.level(), status.words.text_whole()) == ("", "")
    assert not status.away.isVisible()


def test_the_same_sentence_again_changes_the_count_alone(
    window: MainWindow, status: StatusLine
) -> None:
    for _ in range(3):
        window.session.say("The disk is full.", "error")
    assert status.words.text_whole() == "The disk is full. (3×)"
    assert [message.times for message in status.messages.all if "disk" in message.text] == [3]


def test_all_that_was_said_can_be_read_and_copied_and_is_seen_then(
    window: MainWindow, status: StatusLine, qtbot: QtBot
) -> None:
    for number in range(60):
        window.session.say(f"Sentence {number}.", "error" if number == 30 else "info")
    status.past.click()
    assert status.list is not None
    assert status.list.isVisible()
    lines = status.list.text.toPlainText().splitlines()
    assert len(lines) == 50
    assert lines[0].endswith("  Sentence 59.")
    assert lines[29].endswith("  Error: Sentence 30.")
    assert status.level() == "", "what is read in the list is seen"
    status.list.copy.click()
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None
    assert clipboard.text().splitlines() == lines
    window.session.say("One more.", "warning")
    assert "Warning: One more." in status.list.text.toPlainText().splitlines()[0]
    qtbot.keyClick(status.list, Qt.Key.Key_Escape)
    assert not status.list.isVisible()


def test_an_act_offers_undo_until_something_else_is_done(
    window: MainWindow, status: StatusLine
) -> None:
    done: list[str] = []
    for name in ("one", "two"):
        window.history.do(name, lambda: None, lambda name=name: done.append(name), f"Did {name}.")
    assert status.words.text_whole() == "Did two."
    assert status.undo.isVisible()
    window.session.say("Something else.")
    assert not status.undo.isVisible(), "it belongs to its own sentence"
    window.session.say("Did two.")
    assert status.undo.isVisible()
    status.undo.click()
    assert done == ["two"]
    assert not status.undo.isVisible(), "a second click must not undo another act"
    assert status.words.text_whole() == "Undone: two"


def test_a_key_leads_to_the_last_message_so_that_it_is_read_out(
    window: MainWindow, status: StatusLine
) -> None:
    window.activateWindow()
    window.session.say("The disk is full.", "error")
    actions = {action.text(): action for action in menu_actions(window)}
    actions["Last message"].trigger()
    assert status.words.hasFocus()
    assert status.words.accessibleName() == "The disk is full."
    assert not status.words.focusPolicy() & Qt.FocusPolicy.TabFocus
    actions["All messages"].trigger()
    assert status.list is not None
    assert "The disk is full." in status.list.text.toPlainText()
    status.list.text.selectAll()
    window.session.say("Something new.")
    assert "new" not in status.list.text.toPlainText(), "what is marked is left alone"


def test_it_is_a_status_bar_to_a_screen_reader(status: StatusLine) -> None:
    assert isinstance(status, QStatusBar)
    assert status.isAncestorOf(status.words)
    assert not status.isSizeGripEnabled()
