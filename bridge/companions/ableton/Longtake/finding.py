"""Where Longtake tells how it is reached: the file `desk.json`. Knows nothing of Live or of sockets."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

PLACE = "place.txt"
"""Lies beside this file if Longtake installed the script: one line, the path of `desk.json`."""
_LARGEST = 65536


def desk() -> dict[str, Any]:
    """Port and token.

    Raises:
        OSError: if there is no such file: Longtake does not run.
        ValueError: if it cannot be understood.
    """
    told = json.loads(_read(desk_file()))
    return {"port": int(told["port"]), "token": str(told["token"])}


def desk_file() -> str:
    """The path of `desk.json`: as it was installed, else where Longtake keeps its data on this system."""
    try:
        installed = _read(os.path.join(os.path.dirname(os.path.abspath(__file__)), PLACE)).strip()
    except (OSError, ValueError):
        installed = ""
    return installed or os.path.join(_data(), "spool", "desk.json")


def _data() -> str:
    home = os.environ.get("LONGTAKE_HOME")
    if home:
        return os.path.join(os.path.expanduser(home), "data")
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA") or os.path.expanduser(r"~\AppData\Local")
        return os.path.join(local, "longtake")
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Application Support/longtake")
    shared = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return os.path.join(shared, "longtake")


def _read(path: str) -> str:
    with open(path, encoding="utf-8-sig") as file:
        return file.read(_LARGEST)
