"""What comes from data is shown as typed: no letter of a button becomes a key, no mark in a text becomes type."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeySequence, QTextDocument
from PyQt6.QtWidgets import QAbstractButton, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from bridge.state import JobOptions, Take
from gui.demo.studio import Studio
from gui.learn import learn_menu
from gui.look.as_typed import TypedButton, hint, looks_rich, unmarked
from gui.look.controls import Button, Figure, IconButton, Lamp, label
from gui.look.elided import ElidedButton
from gui.look.theme import Look
from gui.takes.model import TAKE
from gui.window.main_window import MainWindow

HOSTILE = "<b>R&B</b> A & B &amp; <img src=x>"
TEXTS = [
    "R&B",
    "Drum & Bass",
    "&File",
    "A && B",
    "<b>bold</b>",
    "1 < 2 & 3 > 2",
    HOSTILE,
    "D&B\nD&B",
    "",
]


def shown(tip: str) -> str:
    """What a tooltip shows."""
    if not looks_rich(tip):
        return tip
    document = QTextDocument()
    document.setHtml(tip)
    return document.toPlainText()


@pytest.mark.parametrize("text", TEXTS)
def test_a_tooltip_shows_what_was_typed(text: str) -> None:
    assert shown(hint(text)) == text


@pytest.mark.parametrize("text", TEXTS)
def test_a_button_says_what_was_typed_and_has_no_key(text: str, look: Look) -> None:
    assert QKeySequence.mnemonic(unmarked(text)).isEmpty()
    assert TypedButton(text).text() == text
    for button in (Button(look, text), TypedButton(text), ElidedButton(look, text)):
        assert button.shortcut().isEmpty()
    again = Button(look, "")
    again.show_text(text)
    assert again.text() == text and again.shortcut().isEmpty()


@pytest.mark.parametrize("text", TEXTS)
def test_labels_icons_and_lamps_say_what_was_typed(text: str, look: Look) -> None:
    assert label(text).textFormat() == Figure(text, "").textFormat() == Qt.TextFormat.PlainText
    lamp = Lamp(look)
    lamp.show_state("on", text)
    assert shown(lamp.toolTip()) == shown(IconButton(look, "play", text).toolTip()) == text


@pytest.mark.parametrize("text", ["R&B", "Mood", "House", "Drum & Bass", "A & B & C", "fi", "WAVE"])
def test_a_button_with_room_for_its_text_shows_all_of_it(
    text: str, look: Look, qtbot: QtBot
) -> None:
    chip = ElidedButton(look, text, role="chip")
    qtbot.addWidget(chip)
    chip.ensurePolished()
    chip.resize(chip.sizeHint())
    chip.show()
    assert chip.text() == text
    chip.resize(chip.sizeHint().width() - 12, chip.height())
    assert chip.text() != text and chip.text_whole() == text and chip.toolTip() == text


def test_the_chip_of_a_style_with_an_ampersand_reads_so(window: MainWindow) -> None:
    chip = window.composer.prompt.genre
    chip.open()
    sheet = chip.sheet()
    assert sheet is not None
    words = [button.text() for button in sheet.findChildren(QPushButton)]
    assert "R&B" in words
    next(b for b in sheet.findChildren(QPushButton) if b.text() == "R&B").click()
    assert chip.text() == "R&B" and QPushButton.text(chip) == "R&&B"
    assert window.composer.prompt.text() == "Genre: R&B"


def _wrong(widget: QWidget) -> list[str]:
    found = [] if _plain(widget.toolTip()) else [f"tooltip {widget.toolTip()!r}"]
    if isinstance(widget, QLabel):
        rich = widget.textFormat() == Qt.TextFormat.AutoText and looks_rich(widget.text())
        found += [f"label {widget.text()!r}"] * rich
    if isinstance(widget, QAbstractButton) and not widget.shortcut().isEmpty():
        found.append(f"button {widget.text()!r}")
    return found


def _plain(tip: str) -> bool:
    return not looks_rich(tip) or tip.startswith("<p style='white-space: pre-wrap'>")


def test_no_text_of_the_window_is_read_for_marks(
    window: MainWindow, studio: Studio, make_takes: Callable[[int], list[Take]], qtbot: QtBot
) -> None:
    run, composer = studio.session, window.composer
    take = make_takes(1)[0]
    run.takes.change(take.id, name=HOSTILE)
    qtbot.waitUntil(lambda: window.viewer.title.text_whole() == HOSTILE)
    run.presets.save(HOSTILE)
    run.transport.change("osc", {"key": HOSTILE})
    composer.prompt.show_text(f"{HOSTILE} | Genre: {HOSTILE} | Moods: {HOSTILE}")
    composer.prompt.settle()
    composer.source.take(take.path, name=HOSTILE)
    window.session.say(HOSTILE, "error")
    run.generate(options=JobOptions())
    qtbot.wait(300)
    wrong = {
        f"{type(widget).__name__}: {problem}"
        for widget in (window, *window.findChildren(QWidget))
        for problem in _wrong(widget)
    }
    assert wrong == set()
    model = window.takes.list.model()
    assert model is not None
    for row in range(model.rowCount()):
        index = model.index(row, 0)
        assert index.data(TAKE) is not None
        assert _plain(index.data(Qt.ItemDataRole.ToolTipRole))


def test_menus_say_what_was_typed(window: MainWindow) -> None:
    menu = learn_menu(window, window.session, "generate", HOSTILE, None)
    heading = menu.actions()[0]
    assert QKeySequence.mnemonic(heading.text()).isEmpty()
    assert heading.text().replace("&&", "&") == HOSTILE
