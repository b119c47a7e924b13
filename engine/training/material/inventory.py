"""What is in a folder of sounds, looked at once: lengths, facts, and which files are no use, kept beside the material.

A file is looked at again when its size or its time of change is another, its facts when what is beside it or the
folder's table is. In memory are three numbers a sound, whatever the folder holds; the rest is read when asked for.
Knows nothing of crops or latents.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from engine.errors import LongtakeError
from engine.file_names import encodable
from engine.training.material.facts import Facts, beside, rows, table_of, tags, tidy
from engine.training.material.sounds import SUFFIXES, examined
from engine.whole_files import part_of, put_in_place

log = logging.getLogger(__name__)
KEPT, INDEX, LEFT_OUT = ".longtake", "sounds.jsonl", "left_out.txt"
"""In a folder of material: what was found in it, and which files are left out and why."""
_FORM = 2
_TOGETHER = 256
"""Files that are looked at together."""
_THREADS = min(8, os.cpu_count() or 1)

Record = dict[str, Any]
_KINDS = {
    **dict.fromkeys(("path", "unfit", "wrong"), str),
    **dict.fromkeys(("stamp", "beside"), list),
    **dict.fromkeys(("tags", "facts"), dict),
    "frames": int,
}
"""What a record has, besides what the table told of the file."""


class Inventory:
    """The sounds of one folder and those in it, in the order of their paths.

    Attributes:
        folder: where they are.
        frames: length of each, at the models' rate, [n] int64.
        held_out: whether it is kept from training, [n] bool.
    """

    def __init__(self, folder: Path) -> None:
        """Looks at what is new in the folder; others that ask meanwhile wait for it.

        Raises:
            LongtakeError: if there is no such folder, or its table of facts cannot be read.
        """
        if not folder.is_dir():
            raise LongtakeError(f"There is no folder {folder}; give one with sounds in it.")
        self.folder = folder
        place = _place(folder)
        _looked(folder, place)
        self._index = place / INDEX
        self._file = self._index.open("rb")
        found = list(_columns(self._file))
        self._offsets = np.array([row[0] for row in found], np.int64)
        self.frames = np.array([row[1] for row in found], np.int64)
        self.held_out = np.array([row[2] for row in found], bool)

    def __len__(self) -> int:
        """How many sounds are of use."""
        return len(self.frames)

    def __getstate__(self) -> dict[str, Any]:
        """Another process opens the index for itself."""
        return {name: value for name, value in vars(self).items() if name != "_file"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._file = self._index.open("rb")

    def record(self, number: int) -> tuple[str, Facts]:
        """Path, as from the folder, and facts of a sound."""
        self._file.seek(int(self._offsets[number]))
        record = json.loads(self._file.readline())
        return record["path"], record["facts"]


def sounds_below(folder: Path) -> Iterator[str]:
    """The sounds in a folder and those in it, as paths from it, in order; what is hidden is passed over."""
    yield from _below(folder, "", ())


def _below(at: Path, prefix: str, above: tuple[tuple[int, int], ...]) -> Iterator[str]:
    here = at.stat()
    if (here.st_dev, here.st_ino) in above:  # A link to where it came from.
        return
    for name in sorted(os.listdir(at)):
        path = at / name
        if name.startswith("."):
            continue
        if path.is_dir():
            yield from _below(path, f"{prefix}{name}/", (*above, (here.st_dev, here.st_ino)))
        elif path.suffix.lower() in SUFFIXES:
            yield prefix + name


def _place(folder: Path) -> Path:
    """Where what was found is kept: in the folder, or in the user's cache if nothing may be written there."""
    place = folder / KEPT
    with suppress(OSError):
        place.mkdir(exist_ok=True)
    if not os.access(place, os.W_OK):
        name = hashlib.blake2b(os.fsencode(folder.resolve()), digest_size=8).hexdigest()
        place = user_cache_path("longtake") / "material" / name
        place.mkdir(parents=True, exist_ok=True)
    return place


def _looked(folder: Path, place: Path) -> None:
    """Looks at the folder, or waits for another process that does."""
    lock = FileLock(place / "lock")
    try:
        with lock.acquire(timeout=0):
            _look(folder, place)
    except Timeout:
        with lock:
            return


def _look(folder: Path, place: Path) -> None:
    """Writes the index anew if anything changed, and the list of what is left out."""
    told = _Told(table_of(folder))
    before = _Before(place / INDEX, told.stamp)
    changed, count, left_out = not before.same_table, 0, 0
    parts = index, reasons = [part_of(place / name) for name in (INDEX, LEFT_OUT)]
    try:
        with index.open("w") as file:
            file.write(json.dumps(told.stamp) + "\n")
            for record, same in _records(folder, before, told):
                changed |= not same
                file.write(json.dumps(record) + "\n")
                count += 1
                left_out += bool(record["wrong"])
        if changed or before.more:
            _list_left_out(index, reasons, told)
            put_in_place(reasons, place / LEFT_OUT)
            put_in_place(index, place / INDEX)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
    if left_out:
        log.warning(
            "%d of %d files in %s are left out; why is in %s",
            *(left_out, count, folder, place / LEFT_OUT),
        )


