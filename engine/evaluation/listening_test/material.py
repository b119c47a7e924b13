"""What a listening test compares: pieces, each with a prompt and a recording of every system.

From folders with files of the same names, or from a list of prompts with a file per system. Knows nothing of tests.
"""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import SpecError, choices
from engine.evaluation.folders import prompt_of, recordings
from engine.whole_files import read_text

FACTS = ("id", "name", "prompt")
"""Columns of a list that are no system."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Piece:
    """What is compared at once: a name, the prompt ("" if unknown), and a file per system."""

    name: str
    prompt: str
    files: Mapping[str, Path]


def from_folders(systems: Mapping[str, Path], optional: Sequence[str] = ()) -> list[Piece]:
    """The files whose names all folders have.

    Args:
        systems: name of a system -> folder.
        optional: systems that may lack a file, as the reference.

    Raises:
        AudioError: if a folder is missing or has no audio.
        SpecError: if no name is in all of them.
    """
    found = {system: recordings(folder) for system, folder in systems.items()}
    asked = [set(names) for system, names in found.items() if system not in optional]
    common = set.intersection(*asked) if asked else set()
    if not common:
        raise SpecError(
            f"No file has the same name in {choices(map(str, systems.values()))}; give the takes of a prompt one "
            "name in all folders, or a list with --list."
        )
    left = len(set.union(*asked)) - len(common)
    if left:
        log.info("%d recordings are left out: not every system has them", left)
    pieces: list[Piece] = []
    for name in sorted(common):
        files = {system: names[name] for system, names in found.items() if name in names}
        prompts = (prompt_of(path) for path in files.values())
        pieces.append(Piece(name, next(filter(None, prompts), ""), files))
    return pieces


def from_list(path: Path, optional: Sequence[str] = ()) -> list[Piece]:
    """Reads a CSV with a head, or JSON lines: `prompt`, `name` or `id` (may be left out), and a file per system.

    Files are named from the list's own folder. A system that is left empty is none of that piece's.

    Raises:
        SpecError: naming the line, and what it lacks.
    """
    rows = _rows(path)
    systems = list(dict.fromkeys(name for row in rows for name in row if name not in FACTS))
    pieces: list[Piece] = []
    for number, row in enumerate(rows, 1):
        said = {name: str(value or "").strip() for name, value in row.items()}
        files = {system: path.parent / said[system] for system in systems if said.get(system)}
        missing = [name for name in systems if name not in files and name not in optional]
        if missing:
            raise SpecError(
                f"Piece {number} of {path} has no file of {choices(missing)}; every piece needs one of each system."
            )
        for system, file in files.items():
            if not file.is_file():
                raise SpecError(f"Piece {number} of {path}: there is no file {file} of {system}.")
        name = said.get("name") or said.get("id") or f"{number}"
        pieces.append(Piece(name, said.get("prompt", ""), files))
    if not pieces:
        raise SpecError(f"There is nothing in {path}; give a line per prompt.")
    names = [piece.name for piece in pieces]
    for name in names:
        if names.count(name) > 1:
            raise SpecError(f"Two pieces of {path} are called {name}; give each its own name.")
    return pieces


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        text = read_text(path)
        if path.suffix.lower() == ".csv":
            return [
                {name: value for name, value in row.items() if isinstance(name, str)}
                for row in csv.DictReader(io.StringIO(text, newline=None))
            ]
    except (OSError, ValueError, csv.Error) as error:
        raise SpecError(f"{path} cannot be read; give a CSV or JSON lines in UTF-8.") from error
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise SpecError(
                f'Line {number} of {path} is no JSON object; write {{"prompt": ..., "SYSTEM": "FILE"}}.'
            )
        rows.append(row)
    return rows
