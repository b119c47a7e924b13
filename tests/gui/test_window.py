"""The whole window: keyboard, accessible names, memory, scaling, screens."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QScrollBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from gui.demo.studio import Studio
from gui.main_window import MainWindow, Surroundings
from gui.memory import Memory
from gui.qt_session import QtSession
from gui.theme import Look
from gui.waveform import WaveformView
from gui.window_menus import menu_actions
from tests.gui.conftest import end

CONTROLS = (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QAbstractItemView,
    WaveformView,
)


def controls(window: MainWindow) -> list[QWidget]:
    """All that a hand could use now; parts of a compound control are not counted twice."""
    found = []
    for widget in window.findChildren(QWidget):
        parent = widget.parentWidget()
        inner = isinstance(widget, QScrollBar) or isinstance(
            parent, (QAbstractSpinBox, QComboBox, QLineEdit)
        )
        if isinstance(widget, CONTROLS) and not inner and widget.isVisible() and widget.isEnabled():
            found.append(widget)
    return found


@pytest.mark.parametrize("page", ["", "presets", "devices", "osc", "models"])
def test_tab_reaches_every_control(window: MainWindow, qtbot: QtBot, page: str) -> None:
    window.composer.more.open()
    window.composer.more.finer.open()
    window.composer.prompt.fold.open()
    window.drawer.show_page(page)
    window.activateWindow()
    window.composer.prompt.field.setFocus()
    reached: set[QWidget] = set()
    for _ in range(400):
        focus = QApplication.focusWidget()
        if focus is None or (focus in reached and focus is window.composer.prompt.field):
            break
        reached.add(focus)
        qtbot.keyClick(focus, Qt.Key.Key_Tab)
    missed = []
    for control in controls(window):
        group = control.parentWidget()
        # Of a group of exclusive buttons Tab reaches one, and arrows the others.
        exclusive = isinstance(control, QAbstractButton) and control.group() is not None
        near = (
            exclusive and group is not None and any(group.isAncestorOf(other) for other in reached)
        )
        if control not in reached and not near:
            missed.append(f"{type(control).__name__} {control.accessibleName()}")
    assert missed == []


@pytest.mark.parametrize("page", ["", "presets", "devices", "osc", "models"])
def test_every_control_has_a_name_for_screen_readers(window: MainWindow, page: str) -> None:
    window.composer.more.open()
    window.composer.more.finer.open()
    window.composer.prompt.fold.open()
    window.drawer.show_page(page)
    nameless = [
        f"{type(control).__name__} in {type(control.parentWidget()).__name__}"
        for control in controls(window)
        if not control.accessibleName().strip()
    ]
    assert nameless == []


def test_no_two_actions_share_a_key(window: MainWindow) -> None:
    keys = [key.toString() for action in menu_actions(window) for key in action.shortcuts()]
    assert len(keys) == len(set(keys))
    assert {"Ctrl+Return", "L", "A", "B", "S", "V", "F"} <= set(keys)


def test_letters_typed_into_the_prompt_are_no_shortcuts(window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    window.composer.prompt.field.setFocus()
    qtbot.keyClicks(window.composer.prompt.field, "lab svf cub")
    assert window.composer.prompt.text() == "lab svf cub"
    assert not window.session.session.playback().loop


def test_everything_is_where_it_was(
    studio: Studio, look: Look, tmp_path: Path, qtbot: QtBot
) -> None:
    def open_window() -> MainWindow:
        around = Surroundings(Memory(tmp_path / "panel.ini"), studio.presets)
        window = MainWindow(QtSession(studio.session), look, around)
        window.show()
        return window

    first = open_window()
    first.resize(790, 701)  # the screen of the tests is 800 x 800
    first.show_welcome(False)
    first.composer.prompt.show_text("Genre: House, kept")
    first.composer.prompt.remember()
    first.composer.more.open()
    first.composer.more.variations.slider.setValue(4)
    first.composer.listen.setChecked(False)
    first.composer.length.field.setValue(17.0)
    first.drawer.turn("osc")
    first.presets.favourites = {"Ambient Drift", "Solo Piano"}
    end(first)
    studio.session.reset()
    again = open_window()
    assert (again.width(), again.height()) == (790, 701)
    assert not again.welcome.isVisible()
    qtbot.waitUntil(lambda: again.composer.prompt.text() == "Genre: House, kept")
    assert again.composer.prompt.history() == ["Genre: House, kept"]
    assert again.composer.more.is_open()
    assert again.composer.more.variations.value() == 4
    assert not again.composer.listen.isChecked()
    assert studio.session.get("seconds_total") == 17.0
    qtbot.waitUntil(lambda: again.composer.length.field.value() == 17.0)
    assert again.drawer.page() == "osc"
    assert again.presets.favourites == {"Ambient Drift", "Solo Piano"}
    end(again)


def test_a_damaged_memory_costs_only_the_memory(studio: Studio, look: Look, tmp_path: Path) -> None:
    lines = (
        "[window]",
        "geometry=nonsense",
        "[compose]",
        'settings="{\\"steps\\": -4, \\"no\\": 1}"',
        "variations=many",
        "[look]",
        "scale=big",
    )
    (tmp_path / "panel.ini").write_text("\n".join(lines))
    memory = Memory(tmp_path / "panel.ini")
    assert memory.number("look/scale", 1.0) == 1.0
    window = MainWindow(QtSession(studio.session), look, Surroundings(memory, studio.presets))
    window.show()
    assert window.composer.more.variations.value() == 1
    assert studio.session.get("steps") is None
    end(window)


def test_it_fits_a_full_hd_screen_at_200_percent(window: MainWindow, look: Look) -> None:
    look.set(scale=2.0)
    for page in ("", "presets", "devices", "osc", "models"):
        window.drawer.show_page(page)
        window.resize(1920, 1020)
        QApplication.processEvents()
        assert window.minimumSizeHint().width() <= 1920, page
        assert window.minimumSizeHint().height() <= 1020, page
    look.set(scale=1.0)


@pytest.mark.parametrize("choice", ["dark", "light"])
def test_no_text_is_cut_off(window: MainWindow, look: Look, choice: str) -> None:
    look.set("light" if choice == "light" else "dark")
    for scale in (1.0, 1.5, 2.0):
        look.set(scale=scale)
        window.resize(round(1440 * scale), round(880 * scale))
        QApplication.processEvents()
        for button in window.findChildren(QAbstractButton):
            if button.isVisible() and button.text():
                needed = button.minimumSizeHint()
                assert button.width() >= needed.width(), (button.text(), scale)
                assert button.height() >= needed.height(), (button.text(), scale)
    look.set("dark", 1.0)
