"""One rule for keys: wherever no text is written, Space and letters are the transport's, and Return presses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QAbstractItemView, QApplication, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from bridge.state import Take
from gui.demo.studio import Studio
from gui.window.keys import writes
from gui.window.main_window import MainWindow
from gui.window.window_menus import menu_actions
from tests.gui.test_keyboard import controls, name

MakeTakes = Callable[[int], list[Take]]


@pytest.fixture
def looked_at(window: MainWindow, make_takes: MakeTakes, qtbot: QtBot) -> Take:
    """A window with a take that is looked at, everything that folds open, and the presets shown."""
    take = make_takes(1)[0]
    window.takes.select(take.id)
    window.composer.more.open()
    window.composer.more.finer.open()
    window.drawer.show_page("presets")
    qtbot.waitUntil(lambda: window.viewer.wave.length > 0)
    window.activateWindow()
    return take


def press(widget: QWidget, key: Qt.Key) -> None:
    QtBot.keyClick(widget, key)
    QApplication.processEvents()


def test_space_and_letters_are_keys_on_every_control_and_text_in_every_text(
    window: MainWindow, looked_at: Take, studio: Studio
) -> None:
    playback, jobs, tried = studio.session.playback, len(studio.session.jobs.all()), 0
    for control in [c for c in controls(window) if c.focusPolicy() & Qt.FocusPolicy.TabFocus]:
        control.setFocus()
        if not control.hasFocus():
            continue
        before, loop = playback.state().state, playback.state().loop
        press(control, Qt.Key.Key_Space)
        plays = playback.state().state != before
        press(control, Qt.Key.Key_L)
        loops = playback.state().loop != loop
        assert (plays, loops) == ((False, False) if writes(control) else (True, True)), name(
            control
        )
        tried += 1
    assert tried > 30
    assert len(studio.session.jobs.all()) == jobs  # Nothing was pressed.


def test_space_held_plays_once(window: MainWindow, looked_at: Take) -> None:
    keys = {key.toString(): action for action in menu_actions(window) for key in action.shortcuts()}
    for single in ("Space", "L", "V", "I", "K", "A"):
        assert not keys[single].autoRepeat(), single
    assert keys["Ctrl+Down"].autoRepeat()


def test_return_presses_what_has_the_focus(
    window: MainWindow, looked_at: Take, studio: Studio, qtbot: QtBot
) -> None:
    window.viewer.vary.setFocus()
    press(window.viewer.vary, Qt.Key.Key_Return)
    assert studio.session.jobs.all()[0].kind == "vary"
    score = window.viewer.score
    score.setFocus()
    before = score.isChecked()
    press(score, Qt.Key.Key_Enter)
    assert score.isChecked() != before


def test_home_and_end_are_the_transports_but_for_what_walks_with_them(
    window: MainWindow, looked_at: Take, studio: Studio, qtbot: QtBot
) -> None:
    listening, playback = window.listening, studio.session.playback
    window.viewer.vary.setFocus()
    listening.toggle()
    listening.seek(1.0)
    playback.pause()
    press(window.viewer.vary, Qt.Key.Key_Home)
    assert playback.playhead() == 0.0
    press(window.viewer.vary, Qt.Key.Key_End)
    assert playback.playhead() == pytest.approx(window.viewer.wave.last_bar())
    playback.seek(1.0)
    slider = window.composer.more.variations.slider
    for control in (slider, window.takes.list, window.composer.prompt.field):
        control.setFocus()
        press(control, Qt.Key.Key_End)
        press(control, Qt.Key.Key_Home)
        assert playback.playhead() == 1.0, name(control)
    assert slider.value() == 1


def test_a_list_is_not_searched_by_the_letters_of_the_window(
    window: MainWindow, looked_at: Take
) -> None:
    lists = [
        each
        for each in window.findChildren(QAbstractItemView)
        if each.isVisible() and each.focusPolicy() != Qt.FocusPolicy.NoFocus
    ]
    assert {window.takes.list, window.presets.list} <= set(lists)
    for each in lists:
        each.setFocus()
        row = each.currentIndex().row()
        for key in (Qt.Key.Key_S, Qt.Key.Key_S, Qt.Key.Key_W, Qt.Key.Key_D):
            press(each, key)
        assert each.currentIndex().row() == row, name(each)


def test_what_is_read_but_not_written_is_no_text(window: MainWindow, looked_at: Take) -> None:
    window.drawer.show_page("osc")
    text = window.osc.text
    assert isinstance(text, QPlainTextEdit) and text.isReadOnly()
    assert not writes(text)


def test_the_focus_of_a_control_that_vanishes_goes_to_no_text(
    window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    window.activateWindow()
    card = window.welcome.cards[0]
    card.setFocus()
    press(card, Qt.Key.Key_Return)
    assert not window.welcome.isVisible()
    qtbot.wait(20)
    focus = QApplication.focusWidget()
    assert focus is None or not writes(focus)
    loop = studio.session.playback.state().loop
    press(focus or window, Qt.Key.Key_L)
    assert studio.session.playback.state().loop != loop
    assert window.takes.search.text() == ""
    window.takes.search.setFocus()  # By a hand it goes there.
    qtbot.wait(20)
    assert window.takes.search.hasFocus()
