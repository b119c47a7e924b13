"""The preset browser: search, favourites, save, rename, copy, delete; Return or a double click uses one.

Knows `engine.presets` for what a preset is and the session for loading and changing it.
"""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QPoint, QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMenu,
)

from engine.presets import Preset, PresetStore
from gui.folders import show_in_folder
from gui.history import History
from gui.look.as_typed import hint
from gui.look.asking import ask_name
from gui.look.containers import Card
from gui.look.controls import Button, IconButton, label
from gui.look.fields import ChoiceBox
from gui.look.flow_layout import FlowLayout
from gui.look.language import said
from gui.look.search_field import SearchField
from gui.look.theme import Look
from gui.memory import State
from gui.pages.preset_acts import PresetActs
from gui.pages.preset_list import (
    FAVOURITE,
    PRESET,
    PresetDelegate,
    PresetList,
    category_titles,
)
from gui.qt_session import QtSession

ALL, LOVED, MINE = "all", "favourites", "mine"


class PresetsPanel(Card):
    """All presets; `used` tells which was loaded."""

    used = pyqtSignal(object)

    def __init__(
        self, session: QtSession, look: Look, store: PresetStore, history: History
    ) -> None:
        super().__init__(look)
        self._session, self._store = session, store
        self.acts = PresetActs(session, history, self._choose_next, self._renamed)
        self.favourites: set[str] = set()
        self._chosen = ""
        """The file of what was chosen last, or its name if it is built in; also while a search hides it."""
        self._next = ""
        """The name of what is chosen as soon as it is there."""
        self.search = SearchField(
            self.tr("Search presets by name, tag or word"), self.tr("Search presets")
        )
        self.category = ChoiceBox()
        self.category.setAccessibleName(self.tr("Category of presets"))
        self.list = PresetList()
        self.list.setAccessibleName(self.tr("Presets"))
        self.list.setItemDelegate(PresetDelegate(look))
        self.list.setMouseTracking(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.use = Button(look, self.tr("Use"), "check")
        self.star = IconButton(look, "star", self.tr("Favourite"))
        self.save = Button(look, self.tr("Save settings as…"), "save")
        self.rename = IconButton(look, "pencil", self.tr("Rename the preset"))
        self.copy = IconButton(look, "copy", self.tr("Copy the preset to one of your own"))
        self.delete = IconButton(look, "bin", self.tr("Delete the preset"))
        self._name_categories()
        self._arrange(look)
        self._connect()
        self._presets: list[Preset] = []

    def _name_categories(self) -> None:
        titles = {ALL: self.tr("All"), LOVED: self.tr("Favourites"), **category_titles()}
        for key, title in titles.items():
            self.category.addItem(title, key)

    def _arrange(self, look: Look) -> None:
        head = look.pad(FlowLayout(), gap=8)
        head.addWidget(self.search)
        head.addWidget(self.category)
        tools = look.pad(QHBoxLayout(), gap=6)
        tools.addWidget(self.use, 1)
        for control in (self.star, self.rename, self.copy, self.delete):
            tools.addWidget(control)
        self.body.addWidget(label(self.tr("Presets"), "title"))
        self.body.addLayout(head)
        self.body.addWidget(self.list, 1)
        self.body.addLayout(tools)
        self.body.addWidget(self.save)

    def showEvent(self, a0: Any) -> None:
        """Reads the presets when they are first looked at."""
        super().showEvent(a0)
        if not self._presets:
            self.read()

    def state(self) -> State:
        """The favourites, the category that is shown, and what is chosen in it."""
        return {
            "favourites": sorted(self.favourites),
            "category": str(self.category.currentData()),
            "chosen": self._chosen,
        }

    def restore(self, state: State) -> None:
        """Is again as it was the last time."""
        self.favourites = set(state["favourites"])
        self.category.setCurrentIndex(max(self.category.findData(state["category"]), 0))
        self._chosen = state["chosen"]

    def read(self) -> None:
        """Reads all presets again."""
        self._presets = self._store.list()
        for problem in self._store.problems:
            self._session.say(problem, "warning")
        self._fill()

    def current(self) -> Preset | None:
        """The preset that is chosen."""
        item = self.list.currentItem()
        return item.data(PRESET) if item is not None else None

    def use_preset(self, preset: Preset) -> None:
        """Sets what the preset names."""
        self.acts.use(preset)
        self.used.emit(preset)

    def save_as(self, name: str) -> None:
        """Saves the present settings."""
        self.acts.save(name)

    def show_all(self) -> None:
        """Takes away what narrows the list."""
        self.search.clear()
        self.category.setCurrentIndex(0)
        self._fill()

    def menu(self, preset: Preset) -> QMenu:
        """What can be done with a preset."""
        menu, own = QMenu(self), not preset.builtin
        entries = (
            (self.tr("Use"), self._use, True),
            (self.tr("Favourite"), self._favour, True),
            (self.tr("Copy to one of your own"), self._copy, True),
            (self.tr("Rename…"), self._rename, own),
            (self.tr("Save the settings over it"), lambda: self.acts.save(preset.name), own),
            (self.tr("Move to the bin"), self._delete, own),
            (
                self.tr("Show in folder") if own else self.tr("Show the folder of your presets"),
                self._show_file,
                True,
            ),
        )
        for words, do, on in entries:
            action = menu.addAction(words, do)
            if action is not None:
                action.setEnabled(on)
        return menu

    def _connect(self) -> None:
        self.search.textChanged.connect(lambda _: self._fill())
        self.search.entered.connect(self._first_hit)
        self.search.left.connect(self.list.setFocus)
        self.category.activated.connect(lambda _: self._fill())
        self.list.itemDoubleClicked.connect(lambda _: self._use())
        self.list.currentItemChanged.connect(lambda _now, _before: self._choose())
        self.list.use.connect(self._use)
        self.list.favour.connect(self._favour)
        self.list.rename.connect(self._rename)
        self.list.remove.connect(self._delete)
        self.list.left.connect(self.show_all)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._open_menu)
        self.use.clicked.connect(self._use)
        self.star.clicked.connect(self._favour)
        self.save.clicked.connect(self._save)
        self.rename.clicked.connect(self._rename)
        self.copy.clicked.connect(self._copy)
        self.delete.clicked.connect(self._delete)
        self._session.presets_changed.connect(self.read)

    def _fill(self) -> None:
        """Lists what matches; what was chosen stays so, else what stands in its place is."""
        words, row = self.search.text().casefold().split(), self.list.currentRow()
        shown = [preset for preset in self._presets if self._matches(preset, words)]
        found = [row for row, preset in enumerate(shown) if preset.name == self._next]
        self._next = "" if found else self._next
        found += [row for row, preset in enumerate(shown) if _key(preset) == self._chosen]
        with QSignalBlocker(self.list):
            self.list.clear()
            for preset in shown:
                self.list.addItem(self._item(preset))
            if shown:
                self.list.setCurrentRow(found[0] if found else min(max(row, 0), len(shown) - 1))
        # What only a search hides is chosen again when that is cleared.
        if found or len(shown) == len(self._presets):
            self._choose()
        self._enable()

    def _matches(self, preset: Preset, words: list[str]) -> bool:
        category = str(self.category.currentData())
        chosen = {ALL: True, LOVED: preset.name in self.favourites, MINE: not preset.builtin}
        shown = chosen.get(category, preset.category == category)
        text = (preset.name, preset.description, said(preset.description), *preset.tags)
        whole = " ".join((*text, preset.values.get("prompt", ""))).casefold()
        return shown and all(word in whole for word in words)

    def _item(self, preset: Preset) -> QListWidgetItem:
        item = QListWidgetItem(preset.name)
        yours = "" if preset.builtin else self.tr("yours")
        loved = self.tr("Favourite") if preset.name in self.favourites else ""
        item.setData(PRESET, preset)
        item.setData(FAVOURITE, bool(loved))
        spoken = ", ".join(filter(None, (preset.name, yours, loved, said(preset.description))))
        item.setData(Qt.ItemDataRole.AccessibleTextRole, spoken)
        whole = (preset.name, said(preset.description), preset.values.get("prompt", ""))
        item.setToolTip(hint("\n".join(filter(None, (*whole, str(preset.path or ""))))))
        return item

    def _choose(self) -> None:
        preset = self.current()
        if preset is not None:
            self._chosen = _key(preset)
        self._enable()

    def _choose_next(self, name: str) -> None:
        self._next = name

    def _renamed(self, name: str, new_name: str) -> None:
        """The star goes with the name."""
        if name in self.favourites:
            self.favourites = self.favourites - {name} | {new_name}

    def _first_hit(self) -> None:
        if self.list.count():
            self.list.setCurrentRow(0)
            self.list.setFocus()

    def _enable(self) -> None:
        preset = self.current()
        self.copy.setEnabled(preset is not None)
        self.use.setEnabled(preset is not None)
        self.star.setEnabled(preset is not None)
        loved = preset is not None and preset.name in self.favourites
        self.star.set_icon("star-filled" if loved else "star", "accent" if loved else "text")
        own = preset is not None and not preset.builtin
        self.rename.setEnabled(own)
        self.delete.setEnabled(own)

    def _use(self) -> None:
        preset = self.current()
        if preset is not None:
            self.use_preset(preset)

    def _favour(self) -> None:
        preset = self.current()
        if preset is not None:
            self.favourites ^= {preset.name}
            self._fill()

    def _save(self) -> None:
        name = ask_name(self, self.tr("Save preset"), self.tr("Name of the preset"))
        if name:
            self.save_as(name)

    def _rename(self) -> None:
        preset = self.current()
        if preset is None or preset.builtin:
            return
        name = ask_name(self, self.tr("Rename preset"), self.tr("Name of the preset"), preset.name)
        if name:
            self.acts.rename(preset, name)

    def _copy(self) -> None:
        preset = self.current()
        if preset is not None:
            self.acts.duplicate(preset)

    def _delete(self) -> None:
        preset = self.current()
        if preset is not None and not preset.builtin:
            self.acts.delete(preset)

    def _show_file(self) -> None:
        """Shows the file of a preset; of one that is built in, where one's own lie."""
        preset = self.current()
        path = preset.path if preset is not None else None
        if not show_in_folder(path or self._store.folder):
            self._session.say(self.tr("Your presets lie in {0}.").format(self._store.folder))

    def _open_menu(self, place: QPoint) -> None:
        preset = self.current()
        if preset is not None:
            menu = self.menu(preset)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self.list.mapToGlobal(place))


def _key(preset: Preset) -> str:
    """What stays the same when a preset is renamed."""
    return str(preset.path or preset.name)
