"""Lists of prompts: what is asked for, under which name the take lies, and which recording stands beside it.

A list is Song Describer's CSV, JSON lines, or a text with a prompt a line. Knows nothing of takes.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import SpecError
from engine.file_names import safe
from engine.parameter import readable
from engine.whole_files import read_text

TEXTS, NAMES, REFERENCES = (
    ("caption", "prompt", "text"),
    ("caption_id", "id"),
    ("track_id", "reference"),
)
"""What the columns are called."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A caption: its text, the name of its take, and the name of the recording that it describes."""

    name: str
    text: str
    reference: str


def read_prompts(path: Path) -> list[Prompt]:
    """The prompts of a list.

    Raises:
        SpecError: if there is no such file, it has no prompts, two have one name, or a name can be no file's.
    """
    try:
        text = read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path} cannot be read as a list of prompts: {error}.") from error
    try:
        prompts = [_prompt(row, number) for number, row in enumerate(_rows(path, text), 1)]
    except (ValueError, KeyError, RecursionError, csv.Error) as error:
        raise SpecError(f"{path} is no list of prompts: {error}.") from error
    if not prompts:
        raise SpecError(f"{path} has no prompts: write one on each line.")
    _check_names(path, prompts)
    return prompts


def _rows(path: Path, text: str) -> Iterable[dict[str, Any]]:
    if path.suffix.lower() == ".csv":
        return csv.DictReader(io.StringIO(text))
    if path.suffix.lower() in (".jsonl", ".json"):
        # Not splitlines: JSON has line breaks of Unicode inside its strings.
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    lines = (line.strip() for line in text.splitlines() if not line.startswith("#"))
    return [{"prompt": line} for line in lines if line]


def _prompt(row: dict[str, Any], number: int) -> Prompt:
    if not isinstance(row, dict):
        raise ValueError(f"line {number} is not an object with a prompt")
    text = _first(row, TEXTS)
    if not text:
        raise ValueError(f"number {number} has no text under {', '.join(TEXTS)}")
    name = _first(row, NAMES) or str(number)
    return Prompt(name, text, _first(row, REFERENCES) or name)


def _first(row: dict[str, Any], keys: Iterable[str]) -> str:
    found = next((str(row[key]) for key in keys if row.get(key) not in (None, "")), "")
    return readable(found).strip()


def _check_names(path: Path, prompts: list[Prompt]) -> None:
    seen: set[str] = set()
    for prompt in prompts:
        if prompt.name.casefold() in seen:
            raise SpecError(
                f"{path} has two prompts with the name {prompt.name}; each needs its own."
            )
        for name in (prompt.name, prompt.reference):
            if safe(name, "") != name or name.startswith("."):
                raise SpecError(f"{path} names a take {name}, which no file can be called.")
        seen.add(prompt.name.casefold())
