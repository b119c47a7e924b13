"""The menus of the window: every action with its keys, so that all of it can be found and reached from the keyboard.

Knows the panels; what an action does is done there. Space and single letters act wherever no text is written
(`keys.py` has the rule): Qt asks what has the focus first, and only text takes them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QMainWindow, QMenu

from gui.compose.composer import Composer
from gui.history import History
from gui.look.theme import Look
from gui.qt_session import QtSession
from gui.status import StatusLine
from gui.takes.anew import Anew
from gui.takes.listening import Listening
from gui.takes.panel import TakesPanel
from gui.takes.sending import Sending
from gui.takes.viewer import Viewer
from gui.takes.why_not import presses
from gui.window.editing import editing, follow_focus
from gui.window.helping import Helping, show_take
from gui.window.menus import Entry, fill_language, fill_look, fill_menu
from gui.window.pages import Pages
from gui.window.reaching import reaching
from gui.window.surroundings import Surroundings

LINE = Entry()


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """What the actions act on: the panels, and what the window itself does."""

    session: QtSession
    look: Look
    around: Surroundings
    composer: Composer
    viewer: Viewer
    anew: Anew
    takes: TakesPanel
    sending: Sending
    listening: Listening
    pages: Pages
    history: History
    status: StatusLine
    generate: Callable[[], None]
    show_welcome: Callable[[bool], None]
    close: Callable[[], bool]
    tr: Callable[[str], str]


def build_menus(window: QMainWindow, acting: Acting) -> None:
    """Fills the menu bar."""
    tr = acting.tr
    fill_menu(window, tr("&File"), _file(acting))
    edit = fill_menu(window, tr("&Edit"), [*editing(tr), *_preferences(acting)])
    edit.insertActions(edit.actions()[0], acting.history.actions(window))
    edit.insertSeparator(edit.actions()[2])
    follow_focus(window, edit)
    fill_menu(window, tr("&Make"), _make(acting))
    fill_menu(window, tr("&Play"), _play(acting))
    fill_menu(window, tr("&Live"), _live(acting))
    fill_menu(window, tr("&Take"), _take(acting))
    view = fill_menu(window, tr("&View"), _view(acting))
    fill_look(view, acting.look)
    fill_language(view, acting.around.memory, acting.session.say)
    fill_menu(
        window, tr("&Help"), Helping(window, acting.look, acting.session, acting.around).entries()
    )


def _file(acting: Acting) -> list[Entry]:
    tr = acting.tr
    return [
        Entry(tr("Open a recording…"), acting.composer.source.open_dialog, "Ctrl+O"),
        Entry(tr("Open a MIDI file…"), acting.composer.score.open_dialog, "Ctrl+M"),
        Entry(tr("Save settings as a preset…"), acting.pages.presets.save.click, "Ctrl+S"),
        LINE,
        Entry(tr("Quit"), acting.close, "Ctrl+Q", role=QAction.MenuRole.QuitRole),
    ]


def _preferences(acting: Acting) -> list[Entry]:
    return [
        LINE,
        Entry(
            acting.tr("Preferences…"),
            lambda: acting.pages.drawer.show_page("settings"),
            "Ctrl+,",
            role=QAction.MenuRole.PreferencesRole,
        ),
    ]


def _make(acting: Acting) -> list[Entry]:
    tr, session, composer = acting.tr, acting.session, acting.composer
    return [
        Entry(tr("Generate"), acting.generate, "Ctrl+Return | Ctrl+Enter"),
        Entry(tr("Surprise me"), composer.prompt.dice.click, "Ctrl+D"),
        Entry(tr("Record, or stop recording"), composer.source.recorder.toggle, "Ctrl+R"),
        Entry(
            tr("Cancel everything"),
            lambda: session.attempt(session.session.jobs.cancel, "*"),
            "Ctrl+.",
        ),
        LINE,
        Entry(
            tr("Write the prompt"), reaching(acting.pages.drawer, composer.prompt.field), "Ctrl+L"
        ),
    ]


def _play(acting: Acting) -> list[Entry]:
    tr, session, run = acting.tr, acting.session, acting.session.session
    listening, takes, viewer = acting.listening, acting.takes, acting.viewer
    return [
        Entry(tr("Play or pause; freeze on the page Live"), lambda: _space(acting), "Space"),
        Entry(tr("Stop"), lambda: session.attempt(run.playback.stop), "Shift+Space"),
        Entry(
            tr("Launch in time, or wait no longer"), lambda: listening.launch(takes.current()), "G"
        ),
        Entry(tr("Repeat"), listening.toggle_loop, "L"),
        Entry(tr("To the start"), listening.to_start, shown=tr("Home")),
        Entry(tr("To the end"), listening.to_end, shown=tr("End")),
        Entry(tr("Next take"), lambda: takes.walk(1), "Ctrl+Down", held=True),
        Entry(tr("Previous take"), lambda: takes.walk(-1), "Ctrl+Up", held=True),
        LINE,
        Entry(tr("Hear A"), lambda: viewer.compare("A"), "A"),
        Entry(tr("Hear B"), lambda: viewer.compare("B"), "B"),
        Entry(tr("This take is A"), lambda: viewer.compare("A", again=True), "Shift+A"),
        Entry(tr("This take is B"), lambda: viewer.compare("B", again=True), "Shift+B"),
        LINE,
        Entry(tr("Panic: silence at once"), lambda: session.attempt(run.panic), "Ctrl+Shift+."),
    ]


def _space(acting: Acting) -> None:
    """Plays and pauses; while live is on and its page is seen, it freezes."""
    if acting.pages.live.takes_space():
        acting.pages.live.freeze.switch.click()
    else:
        acting.listening.toggle()


def _live(acting: Acting) -> list[Entry]:
    tr, live = acting.tr, acting.pages.live

    def on_its_page(do: Callable[[], object]) -> Callable[[], None]:
        def call() -> None:
            acting.pages.drawer.show_page("live")
            do()

        return call

    return [
        Entry(
            tr("Start or stop"), on_its_page(live.toggle), "Ctrl+Shift+Return | Ctrl+Shift+Enter"
        ),
        Entry(tr("Freeze, or go on"), live.freeze.switch.click, "X"),
        Entry(tr("Record what is heard, or stop"), live.record_or_end, "Ctrl+Shift+R"),
        LINE,
        Entry(tr("Write prompt A"), on_its_page(live.prompt.field.setFocus), "Ctrl+Shift+A"),
        Entry(tr("Write prompt B"), on_its_page(live.prompt_b.field.setFocus), "Ctrl+Shift+B"),
        Entry(tr("Blend them"), on_its_page(live.blend.slider.setFocus), "Ctrl+B"),
        LINE,
        Entry(tr("Fill the window"), on_its_page(live.fill.click), "F11"),
    ]


def _take(acting: Acting) -> list[Entry]:
    tr, session, viewer, takes = acting.tr, acting.session, acting.viewer, acting.takes
    return [
        Entry(tr("Use its settings"), presses(session, viewer, viewer.use), "U"),
        Entry(tr("Vary"), presses(session, viewer, viewer.vary), "V"),
        Entry(tr("Start from this take"), presses(session, viewer, viewer.transform), "R"),
        Entry(tr("Continue"), presses(session, viewer, viewer.go_on), "C"),
        Entry(tr("Make this range anew"), acting.anew.make, "I"),
        Entry(tr("Keep this range"), acting.anew.make_others, "K"),
        Entry(tr("Fit to its tempo exactly"), takes.fit, "T"),
        Entry(tr("Export notes as MIDI…"), presses(session, viewer, viewer.notes), "M"),
        Entry(tr("Send where the last one went"), acting.sending.send_again, "D"),
        Entry(tr("Favourite"), takes.favour, "F"),
        Entry(tr("Rename…"), takes.rename, "F2"),
        Entry(tr("Move to the bin"), takes.bin, shown=tr("Del")),
        Entry(
            tr("Show in folder"), lambda: show_take(acting.session, takes.current()), "Ctrl+Shift+F"
        ),
        LINE,
        Entry(tr("Search takes"), reaching(acting.pages.drawer, takes.search), "Ctrl+F"),
        Entry(tr("Go to the list"), reaching(acting.pages.drawer, takes.list), "Ctrl+T"),
    ]


def _view(acting: Acting) -> list[Entry]:
    tr, rail = acting.tr, acting.pages.drawer.rail
    return [
        *(
            Entry(button.words, button.click, f"Ctrl+{number}")
            for number, button in enumerate(rail.values(), 1)
        ),
        LINE,
        Entry(tr("Lead sheet"), acting.viewer.score.click, "N"),
        Entry(tr("Spectrogram"), acting.viewer.spectrum.click, "S"),
        Entry(tr("Look at this range"), acting.viewer.wave.zoom_to_range, "Z"),
        Entry(tr("Show all of it"), acting.viewer.wave.zoom_out, "Shift+Z"),
        Entry(tr("Last message"), acting.status.words.setFocus, "Ctrl+Shift+M"),
        Entry(tr("All messages"), acting.status.open_list, "Ctrl+Shift+L"),
        Entry(tr("Welcome"), lambda: acting.show_welcome(True)),
        LINE,
    ]


def menu_actions(window: QMainWindow) -> list[QAction]:
    """All actions of the menu bar."""
    return [
        action for menu in window.findChildren(QMenu) for action in menu.actions() if action.text()
    ]
