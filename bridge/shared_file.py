"""Memory that two processes share: a mapped file, in memory where the system has a place for that.

On POSIX the file loses its name at once and the child inherits it open, so the system frees it even when both processes
are killed. Windows cannot unlink an open file: there the child finds it by name, the parent removes it at the end, and
a parent that is killed leaves it in the temporary folder. (`multiprocessing.shared_memory` keeps names everywhere, and
a process that sweeps them up with warnings.) Knows nothing of what the memory holds.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import tempfile
import weakref
from multiprocessing import reduction
from pathlib import Path
from typing import Any


class SharedFile:
    """Some bytes; `map` is them, `size` how many. It travels to a spawned `multiprocessing.Process` as an argument."""

    def __init__(self, handle: int, path: Path | None = None) -> None:
        """Maps an open file, whole."""
        self._handle = handle
        self._path = path
        self.size = os.fstat(handle).st_size
        self.map = mmap.mmap(handle, self.size)
        weakref.finalize(self, _release, self.map, handle, path)

    @classmethod
    def create(cls, size: int) -> SharedFile:
        """Makes a file of zeros, in memory where the system has a place for that."""
        place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        handle, name = tempfile.mkstemp(prefix="longtake-", dir=place)
        os.ftruncate(handle, size)
        if os.name == "nt":
            return cls(handle, Path(name))
        os.unlink(name)
        return cls(handle)

    @classmethod
    def of(cls, place: str) -> SharedFile:
        """In the child: what `place` of the parent names."""
        return cls(int(place)) if place.isdecimal() else cls(os.open(place, os.O_RDWR), Path(place))

    @property
    def place(self) -> str:
        """What a child needs to map the same: a file's name, or the number of an inherited open file."""
        return str(self._path or self._handle)

    @property
    def inherited(self) -> tuple[int, ...]:
        """Open files the child must inherit."""
        return () if self._path else (self._handle,)

    def __reduce__(self) -> tuple[Any, ...]:
        """Makes the spawned process inherit the open file."""
        if self._path:
            return SharedFile.of, (self.place,)
        return _detached, (reduction.DupFd(self._handle),)


def _detached(handle: Any) -> SharedFile:
    return SharedFile(handle.detach())


def _release(memory: mmap.mmap, handle: int, path: Path | None) -> None:
    with contextlib.suppress(BufferError):  # Somebody still holds a view; it goes with the process.
        memory.close()
    os.close(handle)
    if path:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
