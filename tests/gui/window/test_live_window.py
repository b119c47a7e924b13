"""The window while live is on: a line says so, the page may have all of it, and it closes at the second time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PyQt6.QtGui import QCloseEvent
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bridge.state import Take
from gui.demo.studio import Studio
from gui.takes.model import kind_words, take_title
from gui.window.leaving import TWICE, Leaving
from gui.window.main_window import MainWindow
from gui.window.window_menus import menu_actions

MakeTakes = Callable[[int], list[Take]]


class Asked(QCloseEvent):
    """The system's own button was pressed."""

    def spontaneous(self) -> bool:
        return True


def keys(window: MainWindow, key: str) -> None:
    known = {k.toString(): action for action in menu_actions(window) for k in action.shortcuts()}
    known[key].trigger()
    QApplication.processEvents()


def test_a_line_at_the_bottom_says_it_and_opens_the_page(
    window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    line = window.pages.on_air
    assert not line.isVisible()
    studio.session.live.start("funk")
    qtbot.waitUntil(line.isVisible)
    assert line.text_whole().strip() == "Live: On"
    studio.session.live.set("freeze", True)
    qtbot.waitUntil(lambda: line.text_whole().strip() == "Live: Frozen")
    line.click()
    assert window.drawer.page() == "live"
    studio.session.live.stop()
    qtbot.waitUntil(lambda: not line.isVisible())


def test_the_window_closes_at_the_second_time(
    window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    studio.session.live.start("funk")
    event = Asked()
    window.closeEvent(event)
    assert not event.isAccepted() and window.isVisible()
    assert "Live is on" in window.status.words.text_whole()
    keys(window, "Ctrl+Q")
    assert not window.isVisible()


def test_it_closes_at_once_while_nothing_is_played(window: MainWindow) -> None:
    keys(window, "Ctrl+Q")
    assert not window.isVisible()


def test_the_first_time_is_forgotten(window: MainWindow, studio: Studio) -> None:
    now = 0.0
    leaving = Leaving(window, window.session, lambda: now)
    assert leaving.may()
    studio.session.live.start("funk")
    assert not leaving.may()
    now = TWICE + 1
    assert not leaving.may()
    now += TWICE / 2
    assert leaving.may()


def test_the_page_fills_the_window_and_gives_it_back(
    window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    window.show_welcome(False)
    window.resize(1440, 900)
    keys(window, "F11")
    assert window.drawer.page() == "live"
    assert not window.composer.isVisible() and not window.middle.isVisible()
    assert window.live.sign.geometry().width() < window.live.width() / 2  # There are two columns.
    window.drawer.show_page("osc")
    qtbot.waitUntil(window.composer.isVisible)
    window.drawer.show_page("live")
    qtbot.waitUntil(lambda: not window.composer.isVisible())
    assert window.live.state() == {"filled": True, "finer": False}
    window.live.fill.click()
    qtbot.waitUntil(window.composer.isVisible)


def test_the_menu_reaches_all_that_is_played(
    window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    window.activateWindow()
    studio.session.parameters.set("prompt", "warm house")
    keys(window, "Ctrl+Shift+Return")
    assert window.drawer.page() == "live" and studio.live.state().phase == "on"
    keys(window, "Ctrl+Shift+R")
    assert studio.live.state().recording is not None
    keys(window, "X")
    assert studio.live.settings().freeze
    window.drawer.show_page("")
    for key, control in (
        ("Ctrl+Shift+A", window.live.prompt.field),
        ("Ctrl+Shift+B", window.live.prompt_b.field),
        ("Ctrl+B", window.live.blend.slider),
    ):
        keys(window, key)
        assert control.hasFocus()
    keys(window, "Ctrl+Shift+Return")
    assert studio.live.state().phase == "off"


def test_nothing_is_recorded_while_it_is_off(window: MainWindow, studio: Studio) -> None:
    keys(window, "Ctrl+Shift+R")
    assert studio.live.state().recording is None


def test_a_take_that_was_played_live_says_so(make_takes: MakeTakes) -> None:
    take = make_takes(1)[0]
    live = replace(take, kind="live", name="live", prompt="")
    assert kind_words(live) == "played live"
    assert take_title(live) == "Live"
    assert take_title(replace(live, name="funk drums", prompt="funk drums")) == "funk drums"
