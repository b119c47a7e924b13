"""The menu of prompts that are there already: the one on the left, and those of the presets by their kinds.

Knows the session's parameters and the presets; what is done with a prompt is told by whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QMenu, QWidget

from engine.presets import NEED_A_RECORDING, PresetStore
from gui.look.as_typed import unmarked
from gui.look.language import tr
from gui.pages.preset_list import category_titles
from gui.qt_session import QtSession


def prompts_menu(
    owner: QWidget, session: QtSession, presets: PresetStore, take: Callable[[str], None]
) -> QMenu:
    """The menu; what turns a recording into something comes first."""
    menu = QMenu(owner)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    left = str(session.session.parameters.get("prompt")).strip()
    entry = menu.addAction(tr("The prompt on the left"), lambda: take(left))
    if entry is not None:
        entry.setEnabled(bool(left))
    menu.addSeparator()
    known, titles = presets.list(), category_titles()
    for category in sorted(titles, key=lambda category: category not in NEED_A_RECORDING):
        inside = [
            (preset.name, str(preset.values["prompt"]))
            for preset in known
            if preset.category == category and preset.values.get("prompt")
        ]
        submenu = menu.addMenu(titles[category]) if inside else None
        for name, words in inside:
            if submenu is not None:
                submenu.addAction(unmarked(name), lambda words=words: take(words))
    return menu
