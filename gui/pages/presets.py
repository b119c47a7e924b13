"""The preset browser: search, favourites, save, rename, delete; Return or a double click uses one.

Knows `engine.presets` for what a preset is and the session for loading and changing it.
"""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QModelIndex, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QPainter
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QInputDialog,
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from engine.presets import CATEGORIES, Preset, PresetStore
from gui.look.containers import Card
from gui.look.controls import Button, IconButton, label, text_field
from gui.look.fields import ChoiceBox
from gui.look.flow_layout import FlowLayout
from gui.look.icons import paint_icon
from gui.look.theme import Look
from gui.memory import State
from gui.qt_session import QtSession
from gui.takes.row_painter import RowPainter

PRESET = Qt.ItemDataRole.UserRole
FAVOURITE = Qt.ItemDataRole.UserRole + 1
ALL, LOVED = "all", "favourites"


class PresetDelegate(QStyledItemDelegate):
    """Name, description, star."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Two lines."""
        return QSize(self._look.px(160), self._look.px(52))

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Draws a preset."""
        preset = index.data(PRESET)
        if painter is None or not isinstance(preset, Preset):
            return
        look, row = self._look, RowPainter(painter, self._look)
        painter.save()
        box = row.ground(option)
        loved = bool(index.data(FAVOURITE))
        room = box.adjusted(look.px(10), look.px(7), -look.px(34 if loved else 8), -look.px(7))
        half = room.height() / 2
        row.write(room.adjusted(0, 0, 0, -half), preset.name, ("strong", "text"))
        row.write(room.adjusted(0, half, 0, 0), preset.description, ("small", "muted"))
        if loved:
            side = look.px(16)
            star = QRectF(box.right() - look.px(28), box.center().y() - side / 2, side, side)
            paint_icon(painter, "star-filled", look.colour("accent"), star)
        painter.restore()


class PresetList(QListWidget):
    """The list; Return uses, F marks, Del deletes."""

    use = pyqtSignal()
    favour = pyqtSignal()
    remove = pyqtSignal()

    def keyboardSearch(self, search: str | None) -> None:
        """Letters are the window's keys; the search above is for words."""

    def keyPressEvent(self, e: QKeyEvent | None) -> None:
        """Sends keys where they belong."""
        keys = {
            Qt.Key.Key_Return: self.use,
            Qt.Key.Key_Enter: self.use,
            Qt.Key.Key_F: self.favour,
            Qt.Key.Key_Delete: self.remove,
        }
        if e is not None and e.key() in keys and not e.modifiers():
            keys[Qt.Key(e.key())].emit()
        else:
            super().keyPressEvent(e)


class PresetsPanel(Card):
    """All presets; `used` tells which was loaded."""

    used = pyqtSignal(object)

    def __init__(self, session: QtSession, look: Look, store: PresetStore) -> None:
        super().__init__(look)
        self._session, self._store = session, store
        self.favourites: set[str] = set()
        self.search = text_field(
            self.tr("Search presets by name, tag or word"), self.tr("Search presets")
        )
        self.search.setClearButtonEnabled(True)
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
        self.delete = IconButton(look, "bin", self.tr("Delete the preset"))
        self._name_categories()
        self._arrange(look)
        self._connect()
        self._presets: list[Preset] = []

    def _name_categories(self) -> None:
        titles = {
            ALL: self.tr("All"),
            LOVED: self.tr("Favourites"),
            "genre": self.tr("Genres"),
            "loop": self.tr("Loops"),
            "instrument": self.tr("Instruments"),
            "texture": self.tr("Textures"),
            "effect": self.tr("Effects"),
            "beatbox": self.tr("Beatbox to kit"),
            "hum": self.tr("Hum to instrument"),
            "mine": self.tr("Mine"),
        }
        for key in (ALL, LOVED, *CATEGORIES):
            self.category.addItem(titles.get(key, key.capitalize()), key)

    def _arrange(self, look: Look) -> None:
        head = look.pad(FlowLayout(), gap=8)
        head.addWidget(self.search)
        head.addWidget(self.category)
        tools = look.pad(QHBoxLayout(), gap=6)
        tools.addWidget(self.use, 1)
        for control in (self.star, self.rename, self.delete):
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
        """The favourites."""
        return {"favourites": sorted(self.favourites)}

    def restore(self, state: State) -> None:
        """Takes the favourites of the last time."""
        self.favourites = set(state["favourites"])

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
        self._session.attempt(self._session.session.presets.load, preset.name)
        self.used.emit(preset)

    def save_as(self, name: str) -> None:
        """Saves the present settings."""
        self._session.attempt(self._session.session.presets.save, name)

    def _connect(self) -> None:
        self.search.textChanged.connect(lambda _: self._fill())
        self.search.returnPressed.connect(self.list.setFocus)
        self.category.activated.connect(lambda _: self._fill())
        self.list.itemDoubleClicked.connect(lambda _: self._use())
        self.list.currentItemChanged.connect(lambda _now, _before: self._enable())
        self.list.use.connect(self._use)
        self.list.favour.connect(self._favour)
        self.list.remove.connect(self._delete)
        self.use.clicked.connect(self._use)
        self.star.clicked.connect(self._favour)
        self.save.clicked.connect(self._save)
        self.rename.clicked.connect(self._rename)
        self.delete.clicked.connect(self._delete)
        self._session.presets_changed.connect(self.read)

    def _fill(self) -> None:
        words = self.search.text().casefold().split()
        chosen = self.category.currentData()
        before = self.current()
        self.list.clear()
        for preset in self._presets:
            loved = preset.name in self.favourites
            if (chosen == LOVED and not loved) or chosen not in (ALL, LOVED, preset.category):
                continue
            said = " ".join(
                (preset.name, preset.description, *preset.tags, preset.values.get("prompt", ""))
            )
            if not all(word in said.casefold() for word in words):
                continue
            item = QListWidgetItem(preset.name)
            item.setData(PRESET, preset)
            item.setData(FAVOURITE, loved)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{preset.name}. {preset.description}")
            whole = (preset.name, preset.description, preset.values.get("prompt", ""))
            item.setToolTip("\n".join(filter(None, whole)))
            self.list.addItem(item)
            if before is not None and preset.name == before.name:
                self.list.setCurrentItem(item)
        if self.list.currentItem() is None and self.list.count():
            self.list.setCurrentRow(0)
        self._enable()

    def _enable(self) -> None:
        preset = self.current()
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
        name, agreed = QInputDialog.getText(
            self, self.tr("Save preset"), self.tr("Name of the preset")
        )
        if agreed:
            self.save_as(name)

    def _rename(self) -> None:
        preset = self.current()
        if preset is None or preset.builtin:
            return
        name, agreed = QInputDialog.getText(
            self, self.tr("Rename preset"), self.tr("Name of the preset"), text=preset.name
        )
        if agreed:
            self._session.attempt(self._session.session.presets.rename, preset.name, name)

    def _delete(self) -> None:
        preset = self.current()
        if preset is not None and not preset.builtin:
            self._session.attempt(self._session.session.presets.delete, preset.name)
