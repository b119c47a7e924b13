"""Send to: from button, menu and key; where takes lie is chosen once; what a project needs is asked about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from bridge.delivery.targets import TARGETS
from bridge.state import Take
from gui.demo.studio import Studio
from gui.look.theme import Look
from gui.memory import Memory
from gui.qt_session import QtSession
from gui.window.main_window import MainWindow
from gui.window.surroundings import Surroundings
from tests.gui.conftest import end

MakeTakes = Callable[[int], list[Take]]


def entries(menu: QMenu) -> dict[str, QAction]:
    return {action.text(): action for action in menu.actions() if action.text()}


def opened(window: MainWindow) -> dict[str, QAction]:
    window.sending.menu.aboutToShow.emit()
    return entries(window.sending.menu)


def inside(entry: QAction) -> dict[str, QAction]:
    menu = entry.menu()
    assert menu is not None
    return entries(menu)


def test_the_menu_has_every_target_those_that_are_there_first(window: MainWindow) -> None:
    words = list(opened(window))
    assert words[:3] == ["Reaper", "a folder", "DAWproject"]
    assert words[3:6] == [
        f"{TARGETS[name].title}: owed until it is there" for name in ("ableton", "ardour", "bitwig")
    ]


def test_a_take_is_sent_where_it_was_chosen_and_the_key_sends_the_next_one_there(
    window: MainWindow, studio: Studio, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    assert not window.viewer.send.isEnabled()
    takes, got = make_takes(2), studio.daws["reaper"].got
    window.takes.select(takes[0].id)
    assert window.viewer.send.isEnabled()
    inside(opened(window)["Track"])["On a new track"].trigger()
    inside(opened(window)["Place"])["At the end of the track"].trigger()
    opened(window)["Reaper"].trigger()
    assert "goes to Reaper" in window.status.words.text_whole()
    qtbot.waitUntil(lambda: len(got) == 1)
    assert (got[0].take_id, got[0].placement.track, got[0].placement.at) == (
        takes[0].id,
        "new",
        "end",
    )
    window.takes.select(takes[1].id)
    qtbot.keyClick(window, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: len(got) == 2)
    assert got[1].placement == got[0].placement


def test_all_that_is_chosen_is_sent_in_order(
    window: MainWindow, studio: Studio, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    takes = make_takes(2)
    window.takes.list.selectAll()
    send = inside(entries(window.takes.menu(takes[0]))["Send to"])
    send["a folder"].trigger()
    qtbot.waitUntil(lambda: len(studio.daws["folder"].got) == 2)
    assert [each.take_id for each in studio.daws["folder"].got] == [take.id for take in takes]


def test_what_a_target_does_not_know_is_left_to_it(
    window: MainWindow, studio: Studio, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    where = window.composer.deliver.where
    where.choose("track", "below")
    where.choose("place", "end")
    where.choose("form", "take")
    for name, target in TARGETS.items():
        placement = where.placement(name)
        assert (placement.at == "end") == ("end" in target.at)
        assert placement.track in ("", *target.tracks)
        assert placement.form in target.forms


def test_a_refusal_is_said_and_nothing_is_sent(
    window: MainWindow, studio: Studio, make_takes: MakeTakes
) -> None:
    window.takes.select(make_takes(1)[0].id)
    inside(opened(window)["Place"])["At the selection"].trigger()
    opened(window)["Reaper"].trigger()
    assert "Nothing is selected in Reaper" in window.status.words.text_whole()
    assert window.status.level() == "error"
    assert studio.session.daws.deliveries.all() == ()


def test_a_daw_that_is_closed_is_owed_the_take(
    window: MainWindow, studio: Studio, make_takes: MakeTakes
) -> None:
    window.takes.select(make_takes(1)[0].id)
    opened(window)["Ardour: owed until it is there"].trigger()
    assert "is owed to Ardour until" in window.status.words.text_whole()
    [delivery] = studio.session.daws.deliveries.all()
    assert delivery.state == "owed"


def test_the_choice_is_remembered_and_the_key_asks_only_once(
    studio: Studio, look: Look, tmp_path: Path, qtbot: QtBot
) -> None:
    def open_window() -> MainWindow:
        around = Surroundings(Memory(tmp_path / "panel.ini"), studio.presets)
        window = MainWindow(QtSession(studio.session), look, around)
        window.show()
        return window

    first = open_window()
    first.sending.restore({"target": "folder", "place": "end", "track": "new", "form": "clip"})
    first.composer.deliver.restore({"deliver": "ardour"})
    end(first)
    again = open_window()
    assert again.sending.state() == {
        "target": "folder",
        "place": "end",
        "track": "new",
        "form": "clip",
    }
    assert again.composer.deliver.state() == {"deliver": "ardour"}
    again.sending.restore({"target": "", "place": "nowhere", "track": "", "form": "x"})
    assert again.sending.state() == {"target": "", "place": "end", "track": "", "form": "clip"}
    end(again)


def test_without_a_take_the_key_says_what_to_do(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_D)
    assert "Choose a take" in window.status.words.text_whole()


@pytest.fixture
def owned(
    window: MainWindow, studio: Studio, make_takes: MakeTakes
) -> tuple[MainWindow, Studio, list[Take]]:
    return window, studio, make_takes(2)


@pytest.mark.parametrize("agreed", [True, False])
def test_a_take_that_a_project_needs_goes_only_if_one_agrees(
    owned: tuple[MainWindow, Studio, list[Take]],
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    agreed: bool,
) -> None:
    window, studio, takes = owned
    asked: list[str] = []
    monkeypatch.setattr(
        "gui.takes.panel.agrees", lambda _, words, *rest: asked.append(words) or agreed
    )
    studio.session.send(takes[0].id, "folder")
    studio.session.send(takes[1].id, "reaper")
    every = studio.session.daws.deliveries
    qtbot.waitUntil(lambda: {each.state for each in every.all()} == {"placed"})
    window.takes.select(takes[0].id)
    window.takes.bin()
    assert asked == [], "a copy in a folder needs nothing of ours"
    qtbot.waitUntil(lambda: window.takes.model.rowCount() == 1)
    window.takes.select(takes[1].id)
    window.takes.bin()
    assert len(asked) == 1 and "Reaper" in asked[0]
    if agreed:
        qtbot.waitUntil(lambda: not takes[1].path.exists())
    else:
        assert window.takes.model.rowCount() == 1 and takes[1].path.exists()
