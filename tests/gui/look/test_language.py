"""The books of phrases: complete, with the same places to fill, and spoken by the whole window."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtWidgets import QAbstractButton, QApplication, QLabel, QMenu

import gui
from engine.live_settings import LIVE
from engine.spec import PARAMETERS
from gui.demo.studio import Studio
from gui.look.language import LANGUAGES, chosen_language, phrases, speak
from gui.look.theme import Look
from gui.memory import Memory
from gui.qt_session import QtSession
from gui.window.main_window import MainWindow
from gui.window.surroundings import Surroundings
from gui.window.window_menus import menu_actions
from tests.gui.conftest import end

BOOKS = sorted(set(LANGUAGES) - {"en"})
SOURCES = Path(gui.__file__).parent
SAME = {
    "OSC",
    "Takes",
    "Presets",
    "Genre",
    "Genres",
    "Loop",
    "Tempo",
    "Seed",
    "Sampler",
    "Pause",
    "Live",
}


def texts() -> Iterator[str]:
    """Every text that the sources give to `tr`, and the help of every parameter."""
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                called = node.func
                name = called.attr if isinstance(called, ast.Attribute) else ast.unparse(called)
                if name == "tr" and isinstance(node.args[0], ast.Constant):
                    yield str(node.args[0].value)
    for table in (PARAMETERS, LIVE):
        yield from (parameter.help for parameter in table.values())


def places(text: str) -> list[tuple[str | None, str | None]]:
    return sorted((name, form) for _, name, form, _ in string.Formatter().parse(text) if name)


@pytest.mark.parametrize("language", BOOKS)
def test_no_text_is_missing_and_none_is_left_over(language: str) -> None:
    book, wanted = phrases(language), set(texts())
    assert sorted(wanted - set(book)) == []
    assert sorted(set(book) - wanted) == []


@pytest.mark.parametrize("language", BOOKS)
def test_a_phrase_has_the_same_places_to_fill(language: str) -> None:
    for text, translated in phrases(language).items():
        assert places(translated) == places(text), text
        assert translated.strip(), text
        assert translated.count("\n") == text.count("\n"), text
        assert (text[0] == " ") == (translated[0] == " "), text


@pytest.fixture
def german(qapp: QApplication) -> Iterator[None]:
    assert speak(qapp, "de") == "de"
    yield
    assert speak(qapp, "en") == "en"


def test_the_whole_window_speaks_it(
    german: None, studio: Studio, look: Look, tmp_path: Path
) -> None:
    around = Surroundings(Memory(tmp_path / "panel.ini"), studio.presets)
    window = MainWindow(QtSession(studio.session), look, around)
    window.show()
    for page in ("presets", "devices", "live", "osc", "models"):
        window.drawer.show_page(page)
    english = set(texts()) - SAME - set(phrases("de").values())
    shown = [
        *(label.text() for label in window.findChildren(QLabel)),
        *(button.text().strip() for button in window.findChildren(QAbstractButton)),
        *(action.text().partition("\t")[0] for action in menu_actions(window)),
        *(menu.title() for menu in window.findChildren(QMenu)),
    ]
    assert [words for words in shown if words in english] == []
    assert window.composer.generate.text() == "Erzeugen"
    window.generate()
    assert "Überrasch mich" in window.status.words.text_whole()
    end(window)


def test_the_language_is_the_systems_unless_another_is_chosen(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def system(*names: str) -> None:
        monkeypatch.setattr("PyQt6.QtCore.QLocale.uiLanguages", lambda _: list(names))

    system("de-AT", "de", "en")
    assert chosen_language("system") == "de"
    assert chosen_language("en") == "en"
    system("fr-FR", "en-US")
    assert chosen_language("system") == "en"
    system("ja")
    assert chosen_language("system") == "en"
    entries = {action.text(): action for action in menu_actions(window)}
    entries["Deutsch"].trigger()
    assert window.around.memory.text("look/language") == "de"
    assert "started again" in window.status.words.text_whole()
