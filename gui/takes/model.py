"""The takes as a Qt model: pages from the library's search, kept up to date while they are shown.

Knows `Session.search` and the events of takes. A page is fetched when somebody scrolls near its end, so a library of
any size opens at once.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

from PyQt6.QtCore import QAbstractListModel, QByteArray, QMimeData, QModelIndex, QObject, Qt, QUrl

from bridge.state import Search, Take
from bridge.takes.naming import title
from gui.look.as_typed import hint
from gui.look.language import tr
from gui.prompt_form import headline, read_form
from gui.qt_session import QtSession
from gui.takes.apart import akin, apart

PAGE = 60
NEAR, DEEPEST = 240, 2000
"""Rows that are fetched at most to find a take again: as one types, and when all takes are shown."""
TAKE = Qt.ItemDataRole.UserRole
APART = Qt.ItemDataRole.UserRole + 1
"""What tells a take from the rows beside it that read alike: a text."""


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
        if role == APART:
            return "  ·  ".join(self._apart(index.row()))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(filter(None, spoken(take, self._apart(index.row()))))
        if role == Qt.ItemDataRole.ToolTipRole:
            return hint("\n".join(filter(None, whole(take, self._apart(index.row())))))
        return None

    def _apart(self, row: int) -> list[str]:
        """What tells a take from its neighbours that read alike; nothing where none does."""
        take = self._takes[row]
        beside = [other for other in (self.take(row - 1), self.take(row + 1)) if other is not None]
        alike = [other for other in beside if akin(take, other)]
        return apart(take, alike) if alike else []

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
        self._start(replace(search, limit=PAGE, offset=0), PAGE)

    def again(self) -> None:
        """Searches again, as far as was looked."""
        self._start(self._search, min(max(len(self._takes) + 1, PAGE), DEEPEST))

    def _start(self, search: Search, size: int) -> None:
        self.beginResetModel()
        self._search, self._takes, self._more = search, [], True
        self._takes = self._page(0, size)
        self.endResetModel()

    def reach(self, take: Take) -> int:
        """The row of a take; -1 if it does not match, or stands farther down than is worth waiting for."""
        if self.row(take.id) < 0 and self._matches(take):
            first = len(self._takes)
            most = NEAR if self.searching() else DEEPEST
            page = self._ask(since=take.created, offset=first, limit=most)
            if any(each.id == take.id for each in page):
                self.beginInsertRows(QModelIndex(), first, first + len(page) - 1)
                self._takes += page
                self.endInsertRows()
        return self.row(take.id)

    def _matches(self, take: Take) -> bool:
        made = take.created
        found = self._ask(since=made, until=math.nextafter(made, math.inf))
        return any(each.id == take.id for each in found)

    def take(self, row: int) -> Take | None:
        """The take in a row."""
        return self._takes[row] if 0 <= row < len(self._takes) else None

    def row(self, take_id: str) -> int:
        """The row of a take, -1 if it is not among those fetched."""
        return next((row for row, take in enumerate(self._takes) if take.id == take_id), -1)

    def searching(self) -> bool:
        """Whether anything is asked for."""
        return replace(self._search, limit=PAGE, offset=0) != Search(limit=PAGE)

    def _page(self, offset: int, size: int = PAGE) -> list[Take]:
        found = self._ask(offset=offset, limit=size)
        known = {take.id for take in self._takes}
        self._more = len(found) == size
        return [take for take in found if take.id not in known]

    def _ask(self, **more: Any) -> list[Take]:
        search = replace(self._search, **more)
        return self._session.attempt(self._session.session.takes.search, search) or []

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
            # The rows beside it may be told apart otherwise now.
            last = min(row + 1, len(self._takes) - 1)
            self.dataChanged.emit(self.index(max(row - 1, 0)), self.index(last))

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
    if take.prompt and take.name == title(take.prompt):
        return headline(take.prompt)
    untitled = {"capture": tr("Recording"), "live": tr("Live")} if take.name == take.kind else {}
    return untitled.get(take.name, take.name)


def take_words(take: Take, tempo: str = "", told: str = "") -> str:
    """The second line: what tells it from its neighbours, when it was made, and what the title leaves out."""
    moods = ", ".join(read_form(take.prompt).moods)
    made = time.localtime(take.created)
    today = time.strftime("%Y%j", made) == time.strftime("%Y%j")
    when = time.strftime("%H:%M" if today else "%d %b %H:%M", made)
    return "  ·  ".join(part for part in (told, when, tempo, moods, kind_words(take)) if part)


def kind_words(take: Take) -> str:
    """How a take came about; nothing of one that was made from nothing."""
    kinds = {
        "transform": tr("transformed"),
        "continue": tr("continued"),
        "inpaint": tr("filled in"),
        "vary": tr("varied"),
        "capture": tr("recorded"),
        "live": tr("played live"),
    }
    return kinds.get(take.kind, "")


def spoken(take: Take, told: list[str]) -> list[str]:
    """A row for those who hear it: what tells it from its neighbours comes right after the title."""
    stars = tr("{0} stars").format(take.rating)
    favourite = tr("Favourite") if take.favourite else ""
    made = time.strftime("%H:%M:%S", time.localtime(take.created))
    length = f"{take.seconds:.0f} s" if take.seconds >= 10 else f"{take.seconds:.1f} s"
    words = (tempo_words(take), take.key, length, stars, favourite, kind_words(take), made)
    return [take_title(take), *told, *words]


def whole(take: Take, told: list[str]) -> list[str]:
    """All that is worth knowing of a take, a line each."""
    made = time.strftime("%x  %X", time.localtime(take.created))
    seed = "" if take.seed is None else tr("seed {0}").format(take.seed)
    about = (made, kind_words(take), f"{take.seconds:.1f} s", tempo_words(take), take.key)
    made_by = (take.model, seed)
    return [
        take_title(take),
        "  ·  ".join(told),
        "  ·  ".join(filter(None, about)),
        "  ·  ".join(filter(None, made_by)),
        take.prompt if take.prompt != take_title(take) else "",
    ]


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
