"""What lies in the folders of takes: the audio files by their ids, and what looks like one and is none.

Knows nothing of what is in the files, and waits for none: pipes and devices are never opened.
"""

from __future__ import annotations

import hashlib
import logging
import re
import stat
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.file_names import encodable

AUDIO = (".flac", ".wav")
NAMED = 3
"""Files that are named in one sentence."""
_LEFTOVER = re.compile(r"\..+\.(?:wav|flac|json)\.[0-9a-f]{8}\.tmp")
_ABANDONED = 600.0  # s; a younger file may belong to another Longtake that is writing it
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that is no take, and why, in a sentence."""

    path: Path
    problem: str


def listed(folders: Iterable[Path]) -> tuple[dict[str, Path], list[LeftOut]]:
    """The audio files by their ids, and what is none; half-written files of a run that died are removed on the way.

    Raises:
        OSError: if a folder cannot be read.
    """
    found: dict[str, Path] = {}
    left_out: list[LeftOut] = []
    for folder in folders:
        for path in sorted(folder.iterdir()):
            if _LEFTOVER.fullmatch(path.name):
                _remove_if_old(path)
            elif path.suffix.lower() in AUDIO and not path.name.startswith("."):
                problem = _problem(path)
                if problem:
                    left_out.append(LeftOut(path, problem))
                elif problem is None:
                    found.setdefault(path.stem, path)
    return found, left_out


def sentence(left_out: Sequence[LeftOut]) -> str:
    """Names a few of them; all of them are in the log."""
    for each in left_out:
        _log.warning("%s is left out of the takes: %s", each.path, each.problem)
    names = [encodable(repr(each.path.name)) for each in left_out]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"Left out of the takes: {', '.join(names[:NAMED])}{more}. {left_out[0].problem}"


def index_path(folder: Path, data: Path) -> Path:
    """Where the index of a folder of takes lies."""
    key = hashlib.sha256(str(folder).encode(errors="surrogateescape")).hexdigest()[:16]
    return data / "indexes" / f"{key}.sqlite3"


def _problem(path: Path) -> str | None:
    """Why a file cannot be a take; None if it may be one, empty if it is a folder."""
    if encodable(path.name) != path.name:
        return "Its name is no UTF-8; give it another one."
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return f"It cannot be looked at: {error.strerror}."
    if stat.S_ISDIR(mode):
        return ""
    return None if stat.S_ISREG(mode) else "It is no ordinary file."


def _remove_if_old(path: Path) -> None:
    # Whoever writes it may be giving it its name at this moment.
    with suppress(OSError):
        if time.time() - path.stat().st_mtime > _ABANDONED:
            path.unlink()
