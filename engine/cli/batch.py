"""Lists of takes: a prompt a line, a table each in a TOML file, or an object a line in a JSONL file.

Knows nothing of how they are made.
"""

from __future__ import annotations

import json
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.cli.flags import ALIASES
from engine.errors import LongtakeError, SpecError, nearest
from engine.parameter import readable
from engine.spec import PARAMETERS, converted
from engine.whole_files import read_text

_NAMES = {
    flag.strip("-").replace("-", "_"): name for name, flags in ALIASES.items() for flag in flags
}
"""What a flag is called besides -> parameter."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One take of a list: its name, where it stands in the file, its parameters and its preset."""

    name: str
    place: str
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    preset: str | None = None


def read_batch(path: str) -> list[Entry]:
    """The takes of a list; `-` is standard input, with a prompt a line.

    Raises:
        SpecError: if the file cannot be read, has no takes, or says what no take can have; names the place.
    """
    if path == "-":
        return _some(_lines(typed_text(), "standard input"), "Standard input")
    try:
        text = read_text(Path(path))
    except FileNotFoundError as error:
        raise SpecError(f"There is no file {path}.") from error
    except UnicodeDecodeError as error:
        raise SpecError(f"{path} is no text in UTF-8; save it as such.") from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise SpecError(f"{path} cannot be read as a list of takes: {why}.") from error
    if path.lower().endswith(".toml"):
        return _some(_tables(text, Path(path)), path)
    objects = path.lower().endswith((".jsonl", ".ndjson"))
    return _some(_objects(text, Path(path)) if objects else _lines(text, path), path)


def typed_text() -> str:
    """All of standard input, in UTF-8 or else in the terminal's own encoding."""
    stream = getattr(sys.stdin, "buffer", None)
    if stream is None:
        return sys.stdin.read() if sys.stdin else ""
    if sys.stdin.isatty():
        print("Type the prompt and end it with Ctrl-D (on Windows Ctrl-Z, Enter).", file=sys.stderr)
    content: bytes = stream.read()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode(sys.stdin.encoding or "utf-8", "replace")


def _some(entries: list[Entry], path: str) -> list[Entry]:
    if not entries:
        raise SpecError(f"{path} has no takes: write a prompt on each line.")
    return entries


def _lines(text: str, path: str) -> list[Entry]:
    """A prompt a line; blank lines and those that begin with # are nothing."""
    numbered = enumerate((line.strip() for line in text.splitlines()), 1)
    prompts = [(place, line) for place, line in numbered if line and not line.startswith("#")]
    return [
        Entry(str(number), f"{path}, line {place}", {"prompt": readable(prompt)})
        for number, (place, prompt) in enumerate(prompts, 1)
    ]


def _objects(text: str, path: Path) -> list[Entry]:
    """An object a line: `id` is its name, or else the line's number; the rest are parameters."""
    found: dict[str, Entry] = {}
    for number, line in enumerate(text.split("\n"), 1):
        place = f"{path}, line {number}"
        if not line.strip():
            continue
        try:
            table = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise SpecError(f"{place} is not valid JSON: {error}.") from error
        if not isinstance(table, dict):
            raise SpecError(
                f'{place}: a take is an object, as {{"id": "a", "prompt": "warm house"}}.'
            )
        name = table.pop("id", number)
        if isinstance(name, bool) or not isinstance(name, str | int) or not str(name).strip():
            raise SpecError(f"{place}: id is a name in quotes, or a whole number.")
        name = str(name).strip()
        if name in found:
            raise SpecError(f"{place}: the id {name} is that of {found[name].place} already.")
        found[name] = _entry(name, place, table, path.parent)
    return list(found.values())


def _tables(text: str, path: Path) -> list[Entry]:
    """A table a take, `[intro]` or `[[take]]`; what stands before the first table holds for all."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise SpecError(f"{path} is not valid TOML: {error}.") from error
    found: list[tuple[str, str, dict[str, Any]]] = []
    shared: dict[str, Any] = {}
    for key, value in document.items():
        if isinstance(value, dict):
            found.append((key, f"{path}, [{key}]", value))
        elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
            found += [
                (f"{key}-{number}", f"{path}, [[{key}]] number {number}", each)
                for number, each in enumerate(value, 1)
            ]
        else:
            shared[key] = value
    general = _entry("", str(path), shared, path.parent)
    entries = [_entry(name, place, table, path.parent) for name, place, table in found]
    return [
        Entry(each.name, each.place, general.values | each.values, each.preset or general.preset)
        for each in entries
    ]


def _entry(name: str, place: str, table: dict[str, Any], folder: Path) -> Entry:
    values: dict[str, Any] = {}
    said: dict[str, str] = {}
    preset = table.get("preset")
    if preset is not None and not isinstance(preset, str):
        raise SpecError(f"{place}: preset is the name of one, in quotes.")
    for key, value in table.items():
        known = _NAMES.get(key, key)
        if key == "preset":
            continue
        if known not in PARAMETERS:
            near = nearest(key, (*PARAMETERS, *_NAMES, "preset"))
            raise SpecError(f"{place}: there is no setting {key}{near or '.'}")
        if known in said:
            raise SpecError(f"{place}: {said[known]} and {key} are the same setting; keep one.")
        said[known] = key
        try:
            values[known] = converted(known, value)
        except LongtakeError as error:
            raise SpecError(f"{place}: {error}") from error
        if PARAMETERS[known].kind == "path" and isinstance(value, str):
            # Beside the list, wherever the command is typed.
            values[known] = str((folder / value).resolve())
    return Entry(name, place, values, preset)
