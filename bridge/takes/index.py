"""The library's index: takes in SQLite, searched by text, tempo, rating, date, favourites. A cache, never the truth.

Knows nothing of audio or sidecars; a damaged database file is discarded, and the library fills a new one from
the files.
"""

from __future__ import annotations

import errno
import json
import logging
import re
import sqlite3
import threading
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bridge.errors import BridgeError
from bridge.state import Search, Take

VERSION = 1
_log = logging.getLogger(__name__)

_TABLES = """
CREATE TABLE takes (
    id TEXT PRIMARY KEY, created REAL NOT NULL, tempo REAL, rating INTEGER NOT NULL, favourite INTEGER NOT NULL,
    kind TEXT NOT NULL, stamp INTEGER NOT NULL, words TEXT NOT NULL, record TEXT NOT NULL
) STRICT;
CREATE INDEX by_created ON takes (created DESC);
"""
_WORDS = "CREATE VIRTUAL TABLE texts USING fts5 (words, content='takes', content_rowid='rowid')"


class Index:
    """One connection behind one lock: a search among 10 000 takes takes a few ms.

    Any call may raise `BridgeError` `io`: the disk is full, another program holds the database, it is closed.
    """

    def __init__(self, path: Path) -> None:
        """Opens the index at `path`, or begins a new one if it is lost, damaged or of another version.

        Raises:
            OSError: if another program holds it: an index that is merely busy is kept.
        """
        self._lock = threading.Lock()
        self._path = path
        try:
            self._db = self._open()
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_BUSY:
                raise OSError(errno.EBUSY, "another program holds its index") from error
            _log.warning("The index %s is damaged (%s) and is built anew", path, error)
            _remove(path)
            self._db = self._open()
        found = self._db.execute("SELECT name FROM sqlite_master WHERE name = 'texts'").fetchone()
        self._full_text = found is not None

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None, timeout=5.0)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            # `reconcile` recovers what a crash loses here, so no write needs to wait for the disk.
            db.execute("PRAGMA synchronous = NORMAL")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version != VERSION:
                if version or db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                    raise sqlite3.DatabaseError(f"version {version} instead of {VERSION}")
                db.executescript(_TABLES)
                try:
                    db.execute(_WORDS)
                except sqlite3.OperationalError:
                    _log.info("SQLite has no FTS5 here; text is searched without it")
                db.execute(f"PRAGMA user_version = {VERSION}")
            elif db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("quick_check")
            db.execute("SELECT id, record, stamp FROM takes LIMIT 1").fetchone()
        except BaseException:
            db.close()
            raise
        return db

    def put(self, takes: Iterable[tuple[Take, int]]) -> None:
        """Adds or replaces takes, each with the stamp of its sidecar, in one transaction."""
        with self._used(), _transaction(self._db):
            for take, stamp in takes:
                self._drop(take.id)
                row = self._db.execute(
                    "INSERT INTO takes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(take, stamp)
                )
                if self._full_text:
                    self._db.execute(
                        "INSERT INTO texts (rowid, words) VALUES (?, ?)",
                        (row.lastrowid, _words(take)),
                    )

    def drop(self, take_ids: Iterable[str]) -> None:
        """Forgets takes; unknown ids do no harm."""
        with self._used(), _transaction(self._db):
            for take_id in take_ids:
                self._drop(take_id)

    def take(self, take_id: str) -> Take | None:
        """One take, or None."""
        with self._used():
            found = self._db.execute("SELECT record FROM takes WHERE id = ?", (take_id,)).fetchone()
        return _take(found[0]) if found else None

    def stamps(self) -> dict[str, int]:
        """Every id with the stamp of its sidecar as last read."""
        with self._used():
            return dict(self._db.execute("SELECT id, stamp FROM takes").fetchall())

    def search(self, search: Search) -> list[Take]:
        """Takes that match, newest first."""
        where, values = self._conditions(search)
        sql = f"SELECT record FROM takes {where} ORDER BY created DESC, id DESC LIMIT ? OFFSET ?"
        with self._used():
            rows = self._db.execute(sql, (*values, search.limit, search.offset)).fetchall()
        return [_take(record) for (record,) in rows]

    def close(self) -> None:
        """Closes the database."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _used(self) -> Generator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise BridgeError(
                    "io", f"The index of the library {self._path} cannot be used: {error}."
                ) from error

    def _drop(self, take_id: str) -> None:
        found = self._db.execute(
            "SELECT rowid, words FROM takes WHERE id = ?", (take_id,)
        ).fetchone()
        if not found:
            return
        if self._full_text:
            self._db.execute(
                "INSERT INTO texts (texts, rowid, words) VALUES ('delete', ?, ?)", found
            )
        self._db.execute("DELETE FROM takes WHERE rowid = ?", found[:1])

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
        take.tempo_measured or take.tempo_asked,
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


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
