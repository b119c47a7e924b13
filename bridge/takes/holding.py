"""Marks a file as being written, so that another process leaves it alone until it is closed or its writer ends.

Knows nothing of what is written.
"""

from __future__ import annotations

import os
import sys
import time
from typing import BinaryIO

ABANDONED = 60.0
"""Seconds after which a file that nobody adds to counts as left, where the system has no locks that tell."""
_FAR = (1 << 31) - 2
"""Behind every recording, as far as Windows locks: ten minutes at 192 kHz have 0.9 GB."""


def hold(file: BinaryIO) -> bool:
    """Marks a file as being written until it is closed or the process ends; False if another process does that."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(_FAR)  # A lock forbids reading what it covers, and may lie behind the end.
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # Some network folders have no locks.
        return time.time() - os.fstat(file.fileno()).st_mtime > ABANDONED
    finally:
        file.seek(0)
    return True
