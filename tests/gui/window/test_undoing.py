"""Settings that were replaced come back, the prompt with them."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import Qt
from pytestqt.qtbot import QtBot

from bridge.state import Take
from gui.demo.studio import Studio
from gui.window.main_window import MainWindow

MakeTakes = Callable[[int], list[Take]]


def test_a_surprise_is_taken_back(window: MainWindow, studio: Studio, qtbot: QtBot) -> None:
    prompt = window.composer.prompt
    prompt.field.setPlainText("my own words, typed just now")
    prompt.dice.click()
    surprise = prompt.text()
    assert surprise != "my own words, typed just now"
    assert studio.session.parameters.get("prompt") == surprise
    assert window.history.undoes() == "surprise"
    window.history.undo()
    qtbot.waitUntil(lambda: prompt.text() == "my own words, typed just now")
    assert studio.session.parameters.get("prompt") == "my own words, typed just now"
    window.history.redo()
    qtbot.waitUntil(lambda: prompt.text() == surprise)


def test_the_settings_before_those_of_a_take_come_back(
    window: MainWindow, studio: Studio, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    take = make_takes(1)[0]
    parameters, prompt = studio.session.parameters, window.composer.prompt
    prompt.field.setPlainText("what I was writing")
    parameters.set("steps", 99)
    parameters.set("cfg_scale", 2.5)
    window.takes.select(take.id)
    window.viewer.use.click()
    assert (parameters.get("seed"), prompt.text()) == (take.seed, take.prompt)
    assert window.status.undo.isVisible()
    window.status.undo.click()
    assert (parameters.get("steps"), parameters.get("cfg_scale")) == (99, 2.5)
    assert parameters.get("seed") is None
    qtbot.waitUntil(lambda: prompt.text() == "what I was writing")
    qtbot.wait(400)
    assert parameters.get("prompt") == "what I was writing"


def test_a_preset_that_was_loaded_by_mistake_costs_nothing(
    window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    parameters, prompt = studio.session.parameters, window.composer.prompt
    prompt.field.setPlainText("my own words")
    prompt.settle()
    window.drawer.turn("presets")
    before = parameters.chosen()
    for row in (0, 5):
        window.presets.list.setCurrentRow(row)
        qtbot.keyClick(window.presets.list, Qt.Key.Key_Return)
    assert prompt.text() or parameters.get("prompt") != "my own words"
    window.history.undo()
    window.history.undo()
    assert parameters.get("prompt") == "my own words"
    assert {name: value for name, value in parameters.all().items() if name in before} == before
    qtbot.waitUntil(lambda: prompt.text() == "my own words")
