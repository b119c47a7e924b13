"""The library's index: takes in SQLite, searched by text, tempo, rating, date, favourites. A cache, never the truth.

Knows nothing of audio or sidecars; a damaged database file is discarded, and the library fills a new one from
the files. Without a file that can be used it lives in memory.
"""

from __future__ import annotations

import json
import logging
import re
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from bridge.errors import BridgeError
from bridge.state import Search, Take
from engine.file_names import encodable

T = TypeVar("T")

VERSION = 2
BUSY = 1.0
"""Seconds to wait for a program that holds the file, such as a backup."""
_log = logging.getLogger(__name__)

_TABLES = """
CREATE TABLE takes (
    id TEXT PRIMARY KEY, created REAL NOT NULL, tempo REAL, rating INTEGER NOT NULL, favourite INTEGER NOT NULL,
    kind TEXT NOT NULL, stamp INTEGER NOT NULL, words TEXT NOT NULL, record TEXT NOT NULL
) STRICT;
CREATE INDEX by_created ON takes (created DESC);
"""
_WORDS = "CREATE VIRTUAL TABLE texts USING fts5 (words, content='takes', content_rowid='rowid')"
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
"""What an unknown file answers, or one without our tables."""
_OURS = (sqlite3.ProgrammingError, sqlite3.IntegrityError, sqlite3.DataError)
"""Mistakes in a call, which no other file would mend."""
_ENDS = ("", "-wal", "-shm")
"""Of the files that a database is."""


