"""Laws of shared memory: both processes see it, and whoever is killed leaves no file and no warning behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from bridge.shared_file import SharedFile


def files() -> set[Path]:
    """What such memory could have left where files lie."""
    places = (Path(tempfile.gettempdir()), Path("/dev/shm"))
    return {path for place in places for path in place.glob("longtake-*") if path.is_file()}


def double(file: SharedFile) -> None:
    file.map[:4] = bytes(2 * byte for byte in file.map[:4])


def test_a_spawned_process_sees_the_same_memory() -> None:
    before = files()
    file = SharedFile.create(4096)
    assert file.size == 4096 and not any(bytes(file.map))
    file.map[:4] = bytes((1, 2, 3, 4))
    process = multiprocessing.get_context("spawn").Process(target=double, args=(file,))
    process.start()
    process.join(60)
    assert file.map[:4] == bytes((2, 4, 6, 8))
    if os.name != "nt":
        assert files() == before


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps the name as long as the memory")
def test_a_killed_owner_leaves_neither_file_nor_warning() -> None:
    before = files()
    code = (
        "import os, signal; from bridge.audio.ring_buffer import RingBuffer; ring = RingBuffer();"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (killed.returncode, killed.stderr) == (-signal.SIGKILL, b"")
    assert files() == before
