"""The prompt field, its history and its chips."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from gui.demo.studio import Studio
from gui.window.main_window import MainWindow


def test_typing_settles_into_the_session(window: MainWindow, studio: Studio, qtbot: QtBot) -> None:
    qtbot.keyClicks(window.composer.prompt.field, "warm techno")
    qtbot.waitUntil(lambda: studio.session.parameters.get("prompt") == "warm techno")


def test_another_front_end_changes_the_field_and_the_chips(
    window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    prompt = window.composer.prompt
    studio.session.parameters.set(
        "prompt", "Genre: House | Instruments: Drums, Piano, Bass | BPM: 124 | Key: A minor"
    )
    qtbot.waitUntil(lambda: prompt.genre.text() == "House")
    assert prompt.instruments.text() == "Drums, Piano +1"
    assert prompt.tempo.text() == "124 BPM"
    assert prompt.key.text() == "A minor"
    assert prompt.moods.text() == "Mood"


def test_what_is_being_typed_is_not_overwritten(
    window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    prompt = window.composer.prompt
    qtbot.keyClicks(prompt.field, "half a")
    studio.session.parameters.set("prompt", "from OSC")
    qtbot.wait(30)
    assert prompt.text() == "half a"


def test_chips_write_the_form_and_keep_free_words(window: MainWindow, qtbot: QtBot) -> None:
    prompt = window.composer.prompt
    qtbot.keyClicks(prompt.field, "late night")
    for chip, word in ((prompt.genre, "House"), (prompt.moods, "Warm"), (prompt.moods, "Night")):
        chip.open()
        button = next(b for b in chip.findChildren(QPushButton) if b.text() == word)
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        chip.close_sheet()
    assert prompt.text() == "late night | Genre: House | Moods: Warm, Night"
    prompt.moods.open()
    button = next(b for b in prompt.moods.findChildren(QPushButton) if b.text() == "Warm")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    prompt.moods.close_sheet()
    assert prompt.text() == "late night | Genre: House | Moods: Night"


def test_a_word_of_ones_own(window: MainWindow, qtbot: QtBot) -> None:
    chip = window.composer.prompt.instruments
    chip.open()
    field = chip.findChild(QLineEdit)
    qtbot.keyClicks(field, "Theremin")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    chip.close_sheet()
    assert window.composer.prompt.text() == "Instruments: Theremin"


def test_tempo_and_key_chips(window: MainWindow, qtbot: QtBot) -> None:
    prompt = window.composer.prompt
    qtbot.keyClicks(prompt.field, "Techno, 128 BPM")
    prompt.tempo.open()
    usual = next(b for b in prompt.tempo.findChildren(QPushButton) if b.text() == "140")
    qtbot.mouseClick(usual, Qt.MouseButton.LeftButton)
    assert prompt.text() == "Techno | BPM: 140"
    prompt.key.open()
    for word in ("F#", "major"):
        button = next(b for b in prompt.key.findChildren(QPushButton) if b.text() == word)
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    prompt.key.close_sheet()
    assert prompt.form().key == "F# major"


def test_arrows_walk_the_history_and_come_back_to_what_was_typed(
    window: MainWindow, qtbot: QtBot
) -> None:
    prompt = window.composer.prompt
    for text in ("one", "two"):
        prompt.show_text(text)
        prompt.remember()
    prompt.show_text("draft")
    seen = []
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Down):
        qtbot.keyClick(prompt.field, key)
        seen.append(prompt.text())
    assert seen == ["two", "one", "one", "two", "draft"]


def test_a_surprise_is_a_whole_prompt_and_can_be_taken_back(window: MainWindow) -> None:
    prompt = window.composer.prompt
    prompt.show_text("mine")
    prompt.surprise()
    form = prompt.form()
    assert form.genre
    assert form.instruments
    assert form.tempo
    assert prompt.history() == ["mine"]
    prompt.field.undo()
    assert prompt.text() == "mine"


def test_the_negative_prompt_unfolds_when_there_is_one(
    window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    prompt = window.composer.prompt
    assert not prompt.without.isVisible()
    studio.session.parameters.set("negative_prompt", "vocals")
    qtbot.waitUntil(prompt.without.isVisible)
    assert prompt.without.text() == "vocals"


def test_a_second_prompt_is_blended_with(window: MainWindow, studio: Studio, qtbot: QtBot) -> None:
    prompt, parameters = window.composer.prompt, studio.session.parameters
    prompt.show_text("warm techno")
    prompt.towards.open()
    prompt.prompt_b.field.setFocus()
    qtbot.keyClicks(prompt.prompt_b.field, "tabla")
    prompt.blend.field.setValue(0.25)
    window.generate()  # What was typed counts without leaving the field.
    spec = studio.session.jobs.all()[0].spec
    assert (spec.prompt_b.partition(" |")[0], spec.blend) == ("tabla", 0.25)
    prompt.towards.open(False)
    parameters.set("prompt_b", "from OSC")
    qtbot.waitUntil(lambda: prompt.prompt_b.field.text() == "from OSC")
    assert prompt.towards.is_open()
