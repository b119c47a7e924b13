"""Presets: what is chosen stays so, one's own are marked, and whatever is done to them can be undone."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from pytestqt.qtbot import QtBot

from gui.demo.studio import Studio
from gui.pages.presets import PresetsPanel
from gui.window.main_window import MainWindow


@pytest.fixture(autouse=True)
def to_bin(monkeypatch: pytest.MonkeyPatch, system_bin: Path) -> None:
    monkeypatch.setattr("send2trash.send2trash", lambda path: path.rename(system_bin / path.name))


@pytest.fixture
def panel(window: MainWindow, studio: Studio, qtbot: QtBot) -> PresetsPanel:
    for name in ("Anna", "Berta", "Carla"):
        studio.session.parameters.set("prompt", f"song of {name}")
        studio.session.presets.save(name)
    window.drawer.turn("presets")
    qtbot.waitUntil(lambda: "Carla" in names(window.presets))
    return window.presets


def names(panel: PresetsPanel) -> list[str]:
    return [item.text() for row in range(panel.list.count()) if (item := panel.list.item(row))]


def chosen(panel: PresetsPanel) -> str:
    preset = panel.current()
    return preset.name if preset is not None else ""


def choose(panel: PresetsPanel, name: str) -> None:
    panel.list.setCurrentRow(names(panel).index(name))


def answer(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr("gui.pages.presets.ask_name", lambda *_: name)


def test_renaming_keeps_it_chosen_and_loved_wherever_it_goes(
    panel: PresetsPanel, window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(panel, "Anna")
    qtbot.keyClick(panel.list, Qt.Key.Key_F)
    answer(monkeypatch, "Zora")
    qtbot.keyClick(panel.list, Qt.Key.Key_F2)
    qtbot.waitUntil(lambda: names(panel)[-1] == "Zora")
    assert chosen(panel) == "Zora"
    assert panel.favourites == {"Zora"}
    window.history.undo()
    qtbot.waitUntil(lambda: "Anna" in names(panel))
    assert (chosen(panel), panel.favourites) == ("Anna", {"Anna"})
    window.history.redo()
    qtbot.waitUntil(lambda: chosen(panel) == "Zora")


def test_a_search_that_hides_it_gives_it_back(panel: PresetsPanel, qtbot: QtBot) -> None:
    choose(panel, "Berta")
    panel.search.setFocus()
    qtbot.keyClicks(panel.search, "techno")
    assert "Berta" not in names(panel)
    qtbot.keyClick(panel.search, Qt.Key.Key_Escape)
    assert (panel.search.text(), chosen(panel)) == ("", "Berta")
    panel.search.setText("techno")
    panel.category.setCurrentIndex(panel.category.findData("genre"))
    panel.category.activated.emit(0)
    qtbot.keyClick(panel.list, Qt.Key.Key_Escape)
    assert (panel.search.text(), panel.category.currentData(), chosen(panel)) == (
        "",
        "all",
        "Berta",
    )
    panel.search.setText("song of")
    choose(panel, "Carla")
    qtbot.keyClick(panel.search, Qt.Key.Key_Return)
    assert chosen(panel) == "Anna"


def test_a_deleted_preset_is_in_the_bin_and_comes_back_word_for_word(
    panel: PresetsPanel, window: MainWindow, studio: Studio, qtbot: QtBot, system_bin: Path
) -> None:
    path = studio.presets.find("Berta").path
    assert path is not None
    path.write_text("# by hand\n" + path.read_text())
    before = path.read_text()
    choose(panel, "Berta")
    qtbot.keyClick(panel.list, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: "Berta" not in names(panel))
    assert chosen(panel) == "Carla", "what comes after it"
    assert [each.name for each in system_bin.iterdir()] == [path.name]
    assert window.status.words.text_whole() == "Berta is in the bin."
    window.status.undo.click()
    qtbot.waitUntil(lambda: chosen(panel) == "Berta")
    assert path.read_text() == before


def test_what_is_saved_over_can_be_had_back(
    panel: PresetsPanel,
    window: MainWindow,
    studio: Studio,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    studio.session.parameters.set("prompt", "another song")
    answer(monkeypatch, "berta")
    panel.save.click()
    assert studio.presets.find("Berta").values["prompt"] == "another song"
    assert "saved over" in window.status.words.text_whole()
    qtbot.waitUntil(lambda: chosen(panel) == "Berta")
    window.history.undo()
    assert studio.presets.find("Berta").values["prompt"] == "song of Berta"
    studio.session.parameters.set("prompt", "a third")
    window.history.redo()
    assert studio.presets.find("Berta").values["prompt"] == "another song"
    answer(monkeypatch, "Dora")
    panel.save.click()
    qtbot.waitUntil(lambda: chosen(panel) == "Dora")
    window.history.undo()
    assert "Dora" not in studio.session.presets.names()


def test_any_preset_can_be_copied_and_ones_own_are_marked(
    panel: PresetsPanel, window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    panel.list.setCurrentRow(0)
    name = chosen(panel)
    assert not panel.rename.isEnabled() and panel.copy.isEnabled()
    panel.copy.click()
    qtbot.waitUntil(lambda: chosen(panel) == f"{name} copy")
    assert panel.rename.isEnabled() and panel.delete.isEnabled()
    panel.category.setCurrentIndex(panel.category.findData("mine"))
    panel.category.activated.emit(0)
    assert sorted(names(panel)) == sorted(["Anna", "Berta", "Carla", f"{name} copy"])
    item = panel.list.currentItem()
    assert item is not None
    assert ", yours, " in item.data(Qt.ItemDataRole.AccessibleTextRole)
    assert str(studio.presets.find(f"{name} copy").path) in item.toolTip()
    window.history.undo()
    qtbot.waitUntil(lambda: f"{name} copy" not in names(panel))


def test_the_menu_acts_on_what_may_be_changed_and_shows_where_it_lies(
    panel: PresetsPanel, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Path] = []
    monkeypatch.setattr(
        "gui.pages.presets.show_in_folder", lambda path: bool(shown.append(path)) or True
    )
    for name, changeable in ((names(panel)[0], False), ("Anna", True)):
        choose(panel, name)
        preset = panel.current()
        assert preset is not None
        actions = {action.text(): action for action in panel.menu(preset).actions()}
        assert {actions[words].isEnabled() for words in ("Rename…", "Move to the bin")} == {
            changeable
        }
        actions["Show in folder" if changeable else "Show the folder of your presets"].trigger()
    assert shown == [studio.presets.folder, studio.presets.find("Anna").path]


def test_category_and_choice_are_there_at_the_next_start(panel: PresetsPanel) -> None:
    panel.category.setCurrentIndex(panel.category.findData("mine"))
    panel.category.activated.emit(0)
    choose(panel, "Carla")
    state = panel.state()
    panel.show_all()
    panel.list.setCurrentRow(0)
    panel.restore(state)
    panel.read()
    assert (names(panel), chosen(panel)) == (["Anna", "Berta", "Carla"], "Carla")
