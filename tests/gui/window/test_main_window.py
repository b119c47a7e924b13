"""The whole window: memory, scaling, screens."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui.demo.studio import Studio
from gui.look.theme import Look
from gui.memory import Memory
from gui.qt_session import QtSession
from gui.window.main_window import MainWindow
from gui.window.restoring import HEIGHT, WIDTH
from gui.window.surroundings import Surroundings
from tests.gui.conftest import end


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
    studio.session.parameters.reset()
    again = open_window()
    assert (again.width(), again.height()) == (790, 701)
    assert not again.welcome.isVisible()
    qtbot.waitUntil(lambda: again.composer.prompt.text() == "Genre: House, kept")
    assert again.composer.prompt.history() == ["Genre: House, kept"]
    assert again.composer.more.is_open()
    assert again.composer.more.variations.value() == 4
    assert not again.composer.listen.isChecked()
    assert studio.session.parameters.get("seconds_total") == 17.0
    qtbot.waitUntil(lambda: again.composer.length.field.value() == 17.0)
    assert again.drawer.page() == "osc"
    assert again.presets.favourites == {"Ambient Drift", "Solo Piano"}
    end(again)


def test_the_first_window_is_as_large_as_it_looks_well_or_as_the_screen(
    window: MainWindow, look: Look
) -> None:
    screen = window.screen()
    assert screen is not None
    room = screen.availableGeometry()
    # Less the frame that a remembered place leaves room for, and not Qt's own 640 x 480.
    assert window.width() > 0.9 * min(look.px(WIDTH), room.width())
    assert window.height() > 0.9 * min(look.px(HEIGHT), room.height())


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
    assert studio.session.parameters.get("steps") is None
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


def test_the_first_window_is_large(window: MainWindow, qtbot: QtBot) -> None:
    screen = window.screen()
    assert screen is not None
    room = screen.availableGeometry()
    assert (window.width(), window.height()) == (min(1440, room.width()), min(880, room.height()))
