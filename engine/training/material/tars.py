"""Tar shards as webdataset has them, where they lie: on disk, behind http(s), or in whatever fsspec opens (s3, gs ...).

A shard is read from its beginning to its end, or in parts of known place. Knows nothing of what is in them.
"""

from __future__ import annotations

import http.client
import importlib
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from engine.errors import AudioError

T = TypeVar("T")

SUFFIX, INDEX = ".tar", ".index.npz"
"""Of a shard, and of the index that stands beside one made here."""
TRIES = 4
WAIT = 0.5
"""Seconds before the second try at a network; twice as long before each other one."""
TIMEOUT = 60.0
_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")
_GONE = (400, 401, 403, 404, 410, 416)
"""Answers of a server that another try does not change."""


def is_tar(address: str | Path) -> bool:
    """Whether an address is one of tar shards, or a folder that was made of them, rather than a folder of sounds."""
    text = str(address)
    return "://" in text or text.endswith(SUFFIX) or any(Path(text).glob(f"*{INDEX}"))


def tars_in(addresses: Iterable[str | Path]) -> list[str]:
    """The shards of some addresses, in order.

    Args:
        addresses: folders, shards, or many of them as `shard-{0000..0099}.tar`.

    Raises:
        AudioError: if a folder has none, or two have one name: pieces are known by the names of their shards.
    """
    found: list[str] = []
    for address in map(str, addresses):
        if "://" not in address and Path(address).is_dir():
            found += sorted(str(path) for path in Path(address).glob(f"*{SUFFIX}"))
        else:
            found += _spelt_out(address)
    if not found:
        raise AudioError(
            "There are no tar shards; give a folder of them, or shard-{0000..0099}.tar."
        )
    names = [name_of(address) for address in found]
    twice = (
        next((name for name in names if names.count(name) > 1), None)
        if len(set(names)) < len(names)
        else None
    )
    if twice:
        raise AudioError(f"Two shards are called {twice}; rename one of them.")
    return found


def name_of(address: str) -> str:
    """The name of a shard, wherever it lies."""
    return address.partition("?")[0].rstrip("/").rpartition("/")[2].removesuffix(SUFFIX)


def beside(address: str, name: str) -> str:
    """The address of another file in the folder of a shard."""
    before, query, after = address.partition("?")
    folder, slash, _ = before.replace("\\", "/").rpartition("/")
    return f"{folder}{slash}{name}{query}{after}"


@contextmanager
def streaming(address: str) -> Iterator[BinaryIO]:
    """A shard from its beginning on.

    Raises:
        AudioError: if it cannot be opened, or its server breaks off.
    """
    with _trying(address, lambda: _opened(address, {})) as file:
        try:
            yield file
        except http.client.HTTPException as error:
            raise AudioError(f"{address} cannot be read to its end: {error}.") from error


def read_all(address: str) -> bytes:
    """All of a small file.

    Raises:
        AudioError: if it cannot be read.
    """

    def read() -> bytes:
        with _opened(address, {}) as file:
            return file.read()

    return _trying(address, read)


def read_part(address: str, first: int, size: int) -> bytes:
    """So many bytes from a place on.

    Raises:
        AudioError: if they cannot be read or are not all there, or the server gives files only whole.
    """

    def read() -> bytes:
        found = _part(address, first, size)
        if len(found) != size:
            raise OSError("it ends before its index says; if it stays so, make the shards anew")
        return found

    return _trying(address, read)


def _part(address: str, first: int, size: int) -> bytes:
    if address.startswith(("http://", "https://")):
        head = {"Range": f"bytes={first}-{first + size - 1}"}
        with _opened(address, head) as file:
            if cast(Any, file).status != 206:
                raise AudioError(
                    f"{address} is given only whole, by a server without ranges; put the shards on one that has "
                    "them, or on a disk."
                )
            return file.read(size)
    if "://" in address:
        return _fsspec(address).cat_file(address, start=first, end=first + size)
    with Path(address).open("rb") as file:
        file.seek(first)
        return file.read(size)


def _opened(address: str, head: dict[str, str]) -> Any:
    if address.startswith(("http://", "https://")):
        request = urllib.request.Request(address, headers=head)
        return urllib.request.urlopen(request, timeout=TIMEOUT)
    if "://" in address:
        return _fsspec(address).open(address, "rb")
    return Path(address).open("rb")


def _fsspec(address: str) -> Any:
    try:
        return importlib.import_module("fsspec").core.url_to_fs(address)[0]
    except ImportError as error:
        raise AudioError(
            f"{address} needs one more part to be read ({error}); pip install 'longtake[train]', and the part of "
            "fsspec that its protocol needs, such as s3fs."
        ) from error
    except ValueError as error:
        raise AudioError(f"{address} cannot be opened: {error}") from error


def _trying(address: str, act: Callable[[], T]) -> T:
    """Does something with a file that a network may fail to give at first."""
    tries = TRIES if "://" in address else 1
    for number in range(tries):
        try:
            return act()
        except (OSError, http.client.HTTPException) as error:
            gone = isinstance(error, FileNotFoundError) or getattr(error, "code", None) in _GONE
            if gone or number == tries - 1:
                raise AudioError(f"{address} cannot be read: {error}.") from error
            time.sleep(WAIT * 2**number)
    raise AssertionError  # The last try returns or raises.


def _spelt_out(address: str) -> list[str]:
    """`a-{08..11}.tar` as `a-08.tar` to `a-11.tar`."""
    found = _RANGE.search(address)
    if found is None:
        return [address]
    first, last = found.groups()
    return [
        one
        for number in range(int(first), int(last) + 1)
        for one in _spelt_out(
            f"{address[: found.start()]}{number:0{len(first)}d}{address[found.end() :]}"
        )
    ]
