"""The mark beside files that we copied somewhere: which Longtake did it, and the digest of each. Knows no program."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from engine import __version__
from engine.whole_files import read_small, write_whole

REMEMBERED = "companions.json"
"""In the data folder: into which folder each was installed last."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a mark says: the version of Longtake, and the digest of each file below the mark's folder."""

    version: str
    files: Mapping[str, str]


def name_of(name: str) -> str:
    """The mark's own file name."""
    return f"longtake-{name}.json"


def read(folder: Path, name: str) -> Mark | None:
    """The mark in a folder; None if there is none that can be read. Names that leave the folder are left out."""
    said = _object(folder / name_of(name))
    files = said.get("files")
    if not isinstance(files, dict):
        return None
    pairs = cast("dict[str, Any]", files).items()
    safe = {each: digest for each, digest in pairs if isinstance(digest, str) and _inside(each)}
    return Mark(str(said.get("longtake", "")), safe)


def write(folder: Path, name: str, files: Mapping[str, bytes]) -> None:
    """Marks files as ours.

    Raises:
        OSError: if it cannot be written.
    """
    digests = {each: digest(content) for each, content in files.items()}
    text = json.dumps({"longtake": __version__, "files": digests}, indent=1)
    write_whole(folder / name_of(name), text + "\n")


def remembered(data: Path) -> dict[str, str]:
    """Name -> the folder into which it was installed last."""
    return {name: str(folder) for name, folder in _object(data / REMEMBERED).items()}


def remember(data: Path, name: str, folder: Path | None) -> None:
    """Keeps the folder into which something was installed; None forgets it.

    Raises:
        OSError: if it cannot be written.
    """
    rows = remembered(data)
    rows.pop(name, None)
    if folder is not None:
        rows[name] = str(folder)
    data.mkdir(parents=True, exist_ok=True)
    write_whole(data / REMEMBERED, json.dumps(rows, indent=1) + "\n")


def digest(content: bytes) -> str:
    """What tells one content from another."""
    return hashlib.sha256(content).hexdigest()


def digest_of(path: Path) -> str:
    """That of a file; empty if it is not there."""
    try:
        return digest(read_small(path))
    except OSError:
        return ""


def _object(path: Path) -> dict[str, Any]:
    """An object of JSON; empty if there is none."""
    try:
        said: Any = json.loads(read_small(path))
    except (OSError, ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", said) if isinstance(said, dict) else {}


def _inside(name: str) -> bool:
    """Whether a name of a mark stays in its folder."""
    path = Path(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts
