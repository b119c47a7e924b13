"""An index of windows of sound on disk, of any size, searched exactly in bounded memory (§4.5).

`windows.dat` has a record per window: where it begins, and its unit vector in half precision; it is read through the
page cache. `sounds.sqlite` says which records are whose. A sound is in the index once its row is: what a killed
process wrote of another is cut off. Knows nothing of how sounds are embedded.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.errors import DiskError, SpecError

Vectors = NDArray[np.float32]
BLOCK, ASKED = 8192, 1024
"""Windows of the index, and of those asked for, that are compared at once: 32 MiB of products."""
_TABLES = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS sounds (
    id INTEGER PRIMARY KEY, name TEXT UNIQUE, size INTEGER, changed INTEGER, first INTEGER, count INTEGER);
CREATE INDEX IF NOT EXISTS by_first ON sounds (first);
"""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A window that is asked for: of which sound, from where in s, its unit vector [P].

    `own` is the sound's number in the index, whose windows are no answer; 0 if it is not in it.
    """

    name: str
    start: float
    vector: Vectors
    own: int = 0


@dataclass(frozen=True, slots=True)
class Match:
    """A window that was asked for and its nearest one: sounds, beginnings in s, and 1 - cosine."""

    name: str
    start: float
    other: str
    other_start: float
    distance: float


class WindowIndex:
    """Opens the index in a folder, or begins one.

    Args:
        folder: of the index.
        width: P of the vectors.
        mark: what the vectors were made with; another one's cannot be compared.

    Sounds whose windows were lost from the file are forgotten, so that they are heard again.

    Raises:
        SpecError: if it was made with something else, or is no index.
        DiskError: if it cannot be written.
    """

    def __init__(self, folder: Path, width: int, mark: str) -> None:
        self.record = np.dtype([("start", "<f4"), ("vector", "<f2", (width,))])
        self._path = folder / "windows.dat"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._table = sqlite3.connect(folder / "sounds.sqlite")
            self._table.executescript(_TABLES)
            said = f"{mark} {width}"
            self._table.execute("INSERT OR IGNORE INTO about VALUES ('mark', ?)", (said,))
            self._table.commit()
            (known,) = self._one("SELECT value FROM about WHERE name = 'mark'")
            if known != said:
                self.close()
                raise SpecError(
                    f"The index in {folder} was made with another CLAP or other windows; choose another --index."
                )
            self._fit()
        except sqlite3.Error as error:
            raise SpecError(
                f"{folder} is no index of windows: {error}. Choose another --index."
            ) from error
        except OSError as error:
            raise DiskError(f"{folder} cannot be written: {error.strerror}.") from error

    def close(self) -> None:
        """Closes the table."""
        self._table.close()

    def __enter__(self) -> WindowIndex:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def windows(self) -> int:
        """How many records there are, also of sounds that were replaced."""
        return self._one("SELECT coalesce(max(first + count), 0) FROM sounds")[0]

    @property
    def sounds(self) -> int:
        """How many sounds."""
        return self._one("SELECT count(*) FROM sounds")[0]

    def has(self, name: str, size: int, changed: int) -> bool:
        """Whether a sound is in it as it is: of so many bytes, last changed then (ns)."""
        row = self._table.execute(
            "SELECT 1 FROM sounds WHERE name = ? AND size = ? AND changed = ?",
            (name, size, changed),
        ).fetchone()
        return row is not None

    def add(
        self, name: str, size: int, changed: int, parts: Iterable[tuple[float, Vectors]]
    ) -> int:
        """Adds a sound, its windows as (start in s, [P]); what was known of it is forgotten. Returns how many.

        Raises:
            DiskError: if they cannot be written; then the sound is not in it.
        """
        first, count = self.windows, 0
        try:
            with self._path.open("rb+") as file:
                file.truncate(first * self.record.itemsize)
                file.seek(0, os.SEEK_END)
                for start, vector in parts:
                    file.write(np.array((start, vector), self.record).tobytes())
                    count += 1
                file.flush()
                os.fsync(file.fileno())
            with self._table:
                self._table.execute(
                    "INSERT INTO sounds (name, size, changed, first, count) VALUES (?, ?, ?, ?, ?) "
                    "ON CONFLICT (name) DO UPDATE SET size = excluded.size, changed = excluded.changed, "
                    "first = excluded.first, count = excluded.count",
                    (name, size, changed, first, count),
                )
        except (OSError, sqlite3.Error) as error:
            raise DiskError(f"The index {self._path} cannot be written: {error}.") from error
        return count

    def forget(self, gone: Callable[[str], bool]) -> int:
        """Forgets the sounds of these names; returns how many."""
        last, found = 0, 0
        while rows := self._table.execute(
            "SELECT id, name FROM sounds WHERE id > ? ORDER BY id LIMIT 1000", (last,)
        ).fetchall():
            last = rows[-1][0]
            lost = [(number,) for number, name in rows if gone(name)]
            with self._table:
                self._table.executemany("DELETE FROM sounds WHERE id = ?", lost)
            found += len(lost)
        return found

    def all(self) -> Iterator[Asked]:
        """Every window, sound by sound, to be asked for among those of other sounds."""
        last = -1
        while rows := self._table.execute(
            "SELECT first, count, id, name FROM sounds WHERE first > ? AND count > 0 ORDER BY first LIMIT 1000",
            (last,),
        ).fetchall():
            last = rows[-1][0]
            for first, count, number, name in rows:
                for at in range(first, first + count, BLOCK):
                    for one in self._records(at, min(at + BLOCK, first + count)):
                        yield Asked(
                            name, float(one["start"]), one["vector"].astype(np.float32), number
                        )

    def nearest(
        self, vectors: Vectors, k: int, own: NDArray[np.int64], device: str = "cpu"
    ) -> tuple[Any, Any]:
        """The nearest windows of other sounds, exactly; of equally near ones the first.

        Args:
            vectors: [Q, P] of unit length.
            k: how many for each.
            own: [Q], number of the sound that each is of, 0 for none here.
            device: where products are made.

        Returns:
            Distances [Q, k] float32, infinite where there are not so many, and places [Q, k] in the index.
        """
        asked, mine = (
            torch.from_numpy(np.ascontiguousarray(each)).to(device) for each in (vectors, own)
        )
        best = torch.full((len(vectors), k), -torch.inf, device=device)
        places = torch.zeros((len(vectors), k), dtype=torch.int64, device=device)
        for start in range(0, self.windows, BLOCK):
            stop = min(start + BLOCK, self.windows)
            block = torch.from_numpy(self._records(start, stop)["vector"].astype(np.float32))
            owners = torch.from_numpy(self._owners(start, stop)).to(device)
            near = asked @ block.to(device).T
            near[(owners[None] == mine[:, None]) | (owners[None] == 0)] = -torch.inf
            # Earlier ones stand first, and the first of equals is taken.
            near = torch.cat([best, near], dim=1)
            known = torch.cat(
                [places, torch.arange(start, stop, device=device).expand(len(vectors), -1)], dim=1
            )
            best, places = _largest(near, known, k)
        return (1.0 - best).cpu().numpy(), places.cpu().numpy()

    def matches(self, asked: Iterable[Asked], device: str = "cpu") -> Iterator[Match]:
        """Each window with its nearest one of another sound, in order; none if there is no other sound."""
        stream = iter(asked)
        while part := list(islice(stream, ASKED)):
            vectors = np.stack([one.vector for one in part])
            own = np.array([one.own for one in part], np.int64)
            distances, places = self.nearest(vectors, 1, own, device)
            for one, distance, place in zip(part, distances[:, 0], places[:, 0], strict=True):
                if np.isfinite(distance):
                    other, start = self.at(int(place))
                    yield Match(one.name, one.start, other, start, float(max(distance, 0.0)))

    def at(self, place: int) -> tuple[str, float]:
        """The sound that a window is of, and where it begins, s."""
        (name,) = self._one(
            "SELECT name FROM sounds WHERE first <= ? AND first + count > ? ORDER BY first DESC LIMIT 1",
            (place, place),
        )
        return name, float(self._records(place, place + 1)["start"][0])

    def _fit(self) -> None:
        """Table and file say the same: what either has more is of no use."""
        self._path.touch()
        there = self._path.stat().st_size // self.record.itemsize
        with self._table:
            self._table.execute("DELETE FROM sounds WHERE first + count > ?", (there,))
        os.truncate(self._path, self.windows * self.record.itemsize)

    def _records(self, start: int, stop: int) -> NDArray[Any]:
        if stop <= start:
            return np.zeros(0, self.record)
        # Opened anew: the file grows, and a map of what it was would not.
        return np.memmap(
            self._path, self.record, "r", start * self.record.itemsize, (stop - start,)
        )

    def _owners(self, start: int, stop: int) -> NDArray[np.int64]:
        found = np.zeros(stop - start, np.int64)
        rows = self._table.execute(
            "SELECT id, first, count FROM sounds WHERE first < ? AND first + count > ?",
            (stop, start),
        )
        for number, first, count in rows:
            found[max(first - start, 0) : first + count - start] = number
        return found

    def _one(self, query: str, values: tuple[Any, ...] = ()) -> Any:
        return self._table.execute(query, values).fetchone()


def _largest(near: torch.Tensor, places: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The k largest of each row [Q, N] and their places, each the first of its equals."""
    values: list[torch.Tensor] = []
    found: list[torch.Tensor] = []
    for _ in range(k):
        value, at = near.max(dim=1, keepdim=True)
        values.append(value)
        found.append(places.gather(1, at))
        near.scatter_(1, at, -torch.inf)
    return torch.cat(values, dim=1), torch.cat(found, dim=1)
