"""Folders of recordings as people have them: any depth, any format that the engine reads, prompts beside the sound.

Knows nothing of what is measured.
"""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.errors import AudioError, LongtakeError
from engine.sound.containers import SUFFIXES
from engine.sound.takes import read_spec
from engine.whole_files import read_text

LIBSNDFILE = ".wav .wave .flac .aif .aiff .aifc .ogg .oga .opus .mp3 .caf .au .w64 .rf64"
AUDIO = frozenset((*LIBSNDFILE.split(), *SUFFIXES))
"""Suffixes of what is taken for a recording; the others in a folder are passed over."""
PROMPTS = ("prompt", "caption", "text", "description")
"""What a prompt may be called in `NAME.json`, the first that is there."""


def walk(folder: Path) -> Iterator[Path]:
    """The recordings in a folder and below it, always in the same order, without holding them all.

    Hidden files and folders, and links to folders, are passed over.

    Raises:
        AudioError: if there is no such folder.
    """
    if not folder.is_dir():
        raise AudioError(f"There is no folder {folder}; give a folder of recordings.")
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if Path(name).suffix.lower() in AUDIO and not name.startswith("."):
                yield Path(place, name)


def recordings(folder: Path) -> dict[str, Path]:
    """Name -> file: the path below the folder, without suffix unless two files would have the same name.

    Raises:
        AudioError: if there is no such folder, or no recording in it.
    """
    check_some(folder)
    found: dict[str, Path] = {}
    for path in walk(folder):
        whole = path.relative_to(folder)
        name = whole.with_suffix("").as_posix()
        found[whole.as_posix() if name in found else name] = path
    return found


def check_some(folder: Path) -> None:
    """Checks that there is something to be heard, as far as names say it.

    Raises:
        AudioError: if there is no such folder, or no recording in it.
    """
    if next(walk(folder), None) is None:
        raise AudioError(f"There is no audio in {folder}; give a folder of WAV, FLAC or MP3 files.")


def prompt_of(path: Path) -> str:
    """What a recording was made from, or is described as; empty if nothing says it.

    Read from a take's own settings, from `NAME.json` (`PROMPTS`) or from `NAME.txt`.
    """
    try:
        return read_spec(path).prompt
    except LongtakeError:
        return _described(path)


def _described(path: Path) -> str:
    try:
        facts: Any = json.loads(read_text(path.with_suffix(".json")))
    except (OSError, ValueError, RecursionError):
        facts = None
    if isinstance(facts, dict):
        for name in PROMPTS:
            if isinstance(facts.get(name), str) and facts[name].strip():
                return str(facts[name]).strip()
    try:
        return read_text(path.with_suffix(".txt")).strip()
    except (OSError, ValueError):
        return ""


def need(*packages: str) -> None:
    """Asks for optional packages, by the names they are imported by.

    Raises:
        LongtakeError: naming those that are missing, and how to install them.
    """
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        raise LongtakeError(
            f"This needs {', '.join(missing)}. In Longtake's folder: pip install '.[train,evaluate]'."
        )
