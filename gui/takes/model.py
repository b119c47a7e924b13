"""The takes as a Qt model: pages from the library's search, kept up to date while they are shown.

Knows `Session.search` and the events of takes. A page is fetched when somebody scrolls near its end, so a library of
any size opens at once.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from PyQt6.QtCore import QAbstractListModel, QByteArray, QMimeData, QModelIndex, QObject, Qt, QUrl

from bridge.state import Search, Take
from bridge.takes.naming import title
from gui.look.language import tr
from gui.prompt_form import headline, read_form
from gui.qt_session import QtSession

PAGE = 60
TAKE = Qt.ItemDataRole.UserRole


class TakeModel(QAbstractListModel):
    """Takes that match a search, newest first."""

    def __init__(self, session: QtSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._search = Search(limit=PAGE)
        self._takes: list[Take] = []
        self._more = True
        session.take_added.connect(self._added)
        session.take_changed.connect(self._changed)
        session.take_removed.connect(self._removed)

    # --- what Qt asks ---

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008 (Qt's own signature)
        """Takes fetched so far."""
        return 0 if parent.isValid() else len(self._takes)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The take itself, and its words for screen readers."""
        if not index.isValid() or index.row() >= len(self._takes):
            return None
        take = self._takes[index.row()]
        if role == TAKE:
            return take
        if role == Qt.ItemDataRole.DisplayRole:
            return take.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            stars = self.tr("{0} stars").format(take.rating)
            return f"{take_title(take)}, {tempo_words(take)}, {take.seconds:.0f} s, {stars}"
        return None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Takes can be chosen and dragged away."""
        return super().flags(index) | Qt.ItemFlag.ItemIsDragEnabled

    def mimeTypes(self) -> list[str]:
        """Takes leave as files."""
        return ["text/uri-list"]

    def mimeData(self, indexes: Any) -> QMimeData:
        """The files of the chosen takes."""
        return take_mime([self._takes[index.row()] for index in indexes])

    def supportedDragActions(self) -> Qt.DropAction:
        """A take that is dragged away stays."""
        return Qt.DropAction.CopyAction

    def canFetchMore(self, parent: QModelIndex) -> bool:
        """Whether the library has more."""
        return self._more and not parent.isValid()

    def fetchMore(self, parent: QModelIndex) -> None:
        """Fetches the next page."""
        page = self._page(len(self._takes))
        if page:
            first = len(self._takes)
            self.beginInsertRows(QModelIndex(), first, first + len(page) - 1)
            self._takes += page
            self.endInsertRows()

    # --- what the panel asks ---

    def search(self, search: Search) -> None:
        """Shows what matches."""
        self.beginResetModel()
        self._search, self._takes, self._more = replace(search, limit=PAGE, offset=0), [], True
        self._takes = self._page(0)
        self.endResetModel()

    def again(self) -> None:
        """Searches again."""
        self.search(self._search)

    def take(self, row: int) -> Take | None:
        """The take in a row."""
        return self._takes[row] if 0 <= row < len(self._takes) else None

    def row(self, take_id: str) -> int:
        """The row of a take, -1 if it is not among those fetched."""
        return next((row for row, take in enumerate(self._takes) if take.id == take_id), -1)

    def searching(self) -> bool:
        """Whether anything is asked for."""
        return replace(self._search, limit=PAGE, offset=0) != Search(limit=PAGE)

    def _page(self, offset: int) -> list[Take]:
        found = self._session.attempt(
            self._session.session.takes.search, replace(self._search, offset=offset)
        )
        known = {take.id for take in self._takes}
        page = [take for take in found or [] if take.id not in known]
        self._more = len(found or []) == PAGE
        return page

    # --- what happens ---

    def _added(self, take: Take) -> None:
        if self.searching():
            self.again()
        elif self.row(take.id) < 0:
            newer = (row for row, known in enumerate(self._takes) if known.created <= take.created)
            row = next(newer, len(self._takes))
            self.beginInsertRows(QModelIndex(), row, row)
            self._takes.insert(row, take)
            self.endInsertRows()

    def _changed(self, take: Take) -> None:
        row = self.row(take.id)
        if row >= 0:
            self._takes[row] = take
            self.dataChanged.emit(self.index(row), self.index(row))

    def _removed(self, take_id: str) -> None:
        row = self.row(take_id)
        if row >= 0:
            self.beginRemoveRows(QModelIndex(), row, row)
            del self._takes[row]
            self.endRemoveRows()


def take_mime(takes: list[Take]) -> QMimeData:
    """Takes as files for a DAW, a folder or a mail; a take is a lasting file with a unique name."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(take.path)) for take in takes if take.path.exists()])
    data.setData(
        "application/x-longtake-take", QByteArray("\n".join(take.id for take in takes).encode())
    )
    return data


def tempo_words(take: Take) -> str:
    """Asked and measured tempo, honestly: '124 BPM', '124 → 123.8', or nothing."""
    asked, measured = take.tempo_asked, take.tempo_measured
    if asked is None and measured is None:
        return ""
    if asked is None:
        return f"{measured:.1f} BPM"
    if measured is None or abs(measured - asked) < 0.05:
        return f"{asked:g} BPM"
    return f"{asked:g} → {measured:.1f}"


def take_title(take: Take) -> str:
    """What a list calls a take: the title it was given, or its prompt in short while it has none of its own."""
    return headline(take.prompt) if take.prompt and take.name == title(take.prompt) else take.name


def take_words(take: Take, tempo: str = "") -> str:
    """The second line: what the title leaves out, and when it was made."""
    moods = ", ".join(read_form(take.prompt).moods)
    kinds = {
        "transform": tr("transformed"),
        "continue": tr("continued"),
        "inpaint": tr("filled in"),
        "vary": tr("varied"),
        "capture": tr("recorded"),
    }
    made = time.localtime(take.created)
    today = time.strftime("%Y%j", made) == time.strftime("%Y%j")
    when = time.strftime("%H:%M" if today else "%d %b %H:%M", made)
    return "  ·  ".join(part for part in (when, tempo, moods, kinds.get(take.kind)) if part)


def length_words(seconds: float) -> str:
    """Minutes and seconds, '0:31'; short sounds with a tenth, '2.4 s'."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{int(seconds + 0.5) // 60}:{int(seconds + 0.5) % 60:02d}"


def take_facts(take: Take) -> str:
    """Tempo, key, length, loop, model, seed and rate in a line."""
    parts = (
        tempo_words(take),
        take.key,
        length_words(take.seconds),
        tr("loop") if take.loop else "",
        take.model,
        tr("seed {0}").format(take.seed) if take.seed is not None else "",
        f"{take.sample_rate / 1000:g} kHz",
    )
    return "  ·  ".join(part for part in parts if part)
