"""One Longtake at a time over one folder of data: a lock that the system frees however the process ends.

Knows nothing of what is in the folder.
"""

from __future__ import annotations

import errno
from pathlib import Path

import filelock

from bridge.errors import BridgeError
from engine.disks import why

_WITHOUT = (errno.ENOLCK, errno.EOPNOTSUPP)
"""What disks without locks answer; for ENOSYS, filelock has a lock of its own."""
_NO_LOCKS = (
    "The folder {} lies on a disk that has no locks, as some network disks; set LONGTAKE_HOME to a folder on a disk of "
    "this machine."
)


class InstanceLock:
    """Holds the folder until `close` or the end of the process."""

    def __init__(self, folder: Path) -> None:
        """Takes the lock.

        Raises:
            BridgeError: `busy` if another Longtake holds it, `io` if the folder cannot be written.
        """
        # Whichever thread closes it lets go.
        self._lock = filelock.FileLock(folder / "lock", timeout=0, mode=0o600, thread_local=False)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except filelock.Timeout as error:
            raise BridgeError(
                "busy",
                "Longtake is running already; close it, or set LONGTAKE_HOME for a second one.",
            ) from error
        except OSError as error:
            if error.errno in _WITHOUT:
                raise BridgeError("io", _NO_LOCKS.format(folder)) from error
            raise BridgeError(
                "io", f"The folder {folder} cannot be used: {why(folder, error)}."
            ) from error

    def close(self) -> None:
        """Lets another Longtake in."""
        self._lock.release()
