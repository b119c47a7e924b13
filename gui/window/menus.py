"""The menu bar: everything the window can do, with its keys, in one table.

Knows the window's methods by what it is given; nothing of the session.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PyQt6.QtGui import QAction, QActionGroup, QKeySequence
from PyQt6.QtWidgets import QMainWindow, QMenu

from gui.look.language import LANGUAGES, SYSTEM
from gui.look.theme import SCALES, Choice, Look
from gui.memory import Memory


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a menu; no words make a separator. `shown` keys are named but handled elsewhere.

    A key that is held acts once, unless `held` says that it goes on. `standard` keys are the system's own for that;
    `role` says what macOS takes into the menu of the application.
    """

    words: str = ""
    do: Callable[[], object] | None = None
    keys: str = ""
    shown: str = ""
    held: bool = False
    standard: QKeySequence.StandardKey | None = None
    role: QAction.MenuRole = QAction.MenuRole.NoRole


def fill_menu(window: QMainWindow, title: str, entries: list[Entry]) -> QMenu:
    """Adds a menu."""
    bar = window.menuBar()
    menu = QMenu(title, window)
    if bar is not None:
        bar.addMenu(menu)
    for entry in entries:
        if entry.do is None:
            menu.addSeparator()
            continue
        words = f"{entry.words}\t{entry.shown}" if entry.shown else entry.words
        action = QAction(words, window)
        if entry.keys:
            action.setShortcuts([QKeySequence(keys) for keys in entry.keys.split(" | ")])
            action.setAutoRepeat(entry.held)
        if entry.standard is not None:
            action.setShortcuts(entry.standard)
        # Left to itself, Qt takes every entry that begins with "Settings" for the application's own.
        action.setMenuRole(entry.role)
        action.triggered.connect(_caller(entry.do))
        menu.addAction(action)
    return menu


def fill_look(menu: QMenu, look: Look) -> None:
    """Adds theme and size."""
    themes: tuple[tuple[Choice, str], ...] = (
        ("dark", menu.tr("Dark")),
        ("light", menu.tr("Light")),
        ("system", menu.tr("As the system")),
    )
    theme = menu.addMenu(menu.tr("Theme"))
    size = menu.addMenu(menu.tr("Size"))
    if theme is None or size is None:
        return
    choices = QActionGroup(menu)
    for choice, words in themes:
        action = QAction(words, menu)
        action.setCheckable(True)
        action.setChecked(look.choice == choice)
        action.triggered.connect(_caller(lambda choice=choice: look.set(choice)))
        choices.addAction(action)
        theme.addAction(action)
    sizes = QActionGroup(menu)
    for scale in SCALES:
        action = QAction(f"{scale:.0%}", menu)
        action.setCheckable(True)
        action.setChecked(look.scale == scale)
        action.triggered.connect(_caller(lambda scale=scale: look.set(scale=scale)))
        sizes.addAction(action)
        size.addAction(action)

    def check() -> None:
        for action, (choice, _) in zip(choices.actions(), themes, strict=True):
            action.setChecked(look.choice == choice)
        for action, scale in zip(sizes.actions(), SCALES, strict=True):
            action.setChecked(look.scale == scale)

    menu.aboutToShow.connect(check)


def fill_language(menu: QMenu, memory: Memory, say: Callable[[str], None]) -> None:
    """Adds the languages; one that is chosen is remembered, and spoken from the next start on."""
    inside = menu.addMenu(menu.tr("Language"))
    if inside is None:
        return
    choices = QActionGroup(menu)
    now = memory.text("look/language", SYSTEM)
    for key, words in ((SYSTEM, menu.tr("As the system")), *LANGUAGES.items()):
        action = QAction(words, menu)
        action.setCheckable(True)
        action.setChecked(key == now)
        action.triggered.connect(_caller(lambda key=key: memory.keep("look/language", key)))
        choices.addAction(action)
        inside.addAction(action)
    choices.triggered.connect(
        lambda _: say(menu.tr("The language changes when Longtake is started again."))
    )


def _caller(do: Callable[[], object]) -> Callable[[], None]:
    def call() -> None:
        do()

    return call
