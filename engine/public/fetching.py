"""Single files from the web: resumed, checked, whole or not at all. Knows nothing of what is in them."""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.errors import CheckpointError
from engine.whole_files import put_in_place

CHUNK = 1 << 20
TIMEOUT = 60.0
"""Seconds without a byte."""
KINDS: dict[str, Callable[[], hashlib._Hash]] = {"md5": hashlib.md5, "sha256": hashlib.sha256}


@dataclass(frozen=True, slots=True)
class Download:
    """A file on the web.

    Attributes:
        url: where it is.
        checksum: as "sha256:...", "md5:..." or "git:...", the id of git's blob; empty if nobody published one.
    """

    url: str
    checksum: str = ""

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.url.split("?")[0].rstrip("/").rpartition("/")[2]


def fetch(download: Download, path: Path) -> Path:
    """Downloads a file to `path`, going on where an earlier attempt stopped; one that is there stays.

    Raises:
        CheckpointError: if the server cannot be reached or refuses, the disk is full, or the checksum differs.
    """
    if path.is_file():
        return path
    part = path.with_name(f".{path.name}.incomplete")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _stream(download, part)
        if (
            download.checksum
            and checksum(part, download.checksum.partition(":")[0]) != download.checksum
        ):
            part.unlink()
            raise CheckpointError(
                f"{download.name} was damaged in the download, or is another file by now: its checksum is not "
                f"{download.checksum}; download it again."
            )
        put_in_place(part, path)
    except urllib.error.HTTPError as error:
        raise CheckpointError(
            f"{download.url} was refused: {error.code} {error.reason}."
        ) from error
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise CheckpointError(
            f"{download.url} cannot be reached; try again later, what came stays, or put the file at {path}."
        ) from error
    except OSError as error:
        raise CheckpointError(f"{path} cannot be stored: {error.strerror or error}.") from error
    return path


def checksum(path: Path, kind: str) -> str:
    """The checksum of a file, as `Download` has it."""
    blob = b"blob %d\0" % path.stat().st_size
    digest = hashlib.sha1(blob) if kind == "git" else KINDS[kind]()
    with path.open("rb") as file:
        while block := file.read(CHUNK):
            digest.update(block)
    return f"{kind}:{digest.hexdigest()}"


def read_page(url: str) -> bytes:
    """A small answer of a server, as a record's description.

    Raises:
        CheckpointError: if it cannot be reached or refuses.
    """
    try:
        with urllib.request.urlopen(_request(url), timeout=TIMEOUT) as answer:
            return answer.read(16 * CHUNK)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise CheckpointError(f"{url} cannot be reached; try again later.") from error


def _stream(download: Download, part: Path) -> None:
    there = part.stat().st_size if part.is_file() else 0
    request = _request(download.url)
    if there:
        request.add_header("Range", f"bytes={there}-")
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # Nothing is left to come.
            return
        raise
    # A server that knows no ranges begins anew.
    with answer, part.open("ab" if answer.status == 206 else "wb") as file:
        while block := answer.read(CHUNK):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
        promised = answer.headers.get("Content-Length")
        came = file.tell() - (there if answer.status == 206 else 0)
    if promised is not None and came < int(promised):
        raise ConnectionError


def _request(url: str) -> urllib.request.Request:
    return urllib.request.Request(url, headers={"User-Agent": "longtake"})
