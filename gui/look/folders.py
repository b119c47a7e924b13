"""Shows files where the system shows them: in its file manager with the file selected, or in the program for its kind.

Knows nothing of what the files are. Which command does it is told apart from the doing, so that every system's can be
checked on any.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path, PurePath

from PyQt6.QtCore import QUrl
from PyQt6.QtGui import QDesktopServices

PATIENCE = 5.0
"""Seconds that a file manager may take to answer."""


def show_in_folder(path: Path) -> bool:
    """Shows a file or a folder selected in the folder that holds it; else opens that folder, or the next that exists."""
    command = command_for(path, sys.platform)
    if path.exists() and command and _done(command):
        return True
    folder = path if path.is_dir() else path.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


def open_file(path: Path) -> bool:
    """Opens a file with the program for its kind; where there is none, shows it in its folder."""
    if path.is_file() and QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
        return True
    return show_in_folder(path)


def command_for(path: PurePath, platform: str) -> list[str]:
    """The command that selects a file in a system's file manager.

    Args:
        path: an absolute path, written as that system does.
        platform: as `sys.platform`.
    """
    if platform == "win32":
        # One argument: Explorer reads what follows the comma to the end of the line.
        return ["explorer.exe", f"/select,{path}"]
    if platform == "darwin":
        return ["open", "-R", str(path)]
    # The file managers of Linux's desktops answer to this name; the comma would end the list's first entry.
    uri = path.as_uri().replace(",", "%2C")
    return [
        "dbus-send",
        "--session",
        "--print-reply",
        "--dest=org.freedesktop.FileManager1",
        "--type=method_call",
        "/org/freedesktop/FileManager1",
        "org.freedesktop.FileManager1.ShowItems",
        f"array:string:{uri}",
        "string:",
    ]


def _done(command: list[str]) -> bool:
    """Whether it was shown. Explorer answers 1 although it did."""
    try:
        ended = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0 or command[0] == "explorer.exe"
