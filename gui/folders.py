"""*Show in folder*: opens the system's file manager where a file lies, the file chosen if the system can do that.

Knows nothing of what the file is. Nothing waits for the file manager.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path, PurePath

from PyQt6.QtCore import QUrl
from PyQt6.QtDBus import QDBusConnection, QDBusMessage
from PyQt6.QtGui import QDesktopServices

from gui.look.language import tr

SERVICE, OBJECT = "org.freedesktop.FileManager1", "/org/freedesktop/FileManager1"
"""Where the file managers of Linux listen."""


def show_in_folder(path: Path) -> bool:
    """Shows a file in its folder, or opens a folder; False if the system shows nothing."""
    if path.is_file():
        command = command_for(sys.platform, path)
        with suppress(OSError):
            if command:
                subprocess.Popen(command)
                return True
        if not command and _chosen(path):
            return True
    return _open(path)


def show_or_say(path: Path, say: Callable[[str, str], object]) -> None:
    """Shows it, or says in a warning that the system shows nothing."""
    if not show_in_folder(path):
        say(tr("This system has no file manager to show {0}.").format(path), "warning")


def command_for(platform: str, path: PurePath) -> str | Sequence[str]:
    """What shows a file on Windows and macOS; empty elsewhere. Explorer reads its line itself: a path in quotes."""
    if platform == "win32":
        return f'explorer /select,"{path}"'
    return ["open", "-R", str(path)] if platform == "darwin" else []


def _open(folder: Path) -> bool:
    """Opens a folder, or the nearest above it that is there."""
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


def _chosen(path: Path) -> bool:
    """Has the file manager of the desktop choose the file."""
    bus = QDBusConnection.sessionBus()
    interface = bus.interface() if bus.isConnected() else None
    if interface is None:
        return False
    known = [
        *interface.activatableServiceNames().value(),
        *interface.registeredServiceNames().value(),
    ]
    if SERVICE not in known:
        return False
    call = QDBusMessage.createMethodCall(SERVICE, OBJECT, SERVICE, "ShowItems")
    call.setArguments([[QUrl.fromLocalFile(str(path)).toString()], ""])
    return bus.send(call)
