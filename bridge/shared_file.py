"""Memory that two processes share, and that is gone with the last of them, however they end.

On POSIX it is a file, in memory where the system has a place for that; it loses its name at once and the child inherits
it open. On Windows, which can neither unlink an open file nor one that is mapped while arrays look into it, there is no
file at all but a named part of the system's own memory. (`multiprocessing.shared_memory` keeps names everywhere, and a
process that sweeps them up with warnings.) Knows nothing of what the memory holds.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import secrets
import sys
import tempfile
import weakref
from multiprocessing import reduction
from typing import Any

MEMORY = "/dev/shm"
"""Where Linux has files in memory; containers may have little of it."""


class SharedFile:
    """Some bytes; `map` is them, `size` how many. It travels to a spawned `multiprocessing.Process` as an argument.

    Arrays may look into the map for longer than this object lives: the memory goes when the last of them does.
    """

    def __init__(self, place: str) -> None:
        """Maps what `place` of another one names: an open file of this process, or memory as 'name:size'."""
        self.place = place
        """What a child needs to map the same."""
        name, _, size = place.partition(":")
        self._handle = None if size else int(name)
        if self._handle is None:
            self.size = int(size)
            self.map = _named(name, self.size)
        else:
            self.size = os.fstat(self._handle).st_size
            self.map = mmap.mmap(self._handle, self.size)
        weakref.finalize(self, _release, self.map, self._handle)

    @classmethod
    def create(cls, size: int) -> SharedFile:
        """Makes memory of zeros.

        Raises:
            OSError: if no place has so many bytes.
        """
        if sys.platform == "win32":
            return cls(f"longtake-{secrets.token_hex(16)}:{size}")
        try:
            handle = _zeros(size, MEMORY if os.access(MEMORY, os.W_OK) else None)
        except OSError:
            handle = _zeros(size, None)
        return cls(str(handle))

    @property
    def inherited(self) -> tuple[int, ...]:
        """Open files the child must inherit."""
        return () if self._handle is None else (self._handle,)

    def __reduce__(self) -> tuple[Any, ...]:
        """Makes the spawned process inherit the open file."""
        if self._handle is None:
            return SharedFile, (self.place,)
        return _detached, (reduction.DupFd(self._handle),)


def _zeros(size: int, folder: str | None) -> int:
    """An open file of zeros without a name.

    Its bytes are there at once: where a full disk refuses them later, the process that writes them dies.
    """
    handle, name = tempfile.mkstemp(prefix="longtake-", dir=folder)
    os.unlink(name)
    try:
        if sys.platform == "linux":
            os.posix_fallocate(handle, 0, size)
        else:
            os.ftruncate(handle, size)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _named(name: str, size: int) -> mmap.mmap:
    """Windows' memory of that name; it is made if it is not there."""
    if sys.platform == "win32":
        return mmap.mmap(-1, size, tagname=name)
    raise OSError(f"There is no memory {name} on this system.")


def _detached(handle: Any) -> SharedFile:
    return SharedFile(str(handle.detach()))


def _release(memory: mmap.mmap, handle: int | None) -> None:
    with contextlib.suppress(BufferError):  # Somebody still holds a view; it goes with that.
        memory.close()
    if handle is not None:
        os.close(handle)
