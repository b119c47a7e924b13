"""The takes: search, list, and what the keys do in it.

Knows the session's library. Arrows move, Space plays, L loops, Del bins, F marks a favourite, 0-5 rate, F2 renames,
A and B set what is compared; a take that is dragged out of the list leaves as a file.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Unpack

from PyQt6.QtCore import QModelIndex, QPoint, QRect, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QDrag, QKeyEvent, QPixmap
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QInputDialog,
    QListView,
    QMenu,
)

from bridge.state import PlaybackState, Search, Take, TakeChange
from gui.look.containers import Card
from gui.look.controls import IconButton, label, later, text_field
from gui.look.theme import Look
from gui.qt_session import QtSession
from gui.takes.delegate import TakeDelegate
from gui.takes.model import TakeModel
from gui.takes.notes import export_notes
from gui.takes.peak_store import PeakStore
from gui.takes.search import read_search

SETTLE_MS = 120


class TakeList(QListView):
    """The list itself; `key_pressed` signals the keys it does not use itself."""

    key_pressed = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setDefaultDropAction(Qt.DropAction.CopyAction)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)

    def keyPressEvent(self, e: QKeyEvent | None) -> None:
        """Handles arrows and the like itself and signals all other keys."""
        own = (
            Qt.Key.Key_Up,
            Qt.Key.Key_Down,
            Qt.Key.Key_PageUp,
            Qt.Key.Key_PageDown,
            Qt.Key.Key_Home,
            Qt.Key.Key_End,
        )
        if e is not None and e.key() in own:
            super().keyPressEvent(e)
        elif e is not None:
            e.ignore()
            self.key_pressed.emit(e)

    def startDrag(self, supportedActions: Qt.DropAction) -> None:
        """Drags takes out as files, by copy: dragging never moves them out of the library."""
        model = self.model()
        chosen = self.selectedIndexes()
        if model is None or not chosen:
            return
        drag = QDrag(self)
        drag.setMimeData(model.mimeData(chosen))
        drag.setPixmap(self._picture(chosen[0]))
        drag.setHotSpot(QPoint(16, 16))
        drag.exec(Qt.DropAction.CopyAction, Qt.DropAction.CopyAction)

    def _picture(self, index: QModelIndex) -> QPixmap:
        box = self.visualRect(index)
        viewport = self.viewport()
        if viewport is None or not box.isValid():
            return QPixmap()
        return viewport.grab(QRect(box.left(), box.top(), min(box.width(), 360), box.height()))


class TakesPanel(Card):
    """Search and list.

    Signals:
        chosen: another take is current, or None.
        play_asked: a take is to be heard.
        use_asked, vary_asked, continue_asked, source_asked: what the menu offers.
    """

    chosen = pyqtSignal(object)
    play_asked = pyqtSignal(object)
    use_asked = pyqtSignal(object)
    vary_asked = pyqtSignal(object)
    continue_asked = pyqtSignal(object)
    source_asked = pyqtSignal(object)
    key_pressed = pyqtSignal(object)

    def __init__(self, session: QtSession, look: Look, peaks: PeakStore) -> None:
        super().__init__(look, (12, 12, 8, 8), 8)
        self._session = session
        self.model = TakeModel(session, self)
        self.search = text_field(
            self.tr("Search takes by name, prompt, key or model"),
            self.tr("Search: piano, 120bpm, 4*"),
        )
        self.search.setClearButtonEnabled(True)
        self.favourites = IconButton(look, "star", self.tr("Only favourites"))
        self.favourites.setCheckable(True)
        self.list = TakeList()
        self.list.setAccessibleName(self.tr("Takes"))
        self.delegate = TakeDelegate(look, peaks)
        self.list.setModel(self.model)
        self.list.setItemDelegate(self.delegate)
        self.nothing = label("", "muted", wrap=True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        row = look.pad(QHBoxLayout(), (4, 0, 8, 0), 8)
        row.addWidget(label(self.tr("Takes"), "title"))
        row.addStretch(1)
        row.addWidget(self.search, 2)
        row.addWidget(self.favourites)
        self.body.addLayout(row)
        self.body.addWidget(self.list, 1)
        self.body.addWidget(self.nothing, 1)
        self._connect(peaks)
        self.model.search(Search())
        self._count()

    def _connect(self, peaks: PeakStore) -> None:
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.setInterval(SETTLE_MS)
        self._settling.timeout.connect(self.settle)
        self.search.textChanged.connect(lambda _: self._settling.start())
        self.search.returnPressed.connect(self.settle)
        self.favourites.toggled.connect(lambda _: self.settle())
        self.list.activated.connect(
            lambda index: self.play_asked.emit(self.model.take(index.row()))
        )
        self.list.key_pressed.connect(self._key)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._open_menu)
        selection = self.list.selectionModel()
        if selection is not None:
            selection.currentChanged.connect(
                lambda now, _: self.chosen.emit(self.model.take(now.row()))
            )
        for signal in (self.model.modelReset, self.model.rowsInserted, self.model.rowsRemoved):
            signal.connect(self._count)
        self.delegate.favoured.connect(lambda take_id, on: self._change(take_id, favourite=on))
        self.delegate.rated.connect(lambda take_id, stars: self._change(take_id, rating=stars))
        viewport = self.list.viewport()
        if viewport is not None:
            peaks.ready.connect(lambda _: viewport.update())
        self._session.playback_changed.connect(self._heard)

    def current(self) -> Take | None:
        """The take that is chosen."""
        return self.model.take(self.list.currentIndex().row())

    def chosen_takes(self) -> list[Take]:
        """All that are chosen."""
        rows = sorted(index.row() for index in self.list.selectedIndexes())
        return [take for take in map(self.model.take, rows) if take is not None]

    def select(self, take_id: str) -> bool:
        """Chooses a take; False if it is not in the list."""
        row = self.model.row(take_id)
        if row >= 0:
            self.list.setCurrentIndex(self.model.index(row))
        return row >= 0

    def walk(self, step: int) -> None:
        """Chooses the next or the one before."""
        row = min(max(self.list.currentIndex().row() + step, 0), self.model.rowCount() - 1)
        if row >= 0:
            self.list.setCurrentIndex(self.model.index(row))

    def settle(self) -> None:
        """Searches for what was typed."""
        self._settling.stop()
        before = self.current()
        favourite = True if self.favourites.isChecked() else None
        self.model.search(replace(read_search(self.search.text()), favourite=favourite))
        if before is not None:
            self.select(before.id)

    def mark(self, marks: dict[str, str]) -> None:
        """Shows which takes are A and B."""
        self.delegate.marks = marks
        self.list.viewport().update()  # pyright: ignore[reportOptionalMemberAccess]

    def bin(self) -> None:
        """Moves the chosen takes to the system's bin, and chooses what comes after them."""
        takes, row = self.chosen_takes(), self.list.currentIndex().row()
        for take in takes:
            self._session.attempt(self._session.session.takes.delete, take.id)
        if takes:
            words = (
                self.tr("{0} is in the bin.")
                if len(takes) == 1
                else self.tr("{0} and others are in the bin.")
            )
            self._session.say(words.format(takes[0].name))
            later(self, lambda: self.walk(row - self.list.currentIndex().row()), 50)

    def rate(self, stars: int) -> None:
        """Rates the chosen takes."""
        for take in self.chosen_takes():
            self._change(take.id, rating=stars)

    def favour(self) -> None:
        """Marks the chosen takes, or takes the mark away."""
        for take in self.chosen_takes():
            self._change(take.id, favourite=not take.favourite)

    def fit(self) -> None:
        """Stretches the chosen takes to the tempo they were asked for, as new takes."""
        for take in self.chosen_takes():
            self._session.attempt(self._session.session.fit, take.id)

    def rename(self) -> None:
        """Asks for another title."""
        take = self.current()
        if take is None:
            return
        name, agreed = QInputDialog.getText(
            self, self.tr("Rename"), self.tr("Title of the take"), text=take.name
        )
        if agreed and name.strip():
            self._change(take.id, name=name.strip())

    def menu(self, take: Take) -> QMenu:
        """What can be done with a take."""
        menu = QMenu(self)
        entries = (
            (self.tr("Play"), lambda: self.play_asked.emit(take)),
            (self.tr("Use these settings"), lambda: self.use_asked.emit(take)),
            (self.tr("Vary"), lambda: self.vary_asked.emit(take)),
            (self.tr("Continue"), lambda: self.continue_asked.emit(take)),
            (self.tr("Start from this take"), lambda: self.source_asked.emit(take)),
            (self.tr("Fit to its tempo exactly"), self.fit),
            (
                self.tr("Export notes as MIDI…"),
                lambda: export_notes(self._session, self, take),
            ),
            (self.tr("Learn a MIDI note that launches it"), lambda: self._learn(take)),
            (self.tr("Rename…"), self.rename),
            (self.tr("Favourite"), self.favour),
            (self.tr("Move to the bin"), self.bin),
        )
        for words, do in entries:
            menu.addAction(words, do)
        return menu

    def _learn(self, take: Take) -> None:
        self._session.attempt(self._session.session.midi.learn, f"launch {take.id}")
        if self._session.session.midi.state().learning:
            self._session.say(
                self.tr("Press a key of your MIDI controller: it will launch this take.")
            )

    def _open_menu(self, place: QPoint) -> None:
        take = self.current()
        if take is not None:
            menu = self.menu(take)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self.list.mapToGlobal(place))

    def _key(self, event: QKeyEvent) -> None:
        key = event.key()
        if Qt.Key.Key_0 <= key <= Qt.Key.Key_5 and not event.modifiers():
            self.rate(key - Qt.Key.Key_0)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.bin()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self.play_asked.emit(self.current())
        else:
            return
        event.accept()

    def _change(self, take_id: str, **change: Unpack[TakeChange]) -> None:
        self._session.attempt(self._session.session.takes.change, take_id, **change)

    def _heard(self, playback: PlaybackState) -> None:
        playing = playback.take_id or "" if playback.state == "playing" else ""
        if playing != self.delegate.playing:
            self.delegate.playing = playing
            self.list.viewport().update()  # pyright: ignore[reportOptionalMemberAccess]

    def _count(self) -> None:
        empty = self.model.rowCount() == 0
        self.list.setVisible(not empty)
        self.nothing.setVisible(empty)
        self.nothing.setText(
            self.tr("Nothing matches. Try another word, or show all takes.")
            if self.model.searching()
            else self.tr("Your takes will be listed here.\nDrag one onto a track of your DAW.")
        )
