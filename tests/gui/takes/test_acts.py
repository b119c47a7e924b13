"""Acts on takes: to the bin and back, another name, stars, favourites - each is undone and done again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from pytestqt.qtbot import QtBot

from bridge.state import Take
from bridge.takes import bin, sidecar
from gui.demo.studio import Studio
from gui.takes.model import take_title
from gui.window.main_window import MainWindow

MakeTakes = Callable[[int], list[Take]]


def shown(window: MainWindow) -> list[str]:
    model = window.takes.model
    return [take.id for row in range(model.rowCount()) if (take := model.take(row))]


def test_takes_that_were_binned_come_back_and_are_chosen(
    window: MainWindow, studio: Studio, make_takes: MakeTakes, qtbot: QtBot, system_bin: Path
) -> None:
    takes = make_takes(3)
    window.takes.list.selectAll()
    window.takes.select(takes[1].id)
    studio.session.takes.change(takes[1].id, name="Night drive")
    qtbot.waitUntil(lambda: window.takes.current() == studio.session.takes.get(takes[1].id))
    qtbot.keyClick(window.takes.list, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: shown(window) == [takes[0].id, takes[2].id])
    qtbot.waitUntil(lambda: window.takes.current() == takes[2])
    assert window.viewer.take == takes[2]
    assert window.takes.chosen_takes() == [takes[2]], "what comes after it is chosen, to be seen"
    qtbot.waitUntil(lambda: not takes[1].path.exists())
    assert window.history.undoes() == "bin of Night drive"
    assert window.status.words.text_whole() == "Night drive is in the bin."
    assert window.status.undo.isVisible()
    window.status.undo.click()
    qtbot.waitUntil(lambda: shown(window) == [take.id for take in takes])
    qtbot.waitUntil(takes[1].path.exists)
    current = window.takes.current()
    assert current is not None and (current.id, current.name) == (takes[1].id, "Night drive")
    assert list(system_bin.iterdir()) == []
    window.history.redo()
    qtbot.waitUntil(lambda: shown(window) == [takes[0].id, takes[2].id])


def test_several_takes_are_one_act(window: MainWindow, make_takes: MakeTakes, qtbot: QtBot) -> None:
    takes = make_takes(3)
    qtbot.waitUntil(lambda: window.viewer.take == takes[0])
    window.takes.list.selectAll()
    window.takes.rate(4)
    qtbot.waitUntil(lambda: all(take.rating == 4 for take in window.takes.chosen_takes()))
    window.takes.bin()
    qtbot.waitUntil(lambda: shown(window) == [])
    window.history.undo()
    qtbot.waitUntil(lambda: shown(window) == [take.id for take in takes])
    window.history.undo()
    library = window.session.session.takes
    assert [library.get(take.id).rating for take in takes] == [0, 0, 0]
    assert window.history.undoes() == ""


def test_a_title_stars_and_a_mark_come_back(
    window: MainWindow, make_takes: MakeTakes, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = make_takes(1)[0]
    library = window.session.session.takes
    window.takes.select(take.id)
    monkeypatch.setattr("gui.takes.panel.ask_name", lambda *_: "Night drive")
    window.takes.rename()
    qtbot.waitUntil(lambda: window.takes.current() == library.get(take.id))
    window.takes.rate(5)
    qtbot.waitUntil(lambda: window.takes.current() == library.get(take.id))
    window.takes.favour()
    changed = library.get(take.id)
    assert (changed.name, changed.rating, changed.favourite) == ("Night drive", 5, True)
    for left in (("Night drive", 5, False), ("Night drive", 0, False), (take.name, 0, False)):
        window.history.undo()
        now = library.get(take.id)
        assert (now.name, now.rating, now.favourite) == left
    for _ in range(3):
        window.history.redo()
    assert library.get(take.id) == changed


def test_rating_a_take_as_it_is_rated_is_no_act(window: MainWindow, make_takes: MakeTakes) -> None:
    window.takes.select(make_takes(1)[0].id)
    window.takes.rate(0)
    assert window.history.undoes() == ""


def test_a_take_that_another_program_took_away_breaks_no_history(
    window: MainWindow, studio: Studio, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    takes = make_takes(2)
    window.takes.select(takes[1].id)
    window.takes.rate(3)
    window.takes.select(takes[0].id)
    window.takes.rate(4)
    qtbot.waitUntil(lambda: sidecar.read(takes[0].path).rating == 4)
    takes[0].path.unlink()

    def gone() -> bool:
        studio.session.takes.reconcile()
        return shown(window) == [takes[1].id]

    qtbot.waitUntil(gone)
    window.history.undo()
    words = window.status.words.text_whole()
    assert take_title(takes[0]) in words and takes[0].id not in words, "it is called by its title"
    assert "no take" in window.status.words.text_whole()
    assert window.status.level() == "error"
    window.history.undo()
    assert studio.session.takes.get(takes[1].id).rating == 0


def test_of_several_takes_those_that_are_left_are_binned_again_and_come_back(
    window: MainWindow, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    takes = make_takes(2)
    window.takes.list.selectAll()
    window.takes.bin()
    qtbot.waitUntil(lambda: len(list(bin.place(takes[0].path).glob("*"))) == 2)
    qtbot.waitUntil(lambda: len(list(bin.place(takes[1].path).glob("*"))) == 2)
    for path in bin.place(takes[0].path).iterdir():
        path.unlink()
    window.history.undo()
    qtbot.waitUntil(lambda: shown(window) == [takes[1].id])
    window.history.redo()
    qtbot.waitUntil(lambda: shown(window) == [])
    assert window.history.undoes().startswith("bin of")
    window.history.undo()
    qtbot.waitUntil(lambda: shown(window) == [takes[1].id])
    qtbot.waitUntil(takes[1].path.exists)


def test_what_somebody_took_out_of_the_bin_is_said(
    window: MainWindow, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    take = make_takes(1)[0]
    window.takes.select(take.id)
    window.takes.bin()
    held = bin.place(take.path)
    qtbot.waitUntil(lambda: len(list(held.glob("*"))) == 2)
    qtbot.waitUntil(lambda: not window.session.session.takes.changes.owed())
    for path in held.iterdir():
        path.unlink()
    window.history.undo()
    assert "is no longer in the bin" in window.status.words.text_whole()
    assert (window.history.undoes(), window.history.redoes()) == ("", "")
    qtbot.waitUntil(lambda: shown(window) == [])