def _list_left_out(index: Path, reasons: Path, told: _Told) -> None:
    """Writes which files of an index are of no use, and which rows of the table, and why."""
    rest = dict(told.rows)
    with index.open("rb") as lines, reasons.open("w", encoding="utf-8") as file:
        next(lines)
        for record in map(json.loads, lines):
            rest.pop(record["path"], None)
            if record["wrong"]:
                file.write(encodable(f"{record['path']}\t{record['wrong']}\n"))
        for path, said in rest.items():
            wrong = f"is in {told.table}, but not in the folder" if isinstance(said, dict) else said
            file.write(encodable(f"{path}\t{wrong}\n"))
    if rest:
        log.warning("rows of %s without a file here, see %s: %d", told.table, LEFT_OUT, len(rest))


class _Told:
    """What the table of a folder says of each path: facts, or why its row is no use; read when it is first asked."""

    def __init__(self, table: Path | None) -> None:
        self.table = table
        self.stamp: Record = {"form": _FORM, "table": table and [table.name, *_stamp(table)]}

    @cached_property
    def rows(self) -> dict[str, Facts | str]:
        """By path.

        Raises:
            SpecError: if there is a table that cannot be read.
        """
        return dict(rows(self.table)) if self.table else {}


class _Before:
    """The index as it was, read along in the same order."""

    def __init__(self, path: Path, stamp: Record) -> None:
        self.same_table, self._lines = False, iter(())
        self.more = False
        """Whether it had files that are gone, or damage."""
        self._next: Record | None = None
        with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            file = path.open("rb")
            head = json.loads(file.readline())
            if head["form"] == stamp["form"]:
                self.same_table = head == stamp
                self._lines = self._whole(file)
                self._next = next(self._lines, None)

    def _whole(self, lines: Iterable[bytes]) -> Iterator[Record]:
        """The records up to the first that is damaged; files from there on are looked at anew."""
        for line in lines:
            record = None
            with suppress(ValueError, RecursionError):
                record = json.loads(line)
            if not (
                isinstance(record, dict)
                and isinstance(record.get("told"), (dict, str))
                and all(isinstance(record.get(name), kind) for name, kind in _KINDS.items())
            ):
                self.more = True
                return
            yield record

    def of(self, path: str) -> Record | None:
        """What was known of a file; each is asked for in order."""
        parts = path.split("/")
        while self._next is not None and self._next["path"].split("/") < parts:
            self.more = True
            self._next = next(self._lines, None)
        if self._next is None or self._next["path"] != path:
            return None
        found, self._next = self._next, next(self._lines, None)
        return found

    def rest(self) -> None:
        """Nothing more is asked for."""
        self.more |= self._next is not None


def _records(folder: Path, before: _Before, told: _Told) -> Iterator[tuple[Record, bool]]:
    """A record of each file, in order, and whether it is the old one."""
    paths = sounds_below(folder)
    with ThreadPoolExecutor(_THREADS) as threads:
        while some := list(islice(paths, _TOGETHER)):
            known = [before.of(path) for path in some]
            kept = [
                old["told"] if old and before.same_table else told.rows.get(path, {})
                for path, old in zip(some, known, strict=True)
            ]
            found = threads.map(_record, [folder] * len(some), some, known, kept)
            for record, old in zip(found, known, strict=True):
                yield record, record is old
    before.rest()


def _record(folder: Path, name: str, old: Record | None, told: Facts | str) -> Record:
    """Looks at one file as far as that is needed."""
    path = folder / name
    stamp = _stamp(path)
    beside_it = [_stamp(path.with_suffix(suffix)) for suffix in (".txt", ".json")]
    same = old if old is not None and old["stamp"] == stamp else None
    if same and same["beside"] == beside_it and same["told"] == told:
        return same
    record: Record = {"path": name, "stamp": stamp, "beside": beside_it, "told": told}
    sound = {name: same[name] for name in ("frames", "unfit", "tags")} if same else _sound(path)
    record |= sound | {"facts": {}, "wrong": sound["unfit"]}
    if isinstance(told, str):
        record["wrong"] = record["wrong"] or told
    elif not sound["unfit"]:
        try:
            record["facts"] = tidy(sound["tags"] | told | beside(path))
        except LongtakeError as error:
            record["wrong"] = str(error)
    return record


def _sound(path: Path) -> Record:
    try:
        return {"frames": examined(path), "unfit": "", "tags": tags(path)}
    except (LongtakeError, OSError) as error:
        return {"frames": 0, "unfit": str(error), "tags": {}}


def _stamp(path: Path) -> list[int]:
    """Size and time of change; nothing for what is not there."""
    try:
        found = path.stat()
    except OSError:
        return []
    return [found.st_size, found.st_mtime_ns]


def _columns(file: Any) -> Iterator[tuple[int, int, bool]]:
    """Place in the index, length and side of each sound of use."""
    at = len(file.readline())
    for line in file:
        record = json.loads(line)
        if not record["wrong"]:
            yield at, record["frames"], bool(record["facts"].get("held_out", False))
        at += len(line)
