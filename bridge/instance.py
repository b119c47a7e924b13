"""One Longtake at a time over one folder of data: a lock that the system frees however the process ends.

Knows nothing of what is in the folder.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from bridge.errors import BridgeError


class InstanceLock:
    """Holds the folder until `close` or the end of the process."""

    def __init__(self, folder: Path) -> None:
        """Takes the lock.

        Raises:
            BridgeError: `busy` if another Longtake holds it, `io` if the folder cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise BridgeError(
                "io", f"The folder {folder} cannot be used: {error.strerror}."
            ) from error
        try:
            _lock(self._handle)
        except OSError as error:
            os.close(self._handle)
            raise BridgeError(
                "busy",
                "Longtake is running already; close it, or set LONGTAKE_HOME for a second one.",
            ) from error

    def close(self) -> None:
        """Lets another Longtake in."""
        os.close(self._handle)


def _lock(handle: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
