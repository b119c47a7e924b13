"""The menus of the window: every action with its keys, so that all of it can be found and reached from the keyboard.

Knows the window and its panels; what an action does is done there. Single letters act only outside of text fields: Qt
gives a field its letters first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QMenu

from gui.menus import Entry, fill_look, fill_menu

if TYPE_CHECKING:
    from gui.main_window import MainWindow


def build_menus(window: MainWindow) -> None:
    """Fills the menu bar."""
    session, tr = window.session, window.tr
    run, composer, takes = session.session, window.composer, window.takes
    listening, viewer = window.listening, window.viewer
    bar = Entry()
    fill_menu(
        window,
        tr("&File"),
        [
            Entry(tr("Open a recording…"), composer.source.open_dialog, "Ctrl+O"),
            Entry(tr("Save settings as a preset…"), window.presets.save.click, "Ctrl+S"),
            bar,
            Entry(tr("Quit"), window.close, "Ctrl+Q"),
        ],
    )
    fill_menu(
        window,
        tr("&Make"),
        [
            Entry(tr("Generate"), window.generate, "Ctrl+Return | Ctrl+Enter"),
            Entry(tr("Surprise me"), composer.prompt.surprise, "Ctrl+D"),
            Entry(tr("Record, or stop recording"), composer.source.recorder.toggle, "Ctrl+R"),
            Entry(
                tr("Cancel everything"),
                lambda: session.attempt(run.cancel, "*"),
                "Ctrl+.",
            ),
            bar,
            Entry(tr("Write the prompt"), composer.prompt.field.setFocus, "Ctrl+L"),
        ],
    )
    fill_menu(
        window,
        tr("&Play"),
        [
            Entry(tr("Play or pause"), listening.toggle, shown=tr("Space")),
            Entry(tr("Stop"), lambda: session.attempt(run.stop), "Shift+Space"),
            Entry(tr("Repeat"), listening.toggle_loop, "L"),
            Entry(tr("Next take"), lambda: takes.walk(1), "Ctrl+Down"),
            Entry(tr("Previous take"), lambda: takes.walk(-1), "Ctrl+Up"),
            bar,
            Entry(tr("Hear A"), lambda: viewer.compare("A"), "A"),
            Entry(tr("Hear B"), lambda: viewer.compare("B"), "B"),
            Entry(tr("This take is A"), lambda: viewer.compare("A", again=True), "Shift+A"),
            Entry(tr("This take is B"), lambda: viewer.compare("B", again=True), "Shift+B"),
            bar,
            Entry(
                tr("Panic: silence at once"),
                lambda: session.attempt(run.panic),
                "Ctrl+Shift+.",
            ),
        ],
    )
    fill_menu(
        window,
        tr("&Take"),
        [
            Entry(tr("Use its settings"), viewer.use.click, "U"),
            Entry(tr("Vary"), viewer.vary.click, "V"),
            Entry(tr("Continue"), viewer.go_on.click, "C"),
            Entry(tr("Favourite"), takes.favour, "F"),
            Entry(tr("Rename…"), takes.rename, "F2"),
            Entry(tr("Move to the bin"), takes.bin, shown=tr("Del")),
            bar,
            Entry(tr("Search takes"), takes.search.setFocus, "Ctrl+F"),
            Entry(tr("Go to the list"), takes.list.setFocus, "Ctrl+T"),
        ],
    )
    pages = (
        ("presets", "Ctrl+1"),
        ("devices", "Ctrl+2"),
        ("osc", "Ctrl+3"),
        ("models", "Ctrl+4"),
    )
    view = fill_menu(
        window,
        tr("&View"),
        [
            *(
                Entry(window.drawer.rail[key].text(), window.drawer.rail[key].click, keys)
                for key, keys in pages
            ),
            bar,
            Entry(tr("Spectrogram"), viewer.spectrum.click, "S"),
            Entry(tr("Welcome"), lambda: window.show_welcome(True)),
            bar,
        ],
    )
    fill_look(view, window.look)


def menu_actions(window: MainWindow) -> list[QAction]:
    """All actions of the menu bar."""
    return [
        action for menu in window.findChildren(QMenu) for action in menu.actions() if action.text()
    ]
