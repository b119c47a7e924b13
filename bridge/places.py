"""Where Longtake keeps its files on this platform: settings, data, logs, takes.

Knows nothing of what is in them. `LONGTAKE_HOME` puts all of them into one folder, for a stick or a test.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

NAME = "longtake"


@dataclass(frozen=True, slots=True)
class Places:
    """The settings file, the folder of our data, of logs, and where takes go unless the settings say otherwise."""

    settings: Path
    data: Path
    logs: Path
    takes: Path


def places() -> Places:
    """The platform's places, or those under `LONGTAKE_HOME`."""
    home = os.environ.get("LONGTAKE_HOME")
    if home:
        folder = Path(home).expanduser()
        return Places(folder / "settings.toml", folder / "data", folder / "logs", folder / "takes")
    return Places(
        platformdirs.user_config_path(NAME, appauthor=False) / "settings.toml",
        platformdirs.user_data_path(NAME, appauthor=False),
        platformdirs.user_log_path(NAME, appauthor=False),
        platformdirs.user_music_path() / "Longtake",
    )
