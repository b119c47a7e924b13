"""Where DAWs keep their scripts on Windows, macOS and Linux: functions of a machine, which a test may make up.

Knows nothing of our scripts.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

import platformdirs

_LIBRARY = re.compile(r"<UserLibrary>(.*?)</UserLibrary>", re.S)
_VALUE = r'<{}\s+Value="([^"]*)"'
_NUMBER = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Machine:
    """What decides where programs keep their files.

    Attributes:
        platform: as `sys.platform`.
        home: the user's folder.
        environment: its variables; those that are missing are what the platform has without them.
        documents: where the user's documents are.
    """

    platform: str = sys.platform
    home: Path = field(default_factory=Path.home)
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    documents: Path = field(default_factory=platformdirs.user_documents_path)

    def of(self, variable: str, otherwise: str) -> Path:
        """A folder that a variable names, or one in the user's folder."""
        named = self.environment.get(variable, "")
        return Path(named) if named else self.home / otherwise

    @property
    def roaming(self) -> Path:
        """Windows' %APPDATA%."""
        return self.of("APPDATA", "AppData/Roaming")

    @property
    def local(self) -> Path:
        """Windows' %LOCALAPPDATA%."""
        return self.of("LOCALAPPDATA", "AppData/Local")

    @property
    def config(self) -> Path:
        """Where programs keep their settings on Linux."""
        return self.of("XDG_CONFIG_HOME", ".config")


def reaper(machine: Machine) -> list[Path]:
    """Reaper's resource folders that are here: the user's, then those of portable installs in usual places."""
    usual = {
        "win32": machine.roaming / "REAPER",
        "darwin": machine.home / "Library/Application Support/REAPER",
    }
    portable = {
        "win32": [
            machine.of("ProgramFiles", "C:/Program Files") / name
            for name in ("REAPER (x64)", "REAPER")
        ],
        "darwin": [Path("/Applications/REAPER")],
    }
    beside = portable.get(machine.platform, [machine.home / "opt/REAPER", Path("/opt/REAPER")])
    return _there(
        [
            usual.get(machine.platform, machine.config / "REAPER"),
            *(each for each in beside if (each / "reaper.ini").is_file()),
        ]
    )


def ableton(machine: Machine) -> list[Path]:
    """Live's User Libraries that are here: the one its newest settings name, then where it is unless it was moved."""
    if machine.platform == "darwin":
        settings = machine.home / "Library/Preferences/Ableton"
        usual = machine.home / "Music/Ableton/User Library"
    else:
        settings = machine.roaming / "Ableton"
        usual = machine.documents / "Ableton/User Library"
    files = [*settings.glob("Live */Library.cfg"), *settings.glob("Live */Preferences/Library.cfg")]
    named = [found for file in sorted(files, key=_age) if (found := user_library(_text(file)))]
    return _there([*named, usual])


def user_library(text: str) -> Path | None:
    """The User Library that a Library.cfg of Live names: a folder, and its name in it."""
    part = _LIBRARY.search(text)
    found = (
        [re.search(_VALUE.format(name), part[1]) for name in ("ProjectPath", "ProjectName")]
        if part
        else []
    )
    names = [unescape(each[1]) for each in found if each and each[1]]
    return Path(*names) if len(names) == 2 else None


def ardour(machine: Machine) -> list[Path]:
    """Ardour's settings folders that are here, that of the newest version first."""
    around, pattern = {
        "win32": (machine.local, "ardour[0-9]*"),
        "darwin": (machine.home / "Library/Preferences", "[Aa]rdour[0-9]*"),
    }.get(machine.platform, (machine.config, "ardour[0-9]*"))
    return _there(sorted(around.glob(pattern), key=_version, reverse=True))


def documents(machine: Machine) -> list[Path]:
    """Where layouts and patches go, which no program looks for: the user's documents, there or not yet."""
    return [machine.documents]


Finds = Callable[[Machine], list[Path]]


def _there(folders: Iterable[Path]) -> list[Path]:
    return [each for each in dict.fromkeys(folders) if each.is_dir()]


def _version(folder: Path) -> int:
    number = _NUMBER.search(folder.name)
    return int(number[0]) if number else 0


def _age(file: Path) -> float:
    try:
        return -file.stat().st_mtime
    except OSError:
        return 0.0


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", errors="replace")
    except OSError:
        return ""
