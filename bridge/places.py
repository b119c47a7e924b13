"""Where Longtake keeps its files on this platform: settings, data, logs, takes.

Knows nothing of what is in them. `LONGTAKE_HOME` puts all of them into one folder, for a stick or a test; only models
stay where they are.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from engine.errors import PresetError

NAME = "longtake"
REFUGE = "rescued"
"""In the folder of our data: takes that their own disk did not take."""


@dataclass(frozen=True, slots=True)
class Places:
    """The settings file, the folders of our data and logs, and where takes go unless the settings say otherwise."""

    settings: Path
    data: Path
    logs: Path
    takes: Path

    @property
    def presets(self) -> Path:
        """The user's own presets."""
        return self.data / "presets"

    @property
    def refuge(self) -> Path:
        """Takes that their own disk did not take."""
        return self.data / REFUGE


def places() -> Places:
    """The platform's places, or those under `LONGTAKE_HOME`.

    Raises:
        PresetError: if that names no folder.
    """
    home = os.environ.get("LONGTAKE_HOME")
    if home:
        own = folder(home)
        return Places(own / "settings.toml", own / "data", own / "logs", own / "takes")
    return Places(
        platformdirs.user_config_path(NAME, appauthor=False) / "settings.toml",
        platformdirs.user_data_path(NAME, appauthor=False),
        platformdirs.user_log_path(NAME, appauthor=False),
        platformdirs.user_music_path() / "Longtake",
    )


def folder(name: str) -> Path:
    """A folder as people write it: `~` is their home, `~anna` Anna's.

    Raises:
        PresetError: if nobody of that name has a home here, or the name has a sign that no name has.
    """
    if "\0" in name:
        raise PresetError(f"{name!r} has a sign that no name of a folder has.")
    try:
        return Path(name).expanduser()
    except RuntimeError as error:
        whose = name.replace("\\", "/").split("/")[0]
        raise PresetError(f"Nobody's home here is {whose}: {name!r}.") from error
