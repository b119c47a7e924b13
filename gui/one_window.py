"""One window for one folder of data: a second start rings at the first one's door, which raises its window.

What the second was given (a recording, a MIDI file) is passed on. Knows Qt's local sockets and nothing of the session.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import sys
import time
from pathlib import Path

from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtNetwork import QLocalServer, QLocalSocket

PATIENCE_MS = 5000
"""How long the first may take to answer; a window that draws answers at once."""
STARTING = 3.0
"""Seconds from the first's taking of the lock to its opening of the door: two clicks on an icon come close together."""
TOKEN = "XDG_ACTIVATION_TOKEN"
"""Wayland lets a window come to the front only with the token that the click on the icon made."""


class Door(QObject):
    """The first window's: `rung` carries the paths that a second start was given."""

    rung = pyqtSignal(list)

    def __init__(self, data: Path) -> None:
        """Listens; the caller holds the lock of the folder, so what lies under the name is a dead one's."""
        super().__init__()
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        QLocalServer.removeServer(door_of(data))
        self._server.newConnection.connect(self._open)
        self._server.listen(door_of(data))

    def close(self) -> None:
        """Takes the name away."""
        self._server.close()

    def _open(self) -> None:
        while (visitor := self._server.nextPendingConnection()) is not None:
            # Windows lets only who has the foreground give it away, and needs to know to whom.
            visitor.write(f"{os.getpid()}\n".encode())
            visitor.readyRead.connect(lambda visitor=visitor: self._hear(visitor))
            visitor.disconnected.connect(visitor.deleteLater)

    def _hear(self, visitor: QLocalSocket) -> None:
        if not visitor.canReadLine():
            return
        try:
            said = json.loads(bytes(visitor.readLine().data()))
            paths = [Path(path) for path in said["paths"]]
            token = str(said.get("token", ""))
        except (ValueError, TypeError, KeyError):
            return visitor.disconnectFromServer()
        if token:
            os.environ[TOKEN] = token
        self.rung.emit(paths)
        visitor.write(b"ok\n")
        visitor.flush()
        return None


def ring(data: Path, paths: list[Path]) -> bool:
    """Asks the window that runs over this folder to come to the front and open these files; whether it did."""
    until, door = time.monotonic() + STARTING, QLocalSocket()
    door.connectToServer(door_of(data))
    while not door.waitForConnected(PATIENCE_MS):
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
        door.connectToServer(door_of(data))
    if not _line(door):
        return False
    asked = {"paths": [str(path.absolute()) for path in paths], "token": os.environ.get(TOKEN, "")}
    door.write(json.dumps(asked).encode() + b"\n")
    door.flush()
    return _line(door) == "ok"


def door_of(data: Path) -> str:
    """The name of a folder's door: of this user and this folder."""
    return f"longtake-{hashlib.sha256(str(data.absolute()).encode()).hexdigest()[:16]}"


def _line(door: QLocalSocket) -> str:
    """The next line it says; the first is its process, which is let to the front."""
    while not door.canReadLine():
        if not door.waitForReadyRead(PATIENCE_MS):
            return ""
    said = bytes(door.readLine().data()).decode(errors="replace").strip()
    if sys.platform == "win32" and said.isdigit():
        ctypes.windll.user32.AllowSetForegroundWindow(int(said))
    return said
