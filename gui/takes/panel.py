"""The takes: search, list, and what the keys do in it.

Knows the session's library. Arrows move, Space plays, L loops, Del bins, F marks a favourite, 0-5 rate, F2 renames,
A and B set what is compared, a click on Play in a row launches in time, Escape shows all takes again; a take that is
dragged out of the list leaves as a file. Whatever is searched, comes or goes, what was chosen stays chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from PyQt6.QtCore import QPoint, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QMenu,
)

from bridge.state import PlaybackState, Search, Take
from gui.folders import show_or_say
from gui.history import History
from gui.look.asking import agrees, ask_name
from gui.look.containers import Card
from gui.look.controls import IconButton, label
from gui.look.search_field import SearchField
from gui.look.theme import Look
from gui.qt_session import QtSession
from gui.takes.acts import TakeActs
from gui.takes.delegate import TakeDelegate
from gui.takes.model import TakeModel
from gui.takes.needed import needed
from gui.takes.notes import export_notes
from gui.takes.peak_store import PeakStore
from gui.takes.search import read_search
from gui.takes.take_list import TakeList

SETTLE_MS = 120


class TakesPanel(Card):
    """Search and list.

    Signals:
        chosen: another take is current, or None.
        play_asked: a take is to be heard.
        launch_asked: a take is to begin at the next step of a grid, empty for the transport's own.
        use_asked, vary_asked, continue_asked, source_asked: what the menu offers.
    """

    chosen = pyqtSignal(object)
    play_asked = pyqtSignal(object)
    launch_asked = pyqtSignal(object, str)
    use_asked = pyqtSignal(object)
    vary_asked = pyqtSignal(object)
    continue_asked = pyqtSignal(object)
    source_asked = pyqtSignal(object)
    key_pressed = pyqtSignal(object)

    def __init__(self, session: QtSession, look: Look, peaks: PeakStore, history: History) -> None:
        super().__init__(look, (12, 12, 8, 8), 8)
        self._session = session
        self.acts = TakeActs(session, history, self._back)
        self.fill_send: Callable[[QMenu], object] = lambda menu: None
        """Adds to a menu where the chosen takes can be sent."""
        self.model = TakeModel(session, self)
        self.search = SearchField(
            self.tr("Search takes by name, prompt, key or model"),
            self.tr("Search: piano, 120bpm, 4*"),
        )
        self.favourites = IconButton(look, "star", self.tr("Only favourites"))
        self.favourites.setCheckable(True)
        self.list = TakeList(self.model)
        self.list.setAccessibleName(self.tr("Takes"))
        self.delegate = TakeDelegate(look, peaks)
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
        self.search.entered.connect(self._first_hit)
        self.search.left.connect(self.list.setFocus)
        self.favourites.toggled.connect(lambda _: self.settle())
        self.list.activated.connect(
            lambda index: self.play_asked.emit(self.model.take(index.row()))
        )
        self.list.key_pressed.connect(self._key)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._open_menu)
        self.list.chosen.connect(self.chosen)
        for signal in (self.model.modelReset, self.model.rowsInserted, self.model.rowsRemoved):
            signal.connect(self._count)
        self.delegate.favoured.connect(lambda take: self.acts.favour([take]))
        self.delegate.rated.connect(lambda take, stars: self.acts.rate([take], stars))
        self.delegate.launched.connect(lambda take: self.launch_asked.emit(take, ""))
        self._session.take_added.connect(lambda take: peaks.retry(take.path))
        viewport = self.list.viewport()
        if viewport is not None:
            peaks.ready.connect(lambda _: viewport.update())
        self._session.playback_changed.connect(self._heard)

    def current(self) -> Take | None:
        """The take that is chosen."""
        return self.list.current_take()

    def chosen_takes(self) -> list[Take]:
        """All that are chosen."""
        return self.list.chosen_takes()

    def select(self, take_id: str) -> bool:
        """Chooses a take; False if it is not in the list."""
        return self.list.select_take(take_id)

    def walk(self, step: int) -> None:
        """Chooses the next or the one before."""
        self.list.walk(step)

    def settle(self) -> None:
        """Searches for what was typed; what was chosen stays so."""
        self._settling.stop()
        favourite = True if self.favourites.isChecked() else None
        self.model.search(replace(read_search(self.search.text()), favourite=favourite))

    def show_all(self) -> bool:
        """Takes away what narrows the list; False if nothing did."""
        narrowed = bool(self.search.text()) or self.favourites.isChecked()
        if narrowed:
            self.search.clear()
            self.favourites.setChecked(False)
            self.settle()
        return narrowed

    def mark(self, marks: dict[str, str]) -> None:
        """Shows which takes are A and B."""
        self.delegate.marks = marks
        self.list.viewport().update()  # pyright: ignore[reportOptionalMemberAccess]

    def bin(self) -> None:
        """Moves the chosen takes to the bin; what comes after them is chosen. Asks where a DAW's project needs one."""
        takes = self.chosen_takes()
        words = needed(self._session, takes)
        if not words or agrees(self, words, self.tr("Move to the bin"), self.tr("Keep")):
            self.acts.bin(takes)

    def show_waiting(self, take_id: str, waits: float | None) -> None:
        """Counts the seconds down in the row of the take that waits for its beat; polled."""
        waiting = (take_id, f"-{waits:.1f} s") if take_id and waits is not None else ("", "")
        if waiting != self.delegate.waiting:
            rows = {self.model.row(each) for each in (waiting[0], self.delegate.waiting[0]) if each}
            self.delegate.waiting = waiting
            for row in rows - {-1}:
                self.list.update(self.model.index(row))

    def rate(self, stars: int) -> None:
        """Rates the chosen takes."""
        self.acts.rate(self.chosen_takes(), stars)

    def favour(self) -> None:
        """Marks the chosen takes, or takes the mark away."""
        self.acts.favour(self.chosen_takes())

    def fit(self) -> None:
        """Stretches the chosen takes to the tempo they were asked for, as new takes."""
        if not self.chosen_takes():
            self._session.say(self.tr("Choose a take in the list first."), "warning")
        for take in self.chosen_takes():
            self._session.attempt(self._session.session.fit, take.id)

    def rename(self) -> None:
        """Asks for another title."""
        take = self.current()
        if take is None:
            return
        name = ask_name(self, self.tr("Rename"), self.tr("Title of the take"), take.name)
        if name:
            self.acts.rename(take, name)

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
            (self.tr("Show in folder"), lambda: show_or_say(take.path, self._session.say)),
            (self.tr("Move to the bin"), self.bin),
        )
        for words, do in entries:
            menu.addAction(words, do)
        after = menu.actions()[1]
        launch, send = QMenu(self.tr("Launch"), menu), QMenu(self.tr("Send to"), menu)
        for words, grid in (
            (self.tr("At the next beat"), "beat"),
            (self.tr("At the next bar"), "bar"),
            (self.tr("At the next 2 bars"), "2bar"),
            (self.tr("At the next 4 bars"), "4bar"),
        ):
            launch.addAction(words, lambda grid=grid: self.launch_asked.emit(take, grid))
        self.fill_send(send)
        menu.insertMenu(after, launch)
        menu.insertMenu(after, send)
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
        elif key == Qt.Key.Key_Escape:
            if not self.show_all():
                return
        else:
            return
        event.accept()

    def _back(self, ids: Sequence[str]) -> None:
        self.list.awaited = ids

    def _first_hit(self) -> None:
        self.settle()
        if self.model.rowCount():
            self.list.choose_row(0)
            self.list.setFocus()

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
