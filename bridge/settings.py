"""The settings: one TOML file in the platform's own folder, strict, its comments kept when a value is changed.

Knows nothing of sockets or devices: each section (`settings_table.py`) is a frozen dataclass whose fields carry their
own help, and the file, its reader and `longtake config` (`config.py`) are made from these. A wrong file is named with
every wrong key, and never overwritten.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, cast

import tomlkit
from tomlkit.exceptions import TOMLKitError

from bridge.broken_file import BrokenFile, Wrong, broken_line, line_of
from bridge.places import Places, folder
from bridge.settings_table import Settings
from engine.disks import why
from engine.errors import PresetError, choices
from engine.model_files import loras_folder
from engine.whole_files import read_text, write_whole

_SECTIONS: dict[str, type[Any]] = {f.name: type(f.default) for f in fields(Settings)}


class SettingsFile:
    """The file and what it says; any thread may change a value."""

    def __init__(self, path: Path) -> None:
        """Reads the file; where there is none, the defaults hold and the first change writes it.

        Raises:
            PresetError: naming the file and every unknown or wrong key.
        """
        self.path = path
        self._lock = threading.Lock()
        self._text = self._read()
        try:
            self.settings = read(self._text, path.name)
        except BrokenFile as error:
            raise BrokenFile(error.source, error.wrong, path) from error

    def change(self, section: str, key: str, value: Any) -> Settings:
        """Sets one value and writes the file whole; comments and order stay.

        Raises:
            PresetError: if there is no such key, the value is wrong, or the file cannot be written.
        """
        with self._lock:
            # Read again: somebody may have edited the file since.
            text = self._read()
            read(text, self.path.name)
            document = tomlkit.parse(text)
            if section not in document:
                document[section] = tomlkit.table()
            table = cast(dict[str, Any], document[section])
            table[key] = _toml(value)
            text = tomlkit.dumps(document)
            settings = read(text, self.path.name)
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(self.path, text)
            except OSError as error:
                reason = why(self.path, error)
                raise PresetError(f"{self.path} cannot be written: {reason}.") from error
            self._text, self.settings = text, settings
            return settings

    def _read(self) -> str:
        try:
            return read_text(self.path)
        except FileNotFoundError:
            return default_text()
        except UnicodeDecodeError as error:
            wrong = Wrong("it is no text in UTF-8; save it as such")
            raise BrokenFile(str(self.path), [wrong], self.path) from error
        except OSError as error:
            wrong = Wrong(f"it cannot be read: {error.strerror}")
            raise BrokenFile(str(self.path), [wrong], self.path) from error

    def text(self) -> str:
        """The file as it stands."""
        with self._lock:
            return self._text


def read(text: str, source: str) -> Settings:
    """Settings from TOML.

    Raises:
        BrokenFile: naming every unknown or wrong key with its line.
    """
    try:
        document: dict[str, Any] = tomlkit.parse(text).unwrap()
    except (TOMLKitError, ValueError) as error:
        words = f"it is no TOML: {str(error).partition(' at line')[0]}"
        raise BrokenFile(source, [Wrong(words, broken_line(text))]) from error
    except RecursionError as error:
        raise BrokenFile(source, [Wrong("it is no TOML: it has too many brackets")]) from error
    problems: list[Wrong] = []
    found: dict[str, Any] = {}
    for name, table in document.items():
        line = line_of(text, name)
        if name not in _SECTIONS:
            words = f"unknown section {name} (known are {choices(_SECTIONS)})"
            problems.append(Wrong(words, line))
        elif not isinstance(table, dict):
            problems.append(Wrong(f"{name} is a section: [{name}]", line))
        else:
            wrong, section = _section(name, cast(dict[str, Any], table))
            problems += [Wrong(words, line_of(text, name, key)) for key, words in wrong]
            found[name] = section
    if problems:
        raise BrokenFile(source, problems)
    return Settings(**found)


def check(section: str, key: str, value: Any) -> None:
    """Checks a value that holds for one run alone, as the file's are checked.

    Raises:
        PresetError: if it is wrong.
    """
    known = next(each for each in fields(_SECTIONS[section]) if each.name == key)
    plain = list(cast(tuple[Any, ...], value)) if isinstance(value, tuple) else value
    wrong = _wrong(known, plain) or _nowhere(known, plain)
    if wrong:
        raise PresetError(f"{section}.{key} {wrong}, not {plain!r}.")


def default_text() -> str:
    """A fresh settings file: every key with its help and its default, commented out."""
    lines = [
        "# Settings of Longtake. Remove the # before a line to change it; what is wrong is named at the start."
    ]
    for name, section in _SECTIONS.items():
        lines += ["", f"[{name}]"]
        for known in fields(section):
            lines.append(f"# {known.metadata['help']}")
            if known.default is not MISSING:
                lines.append(f"# {tomlkit.dumps({known.name: _toml(known.default)}).strip()}")
    return "\n".join(lines) + "\n"


def _section(name: str, table: Mapping[str, Any]) -> tuple[list[tuple[str, str]], Any]:
    """What is wrong, by key, and the section, which has its defaults then."""
    section = _SECTIONS[name]
    known = {f.name: f for f in fields(section)}
    wrong: list[tuple[str, str]] = []
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            wrong.append((key, f"unknown key {name}.{key} (known are {choices(known)})"))
            continue
        if words := _wrong(known[key], value) or _nowhere(known[key], value):
            wrong.append((key, f"{name}.{key} {words}, not {value!r}"))
        values[key] = tuple(cast(list[Any], value)) if isinstance(value, list) else value
    return wrong, section() if wrong else section(**values)


def _wrong(known: Field[Any], value: Any) -> str:
    """What the value should be, or empty when it is right."""
    facts = known.metadata
    default = cast(Any, {} if known.default is MISSING else known.default)
    if isinstance(default, bool):
        return "" if isinstance(value, bool) else "is true or false"
    if isinstance(default, int):
        whole = isinstance(value, int) and not isinstance(value, bool)
        if "choices" in facts:
            return "" if whole and value in facts["choices"] else f"is {choices(facts['choices'])}"
        right = whole and facts["low"] <= value <= facts["high"]
        return "" if right else f"is a whole number from {facts['low']} to {facts['high']}"
    if isinstance(default, tuple):
        return (
            ""
            if isinstance(value, list) and _texts(cast(list[Any], value))
            else "is a list of texts"
        )
    if isinstance(default, dict):
        table = cast(dict[str, Any], value) if isinstance(value, dict) else None
        return "" if table is not None and _texts(list(table.values())) else "is a table of texts"
    if not isinstance(value, str):
        return "is text"
    # What there is may change while the program runs, as the user's own models do.
    known_choices = facts.get("choices")
    known_choices = known_choices() if callable(known_choices) else known_choices
    return f"is {choices(known_choices)}" if known_choices and value not in known_choices else ""


def _nowhere(known: Field[Any], value: Any) -> str:
    """What folders should be, or empty when they are right or none."""
    if known.metadata.get("folders"):
        for name in [value] if isinstance(value, str) else value:
            try:
                folder(name)
            except PresetError as error:
                return f"names a folder; {error}".rstrip(".")
    return ""


def _toml(value: Any) -> Any:
    return list(cast(tuple[Any, ...], value)) if isinstance(value, tuple) else value


def _texts(values: list[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def takes_folder(settings: Settings, where: Places) -> Path:
    """Where takes are kept."""
    return folder(settings.takes.folder) if settings.takes.folder else where.takes


def osc_folders(settings: Settings, where: Places) -> tuple[Path, ...]:
    """The folders whose files OSC messages may name."""
    own = takes_folder(settings, where), where.refuge, loras_folder()
    return (*own, *map(folder, settings.osc.folders))
