"""The running panel in German: every text, tooltip and accessible name of every widget, with a take and messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from bridge.broken_file import BrokenFile, Wrong
from bridge.events import ModelChanged
from bridge.state import ModelState
from gui.demo.studio import Studio
from gui.first_aid import FirstAid
from gui.look.language import speak
from gui.look.theme import Look
from gui.memory import Memory
from gui.qt_session import QtSession
from gui.window.helping import Helping
from gui.window.main_window import MainWindow
from gui.window.surroundings import Surroundings
from tests.gui.conftest import end

ENGLISH = re.compile(
    r"\b(the|of|with|and|is|are|your|this|that|from|which|no|not|to|by|take's|choose|open|show|file|key|keys)\b",
    re.IGNORECASE,
)
STAY = {
    "names of presets, genres, instruments and styles: the models are asked in English": (
        "Jazz Trio at Midnight",
        "Liquid Drum and Bass",
        "Rhodes in the Dark",
        "Drum and Bass",
        "Rhythm and Blues",
        "Loop 174 Drum and Bass Break",
        "Beatbox to",
        "Hum to",
        "Off",
    ),
    "examples of prompts, which the models read in English": (
        "A warm house groove with piano, 124 BPM",
    ),
    "names of models": ("stable-audio-open",),
    "names of licences and what they ask to be shown": ("Powered by Stability AI", "Terms of Use"),
}
"""Reason -> texts of the panel that stay English."""


@pytest.fixture
def german(qapp: QApplication) -> Iterator[None]:
    assert speak(qapp, "de") == "de"
    yield
    assert speak(qapp, "en") == "en"


@pytest.fixture
def window(german: None, studio: Studio, look: Look, tmp_path: Path) -> Iterator[MainWindow]:
    around = Surroundings(Memory(tmp_path / "panel.ini"), studio.presets, "127.0.0.1:9440")
    window = MainWindow(QtSession(studio.session), look, around)
    window.show()
    yield window
    end(window)


def shown(root: QWidget) -> Iterator[str]:
    """Every text a person may see or hear of a window's widgets."""
    for widget in (root, *root.findChildren(QWidget)):
        yield from (widget.toolTip(), widget.accessibleName(), widget.accessibleDescription())
        if isinstance(widget, QLabel | QAbstractButton):
            yield widget.text()
        if isinstance(widget, QLineEdit | QPlainTextEdit):
            yield widget.placeholderText()
        if isinstance(widget, QComboBox):
            for row in range(widget.count()):
                yield widget.itemText(row)
                yield str(widget.itemData(row, Qt.ItemDataRole.ToolTipRole) or "")
        if isinstance(widget, QMenu):
            yield widget.title()
    for action in root.findChildren(QAction):
        yield from (action.text(), action.toolTip())


def english(root: QWidget) -> list[str]:
    found: list[str] = []
    for text in dict.fromkeys(shown(root)):
        rest = re.sub(r"<[^>]*>|/\S+|https?:\S+|'[^']*'|„[^“]*“", "", text)
        for names in STAY.values():
            for name in names:
                rest = rest.replace(name, "")
        if ENGLISH.search(rest):
            found.append(text)
    return found


def test_nothing_is_english(window: MainWindow, studio: Studio, qtbot: QtBot) -> None:
    window.generate()
    window.composer.prompt.show_text("Genre: House | Instruments: Drums | BPM: 120")
    studio.session.generate("Genre: House | BPM: 120", seconds_total=2.0, seed=1)
    qtbot.waitUntil(lambda: window.takes.model.rowCount() == 1, timeout=30_000)
    take = window.takes.model.take(0)
    assert take is not None
    window.takes.select(take.id)
    studio.hub.publish(ModelChanged(ModelState("sketch", "ready", "ready on CPU, 2 threads", 1.0)))
    qtbot.waitUntil(lambda: "bereit auf" in window.status.engine.text_whole())
    studio.session.live.start("funk")
    for page in window.drawer.rail:
        window.drawer.show_page(page)
        qtbot.wait(10)
    for row in window.models.rows:
        row.licence.show()
    found = english(window)
    assert found == [], "\n".join(found)


def test_nor_are_the_windows_beside_it(window: MainWindow, look: Look, qtbot: QtBot) -> None:
    helping = Helping(window, look, window.session, window.around)
    for page in ("how", "keys"):
        helping.turn(page)
        assert helping.open is not None
        words = helping.open.texts[page].toPlainText()
        assert ENGLISH.findall(re.sub(r"„[^“]*“", "", words)) == []
        assert english(helping.open) == []
    wrong = Wrong("osc.port is a whole number from 0 to 65535, not 99999", 3)
    aid = FirstAid(look, BrokenFile("settings.toml", [wrong]))
    qtbot.addWidget(aid)
    assert english(aid) == []
    assert aid.wrong[0].text().startswith("Zeile 3: osc.port ist eine ganze Zahl")