class Index:
    """One connection behind one lock: a search among 10 000 takes takes a few ms.

    A file that cannot be used - its disk is full or knows no locks, another program holds it - is left as it is, and
    the index goes on in memory. Any call may raise `BridgeError` `io` once it is closed.

    Attributes:
        problem: why it is in memory, a sentence; empty while it is in its file.
        emptied: whether what was known of the takes was lost on the way.
    """

    def __init__(self, path: Path, troubled: Callable[[], None] = lambda: None) -> None:
        """Opens the index at `path`, or begins a new one if it is lost, damaged or of another version.

        Args:
            path: the file; its folder is made.
            troubled: called when a file that could be used so far cannot be used any more.
        """
        self.problem = ""
        self.emptied = False
        self._path = path
        self._troubled = troubled
        self._lock = threading.Lock()
        self._closed = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = self._in_file()
        except (sqlite3.Error, OSError) as error:
            self.problem = self._sentence(error)
            self._db = _opened(":memory:")
        self._full_text = _has_words(self._db)

    def put(self, takes: Iterable[tuple[Take, int]]) -> None:
        """Adds or replaces takes, each with the stamp of its sidecar, in one transaction."""
        rows = [(_row(take, stamp), _words(take)) for take, stamp in takes]

        def write(db: sqlite3.Connection) -> None:
            with _transaction(db):
                for values, words in rows:
                    self._drop(db, values[0])
                    row = db.execute("INSERT INTO takes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
                    if self._full_text:
                        db.execute(
                            "INSERT INTO texts (rowid, words) VALUES (?, ?)", (row.lastrowid, words)
                        )

        self._use(write)

    def drop(self, take_ids: Iterable[str]) -> None:
        """Forgets takes; unknown ids do no harm."""
        dropped = list(take_ids)

        def write(db: sqlite3.Connection) -> None:
            with _transaction(db):
                for take_id in dropped:
                    self._drop(db, take_id)

        self._use(write)

    def take(self, take_id: str) -> Take | None:
        """One take, or None."""
        if encodable(take_id) != take_id:  # No file of such a name is listed.
            return None
        rows = self._rows("SELECT record FROM takes WHERE id = ?", (take_id,))
        return _take(rows[0][0]) if rows else None

    def stamps(self) -> dict[str, int]:
        """Every id with the stamp of its sidecar as last read."""
        return dict(self._rows("SELECT id, stamp FROM takes"))

    def search(self, search: Search) -> list[Take]:
        """Takes that match, newest first."""
        where, values = self._conditions(search)
        sql = f"SELECT record FROM takes {where} ORDER BY created DESC, id DESC LIMIT ? OFFSET ?"
        rows = self._rows(sql, (*values, search.limit, search.offset))
        return [_take(record) for (record,) in rows]

    def close(self) -> None:
        """Closes the database."""
        with self._lock:
            self._closed = True
            self._db.close()

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        return self._use(lambda db: db.execute(sql, values).fetchall())

    def _use(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Does it in the file, or in memory from the first time on that the file fails; `troubled` is called then."""
        with self._lock:
            if self._closed:
                raise BridgeError("io", "The index of the takes is closed.")
            try:
                return act(self._db)
            except sqlite3.Error as error:
                if self.problem or isinstance(error, _OURS):
                    raise BridgeError("io", self._sentence(error)) from error
                self.problem = self._sentence(error)
            self._go_on_in_memory()
            done = act(self._db)
        self._troubled()
        return done

    def _in_file(self) -> sqlite3.Connection:
        try:
            return _opened(self._path)
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF not in _DAMAGED:
                raise
            _log.warning("The index %s is damaged (%s) and is built anew", self._path, error)
            for end in _ENDS:
                self._path.with_name(self._path.name + end).unlink(missing_ok=True)
            return _opened(self._path)

    def _go_on_in_memory(self) -> None:
        """Takes over what can still be read of the file."""
        with suppress(sqlite3.Error):
            self._db.execute("ROLLBACK")
        memory = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        try:
            self._db.backup(memory)
            _check(memory)
        except sqlite3.Error:
            memory.close()
            memory, self.emptied = _opened(":memory:"), True
        with suppress(sqlite3.Error):
            self._db.close()
        self._db, self._full_text = memory, _has_words(memory)

    def _sentence(self, error: Exception) -> str:
        said = getattr(error, "strerror", None) or str(error)
        return (
            f"The index of the takes {self._path} cannot be used: {said}. The takes are there all the same, and are "
            "read again at the next start; is the disk full, on a network, or held by another program?"
        )

    def _drop(self, db: sqlite3.Connection, take_id: str) -> None:
        found = db.execute("SELECT rowid, words FROM takes WHERE id = ?", (take_id,)).fetchone()
        if not found:
            return
        if self._full_text:
            db.execute("INSERT INTO texts (texts, rowid, words) VALUES ('delete', ?, ?)", found)
        db.execute("DELETE FROM takes WHERE rowid = ?", found[:1])

    def _conditions(self, search: Search) -> tuple[str, Sequence[Any]]:
        wanted: list[tuple[str, tuple[Any, ...]]] = []
        words = re.findall(r"\w+", search.text.lower())
        if words and self._full_text:
            match = " ".join(f'"{word}"*' for word in words)
            wanted.append(("rowid IN (SELECT rowid FROM texts WHERE texts MATCH ?)", (match,)))
        elif words:
            wanted += [("(' ' || words) LIKE ?", (f"% {word}%",)) for word in words]
        if search.tempo is not None:
            low, high = (
                search.tempo
                if isinstance(search.tempo, tuple)
                else (search.tempo - 1, search.tempo + 1)
            )
            wanted.append(("tempo BETWEEN ? AND ?", (low, high)))
        if search.rating is not None:
            wanted.append(("rating >= ?", (search.rating,)))
        if search.favourite is not None:
            wanted.append(("favourite = ?", (int(search.favourite),)))
        if search.kind is not None:
            wanted.append(("kind = ?", (search.kind,)))
        if search.since is not None:
            wanted.append(("created >= ?", (search.since,)))
        if search.until is not None:
            wanted.append(("created < ?", (search.until,)))
        where = " AND ".join(condition for condition, _ in wanted)
        return (f"WHERE {where}" if where else ""), [
            value for _, values in wanted for value in values
        ]


def move(old: Path, new: Path) -> None:
    """Gives an index another place, if there is none yet; what cannot be moved is built anew."""
    if new.exists() or not old.exists():
        return
    with suppress(OSError):
        new.parent.mkdir(parents=True, exist_ok=True)
        for end in _ENDS[::-1]:
            part = old.with_name(old.name + end)
            if part.exists():
                shutil.move(part, new.with_name(new.name + end))


def _opened(path: Path | str) -> sqlite3.Connection:
    db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=BUSY)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        # `reconcile` recovers what a crash loses here, so no write needs to wait for the disk.
        db.execute("PRAGMA synchronous = NORMAL")
        if not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            db.executescript(_TABLES)
            try:
                db.execute(_WORDS)
            except sqlite3.OperationalError:
                _log.info("SQLite has no FTS5 here; text is searched without it")
            db.execute(f"PRAGMA user_version = {VERSION}")
        elif db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("quick_check")
        _check(db)
    except BaseException:
        db.close()
        raise
    return db


def _check(db: sqlite3.Connection) -> None:
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version != VERSION:
        raise sqlite3.DatabaseError(f"version {version} instead of {VERSION}")
    db.execute("SELECT id, record, stamp FROM takes LIMIT 1").fetchone()


def _has_words(db: sqlite3.Connection) -> bool:
    return bool(db.execute("SELECT 1 FROM sqlite_master WHERE name = 'texts'").fetchone())


class _transaction:
    """BEGIN ... COMMIT, or ROLLBACK on an error."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        self._db.execute("ROLLBACK" if kind else "COMMIT")


def _words(take: Take) -> str:
    text = f"{take.name} {take.prompt} {take.key} {take.model} {take.kind} {take.id}".lower()
    return " ".join(re.findall(r"\w+", text.replace("_", " ")))


def _row(take: Take, stamp: int) -> tuple[Any, ...]:
    record = json.dumps(asdict(take) | {"path": str(take.path)}, separators=(",", ":"))
    return (
        take.id,
        take.created,
        take.tempo,
        take.rating,
        int(take.favourite),
        take.kind,
        stamp,
        _words(take),
        record,
    )


def _take(record: str) -> Take:
    values = json.loads(record)
    return Take(**(values | {"path": Path(values["path"])}))
