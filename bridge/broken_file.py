"""A settings file that cannot be read: what is wrong at which line, and how it is set aside.

Knows nothing of which settings there are.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine.disks import why
from engine.errors import PresetError


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong; `line` counts from 1, 0 where none can be named."""

    words: str
    line: int = 0

    def __str__(self) -> str:
        """As in a sentence."""
        return f"{self.words} (line {self.line})" if self.line else self.words


class BrokenFile(PresetError):
    """A file of settings with all that is wrong in it."""

    def __init__(self, source: str, wrong: Sequence[Wrong], path: Path | None = None) -> None:
        """Names the file as people know it, and its path where it has one."""
        super().__init__(f"{source}: {'; '.join(map(str, wrong))}.")
        self.source, self.wrong, self.path = source, tuple(wrong), path

    def __reduce__(self) -> tuple[type[BrokenFile], tuple[str, tuple[Wrong, ...], Path | None]]:
        """Pickles as `__init__` takes it."""
        return BrokenFile, (self.source, self.wrong, self.path)


def line_of(text: str, section: str, key: str = "") -> int:
    """The line of TOML where a section begins or its key is set; 0 where it is not seen."""
    inside = ""
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\s*([^\]]+?)\s*\]", line)
        inside = header[1] if header else inside
        words = re.match(r"\s*[\"']?([\w-]+)[\"']?\s*[=.]", line)
        if not key and (
            (inside == section and header) or (not inside and words and words[1] == section)
        ):
            return number
        if key and words and inside == section and words[1] == key:
            return number
        if key and inside == f"{section}.{key}":
            return number
    return 0


def broken_line(text: str) -> int:
    """The line where text stops being TOML; 0 where it does not, or nobody can say."""
    try:
        tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        place = re.search(r"at line (\d+)", str(error))
        return int(place[1]) if place else len(text.splitlines())
    return 0


def set_aside(path: Path) -> Path:
    """Renames a broken file to `NAME.broken-DATE` beside it, so that a fresh one can take its place.

    Raises:
        PresetError: if the disk does not let it.
    """
    kept = path.with_name(f"{path.name}.broken-{datetime.now():%Y-%m-%d}")
    number = 2
    while kept.exists():
        kept = path.with_name(f"{path.name}.broken-{datetime.now():%Y-%m-%d}-{number}")
        number += 1
    try:
        path.rename(kept)
    except OSError as error:
        raise PresetError(f"{path} cannot be set aside: {why(path, error)}.") from error
    return kept
