"""The menus of the window: every action with its keys, so that all of it can be found and reached from the keyboard.

Knows the window and its panels; what an action does is done there. Single letters act only outside of text fields: Qt
gives a field its letters first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QMenu

from gui.window.menus import Entry, fill_language, fill_look, fill_menu

if TYPE_CHECKING:
    from gui.window.main_window import MainWindow


LINE = Entry()


def build_menus(window: MainWindow) -> None:
    """Fills the menu bar."""
    tr = window.tr
    fill_menu(window, tr("&File"), _file(window))
    fill_menu(window, tr("&Make"), _make(window))
    fill_menu(window, tr("&Play"), _play(window))
    fill_menu(window, tr("&Take"), _take(window))
    view = fill_menu(window, tr("&View"), _view(window))
    fill_look(view, window.look)
    fill_language(view, window.around.memory, window.session.say)


def _file(window: MainWindow) -> list[Entry]:
    tr = window.tr
    return [
        Entry(tr("Open a recording…"), window.composer.source.open_dialog, "Ctrl+O"),
        Entry(tr("Save settings as a preset…"), window.presets.save.click, "Ctrl+S"),
        LINE,
        Entry(tr("Quit"), window.close, "Ctrl+Q"),
    ]


def _make(window: MainWindow) -> list[Entry]:
    tr, session, composer = window.tr, window.session, window.composer
    return [
        Entry(tr("Generate"), window.generate, "Ctrl+Return | Ctrl+Enter"),
        Entry(tr("Surprise me"), composer.prompt.surprise, "Ctrl+D"),
        Entry(tr("Record, or stop recording"), composer.source.recorder.toggle, "Ctrl+R"),
        Entry(
            tr("Cancel everything"),
            lambda: session.attempt(session.session.jobs.cancel, "*"),
            "Ctrl+.",
        ),
        LINE,
        Entry(tr("Write the prompt"), composer.prompt.field.setFocus, "Ctrl+L"),
    ]


def _play(window: MainWindow) -> list[Entry]:
    tr, session, run = window.tr, window.session, window.session.session
    listening, takes, viewer = window.listening, window.takes, window.viewer
    return [
        Entry(tr("Play or pause"), listening.toggle, shown=tr("Space")),
        Entry(tr("Stop"), lambda: session.attempt(run.playback.stop), "Shift+Space"),
        Entry(tr("Repeat"), listening.toggle_loop, "L"),
        Entry(tr("Next take"), lambda: takes.walk(1), "Ctrl+Down"),
        Entry(tr("Previous take"), lambda: takes.walk(-1), "Ctrl+Up"),
        LINE,
        Entry(tr("Hear A"), lambda: viewer.compare("A"), "A"),
        Entry(tr("Hear B"), lambda: viewer.compare("B"), "B"),
        Entry(tr("This take is A"), lambda: viewer.compare("A", again=True), "Shift+A"),
        Entry(tr("This take is B"), lambda: viewer.compare("B", again=True), "Shift+B"),
        LINE,
        Entry(tr("Panic: silence at once"), lambda: session.attempt(run.panic), "Ctrl+Shift+."),
    ]


def _take(window: MainWindow) -> list[Entry]:
    tr, viewer, takes = window.tr, window.viewer, window.takes
    return [
        Entry(tr("Use its settings"), viewer.use.click, "U"),
        Entry(tr("Vary"), viewer.vary.click, "V"),
        Entry(tr("Start from this take"), viewer.transform.click, "R"),
        Entry(tr("Continue"), viewer.go_on.click, "C"),
        Entry(tr("Fit to its tempo exactly"), takes.fit, "T"),
        Entry(tr("Favourite"), takes.favour, "F"),
        Entry(tr("Rename…"), takes.rename, "F2"),
        Entry(tr("Move to the bin"), takes.bin, shown=tr("Del")),
        LINE,
        Entry(tr("Search takes"), takes.search.setFocus, "Ctrl+F"),
        Entry(tr("Go to the list"), takes.list.setFocus, "Ctrl+T"),
    ]


def _view(window: MainWindow) -> list[Entry]:
    tr, rail = window.tr, window.drawer.rail
    return [
        *(
            Entry(button.text(), button.click, f"Ctrl+{number}")
            for number, button in enumerate(rail.values(), 1)
        ),
        LINE,
        Entry(tr("Spectrogram"), window.viewer.spectrum.click, "S"),
        Entry(tr("Welcome"), lambda: window.show_welcome(True)),
        LINE,
    ]


def menu_actions(window: MainWindow) -> list[QAction]:
    """All actions of the menu bar."""
    return [
        action for menu in window.findChildren(QMenu) for action in menu.actions() if action.text()
    ]
