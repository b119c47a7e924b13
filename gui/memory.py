"""What the panel remembers from one start to the next: window, splitters, folds, theme, history, favourites.

One file of its own, apart from the bridge's settings; if it is damaged, it is set aside and the panel starts all
the same.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QByteArray, QSettings

from bridge.broken_file import set_aside
from engine.errors import PresetError
from gui.look.language import said, tr

State = dict[str, Any]
"""What a part of the window remembers, by name: texts, switches, numbers, lists of texts and `QByteArray`."""


def _garbled(path: Path) -> bool:
    """Whether there is something under the name that Qt takes for an empty file."""
    try:
        content = path.read_bytes()
    except OSError:
        return path.exists()
    return bool(content.strip()) and (b"\0" in content or b"=" not in content)


class Memory:
    """The panel's own settings file."""

    def __init__(self, path: Path) -> None:
        """Reads `path` if it is there; a damaged one is set aside, and `problem` says so."""
        self._refused, self._kept = "", ""
        self._settings = self._read(path)

    def _read(self, path: Path) -> QSettings:
        found = QSettings(str(path), QSettings.Format.IniFormat)
        if found.status() == QSettings.Status.NoError and not _garbled(path):
            return found
        try:
            kept = set_aside(path)
        except PresetError as error:
            self._refused = str(error)
            return found
        self._kept = str(kept)
        return QSettings(str(path), QSettings.Format.IniFormat)

    @property
    def problem(self) -> str:
        """What was wrong with the file, or empty. In the panel's language, which this file names: ask after `speak`."""
        words = tr(
            "What the panel remembered could not be read; it begins anew, and the old file is {0}."
        )
        return words.format(self._kept) if self._kept else said(self._refused)

    def text(self, name: str, default: str = "") -> str:
        """A text."""
        value = self._settings.value(name, default)
        return value if isinstance(value, str) else default

    def number(self, name: str, default: float) -> float:
        """A number; what is none is the default."""
        with contextlib.suppress(TypeError, ValueError):
            return float(self._settings.value(name, default))
        return default

    def switch(self, name: str, default: bool = False) -> bool:
        """On or off."""
        return str(self._settings.value(name, default)).casefold() in ("true", "1")

    def words(self, name: str) -> list[str]:
        """A list of texts."""
        value: Any = self._settings.value(name, [])
        if isinstance(value, str):
            return [value] if value else []
        return [str(word) for word in value] if isinstance(value, list) else []

    def bytes(self, name: str) -> QByteArray | None:
        """What Qt itself packed, as a window's place."""
        value = self._settings.value(name)
        return value if isinstance(value, QByteArray) else None

    def like(self, section: str, state: State) -> State:
        """The section's values for the names of a state, each of the same type; what is missing is as it is there."""
        return {name: self._like(f"{section}/{name}", value) for name, value in state.items()}

    def _like(self, name: str, value: Any) -> Any:
        if not self._settings.contains(name):
            return value
        match value:
            case bool():
                return self.switch(name, value)
            case float() | int():
                return self.number(name, value)
            case str():
                return self.text(name, value)
            case list():
                return self.words(name)
            case _:
                return self.bytes(name) or value

    def keep(self, name: str, value: Any) -> None:
        """Remembers a value."""
        self._settings.setValue(name, value)

    def write(self) -> None:
        """Puts it on the disk."""
        self._settings.sync()
