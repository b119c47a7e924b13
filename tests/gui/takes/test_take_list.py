"""What is chosen stays chosen, whatever is searched, comes or goes; Escape and Return in the search."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from pytestqt.qtbot import QtBot

from bridge.state import Take
from bridge.takes import sidecar
from gui.demo.studio import Studio
from gui.takes.model import PAGE
from gui.window.main_window import MainWindow

MakeTakes = Callable[[int], list[Take]]


def test_a_search_that_hides_what_is_chosen_gives_it_back_when_it_is_cleared(
    window: MainWindow, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    takes = make_takes(3)
    window.takes.select(takes[1].id)
    told: list[object] = []
    window.takes.chosen.connect(told.append)
    window.takes.search.setFocus()
    qtbot.keyClicks(window.takes.search, "120")
    qtbot.waitUntil(lambda: window.takes.model.rowCount() == 1)
    qtbot.keyClick(window.takes.search, Qt.Key.Key_Escape)
    assert window.takes.search.text() == ""
    qtbot.waitUntil(lambda: window.takes.model.rowCount() == 3)
    assert window.takes.current() == takes[1]
    assert window.takes.chosen_takes() == [takes[1]]
    assert told == [], "nobody chose anything"


def test_escape_in_the_list_shows_all_again(
    window: MainWindow, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    takes = make_takes(2)
    window.takes.favourites.click()
    window.takes.search.setText("nothing like it")
    window.takes.settle()
    assert window.takes.model.rowCount() == 0
    qtbot.keyClick(window.takes.list, Qt.Key.Key_Escape)
    assert window.takes.model.rowCount() == 2
    assert not window.takes.favourites.isChecked()
    assert window.takes.search.text() == ""
    window.takes.select(takes[0].id)
    window.takes.search.setText("110")
    window.takes.settle()
    window.takes.list.setFocus()
    qtbot.keyClick(window.takes.list, Qt.Key.Key_Escape)
    assert window.takes.current() == takes[0]


def test_return_goes_to_the_first_hit_and_down_to_the_list(
    window: MainWindow, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    takes = make_takes(3)
    window.activateWindow()
    window.takes.select(takes[0].id)
    window.takes.search.setFocus()
    qtbot.keyClicks(window.takes.search, "house")
    qtbot.keyClick(window.takes.search, Qt.Key.Key_Down)
    assert window.takes.list.hasFocus()
    window.takes.select(takes[2].id)
    window.takes.search.setFocus()
    qtbot.keyClick(window.takes.search, Qt.Key.Key_Return)
    assert window.takes.list.hasFocus()
    assert window.takes.current() == takes[0]
    assert window.viewer.take == takes[0]


def test_a_new_take_under_a_search_moves_nothing(
    window: MainWindow, studio: Studio, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    takes = make_takes(3)
    window.takes.search.setText("house")
    window.takes.settle()
    window.takes.list.selectAll()
    window.takes.select(takes[1].id)
    studio.session.generate("House too", seconds_total=1.0)
    qtbot.waitUntil(lambda: window.takes.model.rowCount() == 4, timeout=30_000)
    assert window.takes.current() == takes[1]


@pytest.fixture
def many(window: MainWindow, studio: Studio, make_takes: MakeTakes, qtbot: QtBot) -> list[Take]:
    """More takes than are fetched at once; newest first."""
    first = make_takes(1)[0]
    for number in range(3 * PAGE):
        path = first.path.with_name(f"copy{number:03}.wav")
        os.link(first.path, path)
        shutil.copy(first.path.with_suffix(".json"), path.with_suffix(".json"))
        take = sidecar.read(path)
        sidecar.write(
            Take(
                **{
                    **{n: getattr(take, n) for n in Take.__slots__},
                    "created": take.created - number - 1,
                }
            )
        )
    studio.session.takes.reconcile()
    window.takes.settle()
    qtbot.wait(50)
    return [first, *(studio.session.takes.get(f"copy{number:03}") for number in range(3 * PAGE))]


def test_a_take_far_down_is_found_again(
    window: MainWindow, many: list[Take], qtbot: QtBot, tmp_path: Path
) -> None:
    window.takes.show_all()
    deep = many[2 * PAGE + 7]
    assert window.takes.model.reach(deep) == 2 * PAGE + 7
    window.takes.select(deep.id)
    window.takes.search.setText("nothing like it")
    window.takes.settle()
    assert window.takes.current() is None
    qtbot.keyClick(window.takes.search, Qt.Key.Key_Escape)
    window.takes.settle()
    assert window.takes.current() == deep
    assert window.takes.list.visualRect(window.takes.list.currentIndex()).isValid()
    assert window.takes.list.rect().contains(
        window.takes.list.visualRect(window.takes.list.currentIndex()).center()
    )


def test_keys_with_ctrl_choose_one_take_and_add_none(
    window: MainWindow, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    takes = make_takes(3)
    window.activateWindow()
    window.takes.select(takes[0].id)
    held = Qt.KeyboardModifier.ControlModifier
    qtbot.keyPress(window.takes.list, Qt.Key.Key_Control)
    for take in takes[1:]:
        qtbot.keyClick(window.takes.list, Qt.Key.Key_Down, held)
        assert window.takes.chosen_takes() == [take]
