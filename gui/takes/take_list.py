"""The list of takes: what is chosen in it stays so whatever is searched, comes or goes; takes leave it as files.

Knows the model of takes; nothing of the session.
"""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QItemSelectionModel, QModelIndex, QPoint, QRect, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QDrag, QKeyEvent, QPixmap
from PyQt6.QtWidgets import QAbstractItemView, QListView

from bridge.state import Take
from gui.takes.model import TakeModel


class TakeList(QListView):
    """The list itself.

    Signals:
        chosen: another take is current, or None; or the same was clicked.
        key_pressed: the keys it does not use itself.
    """

    chosen = pyqtSignal(object)
    key_pressed = pyqtSignal(object)

    def __init__(self, takes: TakeModel) -> None:
        super().__init__()
        self._takes = takes
        self._last: Take | None = None
        """What was chosen last, also while a search hides it."""
        self._selected: set[str] = set()
        self._restoring = False
        self.awaited: Sequence[str] = ()
        """Takes that come back from the bin and are chosen as soon as they are there."""
        self._gap = -1
        """The row where what was chosen went away; -1 when nothing did."""
        self._filling = QTimer(self)
        self._filling.setSingleShot(True)
        self._filling.timeout.connect(self._fill_gap)
        # Heard before Qt makes the row above current.
        takes.rowsAboutToBeRemoved.connect(self._remember_gap)
        self.setModel(takes)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setDefaultDropAction(Qt.DropAction.CopyAction)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        selection = self.selectionModel()
        if selection is not None:
            selection.currentChanged.connect(lambda now, _: self._choose(now.row()))
        # A click on what is current already looks at it again, after something else was looked at.
        self.clicked.connect(lambda index: self._choose(index.row()))
        takes.modelAboutToBeReset.connect(self._keep_chosen)
        takes.modelReset.connect(self._restore_chosen)
        for signal in (takes.modelReset, takes.rowsInserted):
            signal.connect(self._welcome_back)

    def current_take(self) -> Take | None:
        """The take that is chosen."""
        return self._takes.take(self.currentIndex().row())

    def chosen_takes(self) -> list[Take]:
        """All that are chosen, from the top."""
        rows = sorted(index.row() for index in self.selectedIndexes())
        return [take for take in map(self._takes.take, rows) if take is not None]

    def select_take(self, take_id: str) -> bool:
        """Chooses a take; False if it is not in the list."""
        return self.choose_row(self._takes.row(take_id))

    def walk(self, step: int) -> None:
        """Chooses the next or the one before."""
        self.choose_row(min(max(self.currentIndex().row() + step, 0), self._takes.rowCount() - 1))

    def choose_row(self, row: int) -> bool:
        """Chooses a row and no other, whatever keys are held as this happens; False if there is none."""
        selection = self.selectionModel()
        if row >= 0 and selection is not None:
            how = QItemSelectionModel.SelectionFlag.ClearAndSelect
            selection.setCurrentIndex(self._takes.index(row), how)
        return row >= 0

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

    def _choose(self, row: int) -> None:
        """Another row is current."""
        if self._restoring:
            return
        take = self._takes.take(row)
        if take is not None:
            self._last = take
        self.chosen.emit(take)

    def _keep_chosen(self) -> None:
        self._selected = {take.id for take in self.chosen_takes()}

    def _restore_chosen(self) -> None:
        """The rows are others: the same takes are chosen as before, as far as they are there."""
        selection, kept = self.selectionModel(), self._last
        row = self._takes.reach(kept) if kept is not None else -1
        if selection is None or row < 0:
            return
        self._restoring = True
        flags = QItemSelectionModel.SelectionFlag
        for other in (self._takes.row(take_id) for take_id in self._selected):
            if other >= 0:
                selection.select(self._takes.index(other), flags.Select)
        selection.setCurrentIndex(self._takes.index(row), flags.Select)
        self.scrollTo(self._takes.index(row))
        self._restoring = False

    def _remember_gap(self, _parent: QModelIndex, first: int, last: int) -> None:
        """What is chosen goes: when all that goes is gone, what comes after it is chosen."""
        if first <= self.currentIndex().row() <= last:
            self._gap, self._restoring = first, True
        elif 0 <= last < self._gap:
            self._gap -= last - first + 1
        if self._gap >= 0:
            self._filling.start()

    def _fill_gap(self) -> None:
        row = min(self._gap, self._takes.rowCount() - 1)
        self._gap, self._restoring = -1, False
        if not self.selectedIndexes():
            self.choose_row(row)
        self._choose(self.currentIndex().row())

    def _welcome_back(self) -> None:
        """Chooses what comes back from the bin, as soon as it is there."""
        there = [take_id for take_id in self.awaited if self._takes.row(take_id) >= 0]
        if there:
            self.awaited = [take_id for take_id in self.awaited if take_id not in there]
            self.select_take(there[0])
