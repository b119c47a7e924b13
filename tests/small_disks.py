"""A small disk of its own for a test that fills it: a mounted tmpfs, where the system lets us mount one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A disk of so many bytes at `folder`; skips the test where none can be mounted."""
    if sys.platform != "linux":
        pytest.skip("only Linux mounts a disk in memory")
    folder.mkdir()
    options = f"size={size},mode=777"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("a disk can only be mounted as root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, *, free: int = 0) -> Path:
    """Leaves so many bytes free, in whole pages; gives the file that takes the rest."""
    path = folder / "filling"
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    with path.open("rb+") as file:
        file.truncate(max(0, path.stat().st_size - free))
    return path
